package sim

import (
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/internal/trace"
)

// slowCall is the least that a call takes on a slow disk, before the factor.
const slowCall = 100 * time.Microsecond

// A diskTrouble is what faults have in store for the disk calls of a host. A host
// that never had such a fault has none, so a call pays for one comparison.
type diskTrouble struct {
	count [faults.LyingSync + 1]uint64 // faults so far, by kind
	traps []*trap                      // oldest first

	// Faults in effect. They refuse calls; key says what of a call happens all the
	// same.
	full, readOnly, lying int
	key                   uint64

	failed uint64 // the Boot in which a call last failed
	halted uint64 // host.restart, after a Halt in such a Boot
}

// A trap is a fault that waits for the next call of its kind. Everything about it
// is drawn from its key: (seed, host, kind, how many of the kind came before).
type trap struct {
	kind  faults.Kind
	key   uint64
	fired func()
}

// faultDisk carries out a fault of the disk of a host. It reports whether there
// was anything to hit, and how to end it, if it lasts; one that waits for a call
// calls fired when it has met it.
func (h *host) faultDisk(f faults.Fault, fired func()) (hit bool, undo func()) {
	tell := func() { h.w.trace(trace.Event{Kind: trace.Fault, Host: h.def.Name, Text: f.String()}) }
	if f.Kind == faults.SlowDisk {
		tell()
		h.slowDisk += f.Factor
		return true, func() { h.slowDisk -= f.Factor }
	}
	if h.destroyed {
		return false, nil
	}
	if h.trouble == nil {
		h.trouble = &diskTrouble{}
	}
	t := h.trouble
	key := faults.Mix(faults.Mix(h.w.plan.Seed, h.key), faults.Mix(uint64(f.Kind), t.count[f.Kind]))
	switch f.Kind {
	case faults.Rot:
		if !h.rot(key) {
			return false, nil
		}
		t.count[f.Kind]++
		return true, nil
	case faults.DiskFull:
		undo = h.refuse(&t.full)
	case faults.ReadOnly:
		undo = h.refuse(&t.readOnly)
	case faults.LyingSync:
		t.lying++
		undo = func() { t.lying-- }
	default:
		tr := &trap{kind: f.Kind, key: key, fired: fired}
		t.traps = append(t.traps, tr)
		undo = func() { t.traps = slices.DeleteFunc(t.traps, func(o *trap) bool { return o == tr }) }
	}
	t.count[f.Kind]++
	t.key = key
	tell()
	return true, undo
}

// refuse has calls fail until it is undone. A host that halted because of that is
// started again then: whoever made room has seen to it.
func (h *host) refuse(n *int) (undo func()) {
	*n++
	return func() {
		*n--
		t := h.trouble
		if t.full+t.readOnly == 0 && t.halted == h.restart {
			h.w.restartHost(h, t.halted)
		}
	}
}

// operate is called when a host has halted. If a call of its disk has failed, an
// operator starts it again: 10 to 500 ms later, or when the disk takes writes
// again. A host that halts for another reason, such as damage that it found, stays
// down until everything heals.
func (h *host) operate() {
	t, w := h.trouble, h.w
	if t == nil || t.failed != h.boot {
		return
	}
	t.halted = h.restart
	if t.full+t.readOnly > 0 {
		return
	}
	down, key := h.restart, faults.Mix(faults.Mix(w.plan.Seed^0x6f70, h.key), h.boot)
	delay := 10*time.Millisecond + time.Duration(faults.Scale(key, uint64(490*time.Millisecond)))
	w.at(w.now+int64(delay), key, func() { w.restartHost(h, down) })
}

// spares reports that the budget allows the disk of the host to fail a call now,
// which halts the host, or to destroy what it keeps. It is asked when a fault that
// waited meets its call: much may have happened since it came.
func (h *host) spares(destroy bool) bool {
	w := h.w
	return w.plan.Budget != Within || w.oracle == nil || w.oracle.Spares(destroy, h.def.Name)
}

// spring takes the oldest trap of these kinds, if there is one and the budget
// allows it, and says in the story what it does.
func (v *diskView) spring(what string, kinds ...faults.Kind) *trap {
	t := v.h.trouble
	i := slices.IndexFunc(t.traps, func(tr *trap) bool { return slices.Contains(kinds, tr.kind) })
	if i < 0 || !v.h.spares(t.traps[i].kind.Destroys()) {
		return nil
	}
	tr := t.traps[i]
	t.traps = slices.Delete(t.traps, i, i+1)
	tr.fired()
	v.tell(tr.kind, what)
	return tr
}

