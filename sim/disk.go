package sim

import (
	"fmt"
	"io/fs"
	"slices"
	"sort"
	"strings"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/internal/trace"
)

// sectorSize is what a device writes at once.
const sectorSize = 4096

// A disk is the folder of one actor. It outlives incarnations, keeps what a
// crash must keep, and knows for every file what a power loss may take: never a
// byte that was synced.
type disk struct {
	key   uint64
	names map[string]*inode // as processes see them
	// durable is names as of the last SyncDir; pending is what has changed since,
	// in order.
	durable map[string]*inode
	pending []dirChange
	// writing is the Append that a crash would interrupt.
	writing *inode
	wrote   int // its length before that
}

// A dirChange is one atomic change of names.
type dirChange struct {
	set    string // names the inode
	inode  *inode
	remove string // goes; "" if none
}

// An inode is a file apart from its names. cur is what processes read. What is
// durable is cur[:synced] or, when cur no longer extends it, old.
type inode struct {
	cur     []byte
	synced  int
	old     []byte
	rewrote bool // cur does not extend what is durable, which is old
	keep    int  // rewrote: a prefix of old that cur still has, and power loss too
}

// diskView is the Disk of one incarnation.
type diskView struct {
	p *party
	d *disk
}

func (h *host) disk(p *party) *diskView {
	d, ok := h.disks[p.ep.path]
	if !ok {
		d = newDisk(p.ep.id)
		h.disks[p.ep.path] = d
	}
	return &diskView{p: p, d: d}
}

func newDisk(key uint64) *disk {
	return &disk{key: key, names: map[string]*inode{}, durable: map[string]*inode{}}
}

