package sim

import (
	"io/fs"
	"slices"
	"sort"
	"strings"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/internal/trace"
)

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
	claimed int // of pending, what a Sync has claimed to be durable and is not
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

// diskView is the Disk of one incarnation.
type diskView struct {
	p *party
	h *host
	d *disk
}

func (h *host) disk(p *party) *diskView {
	d, ok := h.disks[p.ep.path]
	if !ok {
		d = newDisk(p.ep.id)
		h.disks[p.ep.path] = d
	}
	return &diskView{p: p, h: h, d: d}
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
	if len(w.points) > 0 {
		w.point("disk." + strings.ReplaceAll(op, " ", "-"))
		v.p.pass()
	}
	lo, hi := int64(w.net.DiskMin), int64(w.net.DiskMax)
	if n := int64(v.h.slowDisk); n > 0 {
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
	var m mishap
	if v.h.trouble != nil {
		m = v.mishap("append", name, len(b) > 0 || ino == nil)
		b = m.divert(v.d, b)
	}
	if m.err == nil || len(b) > 0 {
		if ino == nil {
			ino = v.create(name)
		}
		v.d.writing, v.d.wrote = ino, len(ino.cur)
		ino.cur = append(ino.cur, b...)
	}
	v.work("append", name, false)
	v.d.writing = nil
	return m.err
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
	if v.h.trouble != nil {
		return v.misread(name, out)
	}
	return out, nil
}

func (v *diskView) WriteFile(name string, b []byte) error {
	if err := v.enter("write", name); err != nil {
		return err
	}
	ino := v.d.names[name]
	var m mishap
	if v.h.trouble != nil {
		m = v.mishap("write", name, len(b) > 0 || ino == nil)
		b = m.divert(v.d, b)
	}
	if m.err == nil || len(b) > 0 {
		if ino == nil {
			ino = v.create(name)
		}
		ino.rewrite(slices.Clone(b))
	}
	v.work("write", name, false)
	return m.err
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
	err, happens := v.change("truncate", name)
	if happens {
		ino.truncate(int(size))
	}
	v.work("truncate", name, false)
	return err
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
	if v.h.trouble != nil {
		return v.troubledSync(name, ino)
	}
	ino.sync()
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
	err, happens := v.change("rename", from)
	if from != to && happens {
		delete(v.d.names, from)
		v.d.names[to] = ino
		v.d.pending = append(v.d.pending, dirChange{set: to, inode: ino, remove: from})
	}
	v.work("rename", from+" "+to, false)
	return err
}

func (v *diskView) Remove(name string) error {
	if err := v.enter("remove", name); err != nil {
		return err
	}
	if v.d.names[name] == nil {
		return v.notExist("remove", name)
	}
	err, happens := v.change("remove", name)
	if happens {
		delete(v.d.names, name)
		v.d.pending = append(v.d.pending, dirChange{remove: name})
	}
	v.work("remove", name, false)
	return err
}

func (v *diskView) List() ([]string, error) {
	if err := v.enter("list", "folder"); err != nil {
		return nil, err
	}
	names := sortedNames(v.d.names)
	v.work("list", "", false)
	if v.h.trouble != nil {
		if err := v.failRead("list", "folder"); err != nil {
			return nil, err
		}
	}
	return names, nil
}

func (v *diskView) SyncDir() error {
	if err := v.enter("sync", "folder"); err != nil {
		return err
	}
	v.work("sync folder", "", true)
	if v.h.trouble != nil {
		return v.troubledSyncDir()
	}
	v.d.syncNames()
	return nil
}

// syncNames makes the names durable.
func (d *disk) syncNames() {
	for _, c := range d.pending {
		c.apply(d.durable)
	}
	d.pending, d.claimed = nil, 0
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

// A diskLoss is what a power loss took of a disk.
type diskLoss struct {
	text    []string // for the story
	torn    bool     // of a sector a part arrived
	entries bool     // changes of names are gone
	lied    bool     // something is gone that a Sync had claimed to be durable
}

// powerLoss is crash and the loss of what was not synced: changes of names first,
// then content.
func (d *disk) powerLoss(key uint64) (lost diskLoss) {
	d.crash(key)
	key = faults.Mix(key, d.key)
	prefix := len(d.pending)
	ordered := faults.Mix(key, 1)&1 == 0
	if ordered { // a journal: what survives is a prefix
		prefix = int(faults.Scale(faults.Mix(key, 2), uint64(len(d.pending))+1))
	}
	for i, c := range d.pending {
		if i >= prefix || !ordered && faults.Mix(key, uint64(i)+3)&1 == 0 {
			lost.text = append(lost.text, c.String())
			lost.entries = true
			lost.lied = lost.lied || i < d.claimed
			continue
		}
		c.apply(d.durable)
	}
	d.pending, d.claimed = nil, 0
	d.names = make(map[string]*inode, len(d.durable))
	done := map[*inode]bool{}
	for _, n := range sortedNames(d.durable) {
		ino := d.durable[n]
		d.names[n] = ino
		if done[ino] {
			continue
		}
		done[ino] = true
		lied := ino.lied
		text, torn := ino.tear(faults.Mix(key, hashString(n)))
		if text != "" {
			lost.text = append(lost.text, n+" "+text)
			lost.lied = lost.lied || lied
		}
		lost.torn = lost.torn || torn
	}
	return lost
}

func sortedNames(files map[string]*inode) []string {
	names := make([]string, 0, len(files))
	for n := range files {
		names = append(names, n)
	}
	sort.Strings(names)
	return names
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