func (v *diskView) tell(kind faults.Kind, what string) {
	v.p.w.trace(trace.Event{Kind: trace.Fault, Host: v.h.def.Name, Path: v.p.ep.name(), Text: kind.String() + ": " + what})
}

// fail is the error of a call that the disk refuses.
func (v *diskView) fail(op, name string, err error) error {
	v.h.trouble.failed = v.h.boot
	return &fs.PathError{Op: op, Path: name, Err: err}
}

// A mishap is what a fault does to a call that changes the disk. The zero mishap
// is none.
type mishap struct {
	err     error
	partial bool // some of the call happens all the same
	strays  bool // what is written lands elsewhere, and the call reports success
	key     uint64
}

// mishap asks for what happens to a call; room says that it needs some.
func (v *diskView) mishap(op, name string, room bool) mishap {
	t := v.h.trouble
	what := op + " " + name
	if t.readOnly > 0 && v.h.spares(false) {
		v.tell(faults.ReadOnly, what)
		return mishap{err: v.fail(op, name, syscall.EROFS)}
	}
	if t.full > 0 && room && v.h.spares(false) {
		v.tell(faults.DiskFull, what)
		step := &v.p.w.step
		return mishap{err: v.fail(op, name, syscall.ENOSPC), partial: true, key: faults.Mix(t.key, faults.Mix(v.d.key, step.key+step.n))}
	}
	kinds := []faults.Kind{faults.WriteError}
	if (op == "append" || op == "write") && len(v.d.settled()) > 0 {
		kinds = append(kinds, faults.Misdirect)
	}
	tr := v.spring(what, kinds...)
	switch {
	case tr == nil:
		return mishap{}
	case tr.kind == faults.Misdirect:
		v.h.damage(faults.Misdirect)
		return mishap{strays: true, key: faults.Mix(tr.key, v.d.key)}
	}
	return mishap{err: v.fail(op, name, syscall.EIO), partial: true, key: faults.Mix(tr.key, v.d.key)}
}

// divert returns what of b is written where it belongs: a prefix of what a failed
// call should have written; zeros for what has landed elsewhere, because the length
// of a file is not in the sector that strayed.
func (m mishap) divert(d *disk, b []byte) []byte {
	switch {
	case m.strays:
		d.misdirect(m.key, b)
		return make([]byte, len(b))
	case m.err == nil:
		return b
	case !m.partial:
		return nil
	}
	return b[:faults.Scale(faults.Mix(m.key, 2), uint64(len(b))+1)]
}

// change asks for what happens to a call that happens whole or not at all.
func (v *diskView) change(op, name string) (err error, happens bool) {
	if v.h.trouble == nil {
		return nil, true
	}
	m := v.mishap(op, name, false)
	return m.err, m.err == nil || m.partial && faults.Mix(m.key, 3)&1 == 0
}

// troubledSync is the end of a Sync on a host that has or had faults of its disk.
func (v *diskView) troubledSync(name string, ino *inode) error {
	if v.h.trouble.lying > 0 {
		if ino.dirty() {
			ino.lied = true
			v.tell(faults.LyingSync, "sync "+name)
		}
		return nil
	}
	if tr := v.spring("sync "+name, faults.SyncError); tr != nil {
		ino.forget(faults.Mix(tr.key, v.d.key)&1 == 0)
		return v.fail("sync", name, syscall.EIO)
	}
	ino.sync()
	return nil
}

// troubledSyncDir is the same for SyncDir. One that fails leaves the names as they
// are: a later one makes them durable.
func (v *diskView) troubledSyncDir() error {
	if v.h.trouble.lying > 0 {
		if v.d.claimed = len(v.d.pending); v.d.claimed > 0 {
			v.tell(faults.LyingSync, "sync folder")
		}
		return nil
	}
	if v.spring("sync folder", faults.SyncError) != nil {
		return v.fail("sync", "folder", syscall.EIO)
	}
	v.d.syncNames()
	return nil
}