// enter begins a call: it checks the name and that the host lives.
func (v *diskView) enter(op, name string) error {
	if !v.p.alive() {
		v.p.w.unwinding()
	}
	if name == "" || strings.ContainsAny(name, "/\\\x00") || name == "." || name == ".." || len(name) > 255 {
		return &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	return nil
}

// work occupies the caller while the device is busy. Calls other than syncs take
// an eighth.
func (v *diskView) work(op, name string, sync bool) {
	w := v.p.w
	if w.tracer != nil {
		kind := trace.Disk
		if sync {
			kind = trace.Sync
		}
		w.trace(trace.Event{Kind: kind, Host: v.p.inc.host.def.Name, Path: v.p.ep.name(), Text: strings.TrimSpace(op + " " + name)})
	}
	lo, hi := int64(w.net.DiskMin), int64(w.net.DiskMax)
	if n := int64(v.p.inc.host.slowDisk); n > 0 {
		lo, hi = max(lo, int64(slowCall))*n, max(hi, int64(slowCall))*n
	}
	if hi == 0 {
		return
	}
	if !sync {
		hi = lo + (hi-lo)/8
	}
	d := lo + int64(faults.Scale(faults.Mix(v.d.key, w.step.key+w.step.n), uint64(hi-lo)+1))
	if d > 0 {
		v.p.pause(d)
	}
}

func (v *diskView) notExist(op, name string) error {
	return &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
}

func (v *diskView) create(name string) *inode {
	ino := &inode{}
	v.d.names[name] = ino
	v.d.pending = append(v.d.pending, dirChange{set: name, inode: ino})
	return ino
}

func (v *diskView) Append(name string, b []byte) error {
	if err := v.enter("append", name); err != nil {
		return err
	}
	ino := v.d.names[name]
	if ino == nil {
		ino = v.create(name)
	}
	v.d.writing, v.d.wrote = ino, len(ino.cur)
	ino.cur = append(ino.cur, b...)
	v.work("append", name, false)
	v.d.writing = nil
	return nil
}

func (v *diskView) ReadFile(name string) ([]byte, error) {
	if err := v.enter("read", name); err != nil {
		return nil, err
	}
	ino := v.d.names[name]
	if ino == nil {
		return nil, v.notExist("read", name)
	}
	out := slices.Clone(ino.cur)
	v.work("read", name, false)
	return out, nil
}

func (v *diskView) WriteFile(name string, b []byte) error {
	if err := v.enter("write", name); err != nil {
		return err
	}
	ino := v.d.names[name]
	if ino == nil {
		ino = v.create(name)
	}
	ino.diverge(0)
	ino.cur = slices.Clone(b)
	v.work("write", name, false)
	return nil
}

func (v *diskView) Truncate(name string, size int64) error {
	if err := v.enter("truncate", name); err != nil {
		return err
	}
	ino := v.d.names[name]
	if ino == nil {
		return v.notExist("truncate", name)
	}
	if size < 0 || size > int64(len(ino.cur)) {
		return &fs.PathError{Op: "truncate", Path: name, Err: fs.ErrInvalid}
	}
	if n := int(size); n < ino.synced || ino.rewrote {
		ino.diverge(n)
	}
	ino.cur = ino.cur[:size:size] // what is appended later must not touch old
	v.work("truncate", name, false)
	return nil
}

// diverge notes that only the first keep bytes of what is durable stay in cur.
func (ino *inode) diverge(keep int) {
	if !ino.rewrote {
		ino.rewrote = true
		ino.old = ino.cur[:ino.synced:ino.synced]
		ino.keep = ino.synced
	}
	ino.keep = min(ino.keep, keep)
}

func (v *diskView) Sync(name string) error {
	if err := v.enter("sync", name); err != nil {
		return err
	}
	ino := v.d.names[name]
	if ino == nil {
		return v.notExist("sync", name)
	}
	v.work("sync", name, true)
	ino.rewrote, ino.old, ino.keep = false, nil, 0
	ino.synced = len(ino.cur)
	return nil
}

func (v *diskView) Rename(from, to string) error {
	if err := v.enter("rename", from); err != nil {
		return err
	}
	if err := v.enter("rename", to); err != nil {
		return err
	}
	ino := v.d.names[from]
	if ino == nil {
		return v.notExist("rename", from)
	}
	if from != to {
		delete(v.d.names, from)
		v.d.names[to] = ino
		v.d.pending = append(v.d.pending, dirChange{set: to, inode: ino, remove: from})
	}
	v.work("rename", from+" "+to, false)
	return nil
}

func (v *diskView) Remove(name string) error {
	if err := v.enter("remove", name); err != nil {
		return err
	}
	if v.d.names[name] == nil {
		return v.notExist("remove", name)
	}
	delete(v.d.names, name)
	v.d.pending = append(v.d.pending, dirChange{remove: name})
	v.work("remove", name, false)
	return nil
}

func (v *diskView) List() ([]string, error) {
	if err := v.enter("list", "folder"); err != nil {
		return nil, err
	}
	names := make([]string, 0, len(v.d.names))
	for n := range v.d.names {
		names = append(names, n)
	}
	sort.Strings(names)
	v.work("list", "", false)
	return names, nil
}

func (v *diskView) SyncDir() error {
	if err := v.enter("sync", "folder"); err != nil {
		return err
	}
	v.work("sync folder", "", true)
	d := v.d
	for _, c := range d.pending {
		c.apply(d.durable)
	}
	d.pending = nil
	return nil
}

func (c dirChange) apply(names map[string]*inode) {
	if c.remove != "" {
		delete(names, c.remove)
	}
	if c.inode != nil {
		names[c.set] = c.inode
	}
}

// crash is what the end of a process does: an Append that had not returned may
// have written any prefix.
func (d *disk) crash(key uint64) {
	if ino := d.writing; ino != nil {
		n := d.wrote + int(faults.Scale(faults.Mix(key, d.key), uint64(len(ino.cur)-d.wrote)+1))
		ino.cur = ino.cur[:n:n]
		d.writing = nil
	}
}

// powerLoss is crash and the loss of what was not synced: changes of names first,
// then content. It returns what was lost, for the story.
func (d *disk) powerLoss(key uint64) (lost []string) {
	d.crash(key)
	key = faults.Mix(key, d.key)
	prefix := len(d.pending)
	ordered := faults.Mix(key, 1)&1 == 0
	if ordered { // a journal: what survives is a prefix
		prefix = int(faults.Scale(faults.Mix(key, 2), uint64(len(d.pending))+1))
	}
	for i, c := range d.pending {
		if i >= prefix || !ordered && faults.Mix(key, uint64(i)+3)&1 == 0 {
			lost = append(lost, c.String())
			continue
		}
		c.apply(d.durable)
	}
	d.pending = nil
	names := make([]string, 0, len(d.durable))
	for n := range d.durable {
		names = append(names, n)
	}
	sort.Strings(names)
	d.names = make(map[string]*inode, len(names))
	done := map[*inode]bool{}
	for _, n := range names {
		ino := d.durable[n]
		d.names[n] = ino
		if done[ino] {
			continue
		}
		done[ino] = true
		if text := ino.tear(faults.Mix(key, hashString(n))); text != "" {
			lost = append(lost, n+" "+text)
		}
	}
	return lost
}

func (c dirChange) String() string {
	switch {
	case c.inode == nil:
		return "removal of " + c.remove
	case c.remove != "":
		return "rename of " + c.remove + " to " + c.set
	}
	return "creation of " + c.set
}

// tear leaves of a file what power loss leaves: the durable prefix, and of every
// later sector the new bytes, the old ones, or a mix.
func (ino *inode) tear(key uint64) string {
	base, old := ino.synced, []byte(nil)
	if ino.rewrote {
		base, old = ino.keep, ino.old
	}
	if base == len(ino.cur) && !ino.rewrote {
		return ""
	}
	before := ino.cur
	out := append([]byte(nil), before[:base]...)
	end := base
	if ino.rewrote && faults.Mix(key, 1)%3 == 0 {
		out, end = append(out, old[base:]...), len(old) // nothing new arrived
	} else {
		if ino.rewrote && faults.Mix(key, 2)&1 == 0 {
			end = len(old) // the length did not shrink
		}
		image := make([]byte, max(len(before), len(old)))
		copy(image, old)
		mode := faults.Mix(key, 3) % 4 // 0: all lost; 1: all kept; else sector by sector
		for at := base / sectorSize * sectorSize; at < len(before); at += sectorSize {
			lo, hi := max(at, base), min(at+sectorSize, len(before))
			r := faults.Mix(key, uint64(at)+4)
			switch {
			case mode == 0, mode > 1 && r%3 == 0:
			case mode == 1, r%3 == 1:
				copy(image[lo:hi], before[lo:hi])
				end = max(end, hi)
			default: // torn
				cut := lo + int(faults.Scale(faults.Mix(r, 5), uint64(hi-lo)+1))
				copy(image[lo:cut], before[lo:cut])
				if cut > lo {
					end = max(end, cut)
				}
				if cut < hi && faults.Mix(r, 6)&1 == 0 {
					end = max(end, hi) // the length arrived, the bytes did not
				}
			}
		}
		out = append(out[:base], image[base:max(end, base)]...)
	}
	*ino = inode{cur: out, synced: len(out)}
	if len(out) == len(before) && string(out) == string(before) {
		return ""
	}
	return fmt.Sprintf("%d of %d bytes stay", min(len(out), len(before)), len(before))
}
