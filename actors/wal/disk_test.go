package wal

import (
	"bytes"
	"errors"
	"io/fs"
	"maps"
	"slices"
)

var errCrashed = errors.New("the test crashed the disk here")

// A crashDisk implements the contract of actors.Disk on a few bytes and can
// list what a power loss may leave of it. Its sectors are tiny, so that the list
// is complete and still short.
type crashDisk struct {
	sector int
	names  map[string]*inode // as a process sees them
	synced map[string]*inode // as a power loss leaves them, at worst
	dirOps []dirOp           // names changed since SyncDir
	left   int               // calls until the crash; negative: none
	calls  int
}

// An inode is the content of a file. A name and the content become durable
// independently.
type inode struct {
	data      []byte
	durable   []byte
	rewritten bool // WriteFile since the last Sync
}

type dirOp struct {
	from, to string // "" if nothing is removed or made
	node     *inode
}

func newCrashDisk(sector int) *crashDisk {
	return &crashDisk{sector: sector, names: map[string]*inode{}, synced: map[string]*inode{}, left: -1}
}

// step counts a call and reports the crash when its turn has come.
func (d *crashDisk) step() error {
	d.calls++
	if d.left == 0 {
		return errCrashed
	}
	if d.left > 0 {
		d.left--
	}
	return nil
}

func (d *crashDisk) open(name string) *inode {
	n, ok := d.names[name]
	if !ok {
		n = &inode{}
		d.names[name] = n
		d.dirOps = append(d.dirOps, dirOp{to: name, node: n})
	}
	return n
}

func (d *crashDisk) Append(name string, b []byte) error {
	n := d.open(name)
	n.data = append(slices.Clone(n.data), b...) // also when the crash comes: it may be half done
	return d.step()
}

func (d *crashDisk) WriteFile(name string, b []byte) error {
	n := d.open(name)
	n.data, n.rewritten = slices.Clone(b), true
	return d.step()
}

func (d *crashDisk) ReadFile(name string) ([]byte, error) {
	n, ok := d.names[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return slices.Clone(n.data), d.step()
}

func (d *crashDisk) Truncate(name string, size int64) error {
	n, ok := d.names[name]
	if !ok {
		return fs.ErrNotExist
	}
	if err := d.step(); err != nil {
		return err
	}
	n.data = slices.Clone(n.data[:size])
	return nil
}

func (d *crashDisk) Sync(name string) error {
	n, ok := d.names[name]
	if !ok {
		return fs.ErrNotExist
	}
	if err := d.step(); err != nil {
		return err
	}
	n.durable, n.rewritten = slices.Clone(n.data), false
	return nil
}

func (d *crashDisk) Rename(from, to string) error {
	n, ok := d.names[from]
	if !ok {
		return fs.ErrNotExist
	}
	delete(d.names, from)
	d.names[to] = n
	d.dirOps = append(d.dirOps, dirOp{from: from, to: to, node: n})
	return d.step()
}

func (d *crashDisk) Remove(name string) error {
	if _, ok := d.names[name]; !ok {
		return fs.ErrNotExist
	}
	delete(d.names, name)
	d.dirOps = append(d.dirOps, dirOp{from: name})
	return d.step()
}

func (d *crashDisk) List() ([]string, error) {
	return slices.Sorted(maps.Keys(d.names)), d.step()
}

func (d *crashDisk) SyncDir() error {
	if err := d.step(); err != nil {
		return err
	}
	d.synced, d.dirOps = maps.Clone(d.names), nil
	return nil
}

// afterProcessCrash is the disk that the next boot finds when only the process
// died: everything whose call had begun is there.
func (d *crashDisk) afterProcessCrash() *crashDisk {
	out := newCrashDisk(d.sector)
	fresh := map[*inode]*inode{}
	clone := func(n *inode) *inode {
		if fresh[n] == nil {
			c := *n
			fresh[n] = &c
		}
		return fresh[n]
	}
	for name, n := range d.names {
		out.names[name] = clone(n)
	}
	for name, n := range d.synced {
		out.synced[name] = clone(n)
	}
	for _, op := range d.dirOps {
		if op.node != nil {
			op.node = clone(op.node)
		}
		out.dirOps = append(out.dirOps, op)
	}
	return out
}

// afterPowerLoss yields every disk that a power loss may leave: each subset of
// the changes of names, and for each file each fate of each un-synced sector.
func (d *crashDisk) afterPowerLoss(yield func(*crashDisk)) {
	for subset := range 1 << len(d.dirOps) {
		names := maps.Clone(d.synced)
		for i, op := range d.dirOps {
			if subset&(1<<i) == 0 {
				continue
			}
			delete(names, op.from)
			if op.to != "" {
				names[op.to] = op.node
			}
		}
		delete(names, "")
		d.contents(slices.Sorted(maps.Keys(names)), names, newCrashDisk(d.sector), yield)
	}
}

// contents takes the files one by one and yields the product of their fates.
func (d *crashDisk) contents(todo []string, names map[string]*inode, made *crashDisk, yield func(*crashDisk)) {
	if len(todo) == 0 {
		yield(made)
		return
	}
	for _, content := range d.fates(names[todo[0]]) {
		next := newCrashDisk(d.sector)
		maps.Copy(next.names, made.names)
		next.names[todo[0]] = &inode{data: content, durable: content}
		next.synced = maps.Clone(next.names)
		d.contents(todo[1:], names, next, yield)
	}
}

// fates lists what may be left of one file.
func (d *crashDisk) fates(n *inode) [][]byte {
	if bytes.Equal(n.data, n.durable) {
		return [][]byte{n.durable}
	}
	if n.rewritten {
		half := n.data[:len(n.data)/2]
		return distinct([][]byte{n.durable, nil, half, n.data})
	}
	if len(n.data) < len(n.durable) {
		return [][]byte{n.durable, n.data} // truncated
	}
	out := [][]byte{n.durable}
	for start := len(n.durable); start < len(n.data); {
		end := min(start-start%d.sector+d.sector, len(n.data))
		out = d.addSector(out, n.data[start:end], start)
		start = end
	}
	return distinct(out)
}

// addSector extends each content by a sector that was written whole, that was
// torn in its middle, that was lost and reads as zeros, and that was lost with
// the length of the file.
func (d *crashDisk) addSector(contents [][]byte, sector []byte, start int) [][]byte {
	var out [][]byte
	for _, c := range contents {
		out = append(out, c)
		base := append(slices.Clone(c), make([]byte, start-len(c))...)
		half := append(slices.Clone(sector[:len(sector)/2]), make([]byte, len(sector)-len(sector)/2)...)
		out = append(out, slices.Concat(base, sector), slices.Concat(base, half))
	}
	return out
}

func distinct(contents [][]byte) [][]byte {
	slices.SortFunc(contents, bytes.Compare)
	return slices.CompactFunc(contents, bytes.Equal)
}