// failRead returns the error of a call that reads, if there is to be one.
func (v *diskView) failRead(op, name string) error {
	if v.spring(op+" "+name, faults.ReadError) == nil {
		return nil
	}
	return v.fail(op, name, syscall.EIO)
}

// misread returns what a ReadFile gets to see of b, which is its to change.
func (v *diskView) misread(name string, b []byte) ([]byte, error) {
	if err := v.failRead("read", name); err != nil {
		return nil, err
	}
	if len(b) == 0 {
		return b, nil
	}
	if tr := v.spring("read "+name, faults.Misread); tr != nil {
		v.h.damage(faults.Misread)
		v.h.trouble.failed = v.h.boot // read again, it is right: a restart helps
		flip(b, faults.Mix(tr.key, v.d.key))
	}
	return b, nil
}

// flip flips one bit of b.
func flip(b []byte, key uint64) {
	bit := faults.Scale(key, 8*uint64(len(b)))
	b[bit/8] ^= 1 << (bit % 8)
}

// damage notes that the disk of the host is not to be relied on.
func (h *host) damage(why faults.Kind) { h.w.observe(h, DiskLost{Boot: h.boot, Why: why.String()}) }

// settled lists the files of which a prefix, not empty, is durable and is what
// processes read. Only there silent damage is possible.
func (d *disk) settled() []string {
	return slices.DeleteFunc(sortedNames(d.names), func(n string) bool {
		ino := d.names[n]
		return ino.rewrote || ino.synced == 0
	})
}

// rot flips a bit of a synced byte, each of the host's being as likely. It reports
// whether there is any.
func (h *host) rot(key uint64) bool {
	total := 0
	each := func(do func(d *disk, name string, synced int)) {
		h.eachDisk(func(d *disk) {
			for _, n := range d.settled() {
				do(d, n, d.names[n].synced)
			}
		})
	}
	each(func(_ *disk, _ string, synced int) { total += synced })
	if total == 0 {
		return false
	}
	at := int(faults.Scale(key, uint64(total)))
	each(func(d *disk, name string, synced int) {
		if 0 <= at && at < synced {
			d.names[name].cur[at] ^= 1 << (faults.Mix(key, 1) % 8)
			h.damage(faults.Rot)
			h.w.trace(trace.Event{Kind: trace.Fault, Host: h.def.Name, Text: fmt.Sprintf("rot: a bit of byte %d of %s is flipped", at, name)})
		}
		at -= synced
	})
	return true
}

// misdirect overwrites a synced sector of a file of the disk by the begin of b. It
// changes no length and no byte that was not synced.
func (d *disk) misdirect(key uint64, b []byte) {
	names := d.settled()
	ino := d.names[names[faults.Scale(faults.Mix(key, 4), uint64(len(names)))]]
	sectors := uint64(ino.synced+sectorSize-1) / sectorSize
	at := int(faults.Scale(faults.Mix(key, 5), sectors)) * sectorSize
	copy(ino.cur[at:min(at+sectorSize, ino.synced)], b)
}

// hasLied reports that a Sync of the host has claimed what is not so.
func (h *host) hasLied() (lied bool) {
	if h.trouble == nil {
		return false
	}
	h.eachDisk(func(d *disk) {
		lied = lied || d.claimed > 0
		for _, files := range []map[string]*inode{d.names, d.durable} {
			for _, n := range sortedNames(files) {
				lied = lied || files[n].lied
			}
		}
	})
	return lied
}

// losePower has the disks of the host lose what power loss takes, counts what it
// did to them, and says so in the story.
func (h *host) losePower(key uint64) {
	var all diskLoss
	h.eachDisk(func(d *disk) {
		lost := d.powerLoss(key)
		all.text = append(all.text, lost.text...)
		all.torn = all.torn || lost.torn
		all.entries = all.entries || lost.entries
		all.lied = all.lied || lost.lied
	})
	text := "nothing was lost"
	if len(all.text) > 0 {
		text = "lost: " + strings.Join(all.text, ", ")
	}
	h.w.trace(trace.Event{Kind: trace.PowerLoss, Host: h.def.Name, Text: text})
	if all.torn {
		h.w.countFault("torn-write")
	}
	if all.entries {
		h.w.countFault("lost-entry")
	}
	if all.lied {
		h.damage(faults.LyingSync)
	}
}
