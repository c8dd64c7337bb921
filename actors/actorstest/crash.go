package actorstest

import (
	"fmt"
	"maps"
	"slices"

	"github.com/simrun/simrun/actors"
)

// A DiskCall is one call of an actors.Disk that changes something, as data.
type DiskCall struct {
	Call string // "append", "write", "truncate", "sync", "rename", "remove" or "syncdir"
	Name string
	To   string // of a rename
	Text string // that is appended or written
	Size int    // that a truncate leaves
}

// Do makes the call on a disk.
func (c DiskCall) Do(d actors.Disk) error {
	switch c.Call {
	case "append":
		return d.Append(c.Name, []byte(c.Text))
	case "write":
		return d.WriteFile(c.Name, []byte(c.Text))
	case "truncate":
		return d.Truncate(c.Name, int64(c.Size))
	case "sync":
		return d.Sync(c.Name)
	case "rename":
		return d.Rename(c.Name, c.To)
	case "remove":
		return d.Remove(c.Name)
	case "syncdir":
		return d.SyncDir()
	}
	return fmt.Errorf("no call %q", c.Call)
}

// An Image is what a disk holds: contents by name.
type Image map[string]string

// ImageOf reads a disk.
func ImageOf(d actors.Disk) (Image, error) {
	names, err := d.List()
	if err != nil {
		return nil, err
	}
	image := Image{}
	for _, name := range names {
		b, err := d.ReadFile(name)
		if err != nil {
			return nil, err
		}
		image[name] = string(b)
	}
	return image, nil
}

// A CrashModel says what the contract of actors.Disk allows to be left by a power
// loss. It follows the calls on an empty disk and enumerates, in the manner of ALICE
// (Pillai et al., OSDI 2014): every subset of the changes of names since SyncDir,
// and for every file what its un-synced bytes may have become. Files are shorter
// than a sector, and all calls must be ones that succeed.
type CrashModel struct {
	names   map[string]*crashFile
	durable map[string]*crashFile
	changes []nameChange
}

// A crashFile is a file: what is durable of it, and what has happened since.
type crashFile struct {
	durable string
	current string
	keep    int      // bytes of durable that nothing since has touched
	later   []string // each content since then
	kept    []int    // and keep at that time
}

type nameChange struct {
	from, to string // "" for none
	file     *crashFile
}

// NewCrashModel returns the model of an empty disk.
func NewCrashModel() *CrashModel {
	return &CrashModel{names: map[string]*crashFile{}, durable: map[string]*crashFile{}}
}

// Do follows a call.
func (m *CrashModel) Do(c DiskCall) {
	f := m.names[c.Name]
	if f == nil && (c.Call == "append" || c.Call == "write") {
		f = &crashFile{}
		m.names[c.Name] = f
		m.changes = append(m.changes, nameChange{to: c.Name, file: f})
	}
	switch c.Call {
	case "append":
		f.become(f.current+c.Text, f.keep)
	case "write":
		f.become(c.Text, 0)
	case "truncate":
		f.become(f.current[:c.Size], min(f.keep, c.Size))
	case "sync":
		*f = crashFile{durable: f.current, current: f.current, keep: len(f.current)}
	case "rename":
		if c.Name != c.To {
			delete(m.names, c.Name)
			m.names[c.To] = f
			m.changes = append(m.changes, nameChange{from: c.Name, to: c.To, file: f})
		}
	case "remove":
		delete(m.names, c.Name)
		m.changes = append(m.changes, nameChange{from: c.Name})
	case "syncdir":
		m.durable, m.changes = maps.Clone(m.names), nil
	}
}

func (f *crashFile) become(content string, keep int) {
	f.current, f.keep = content, keep
	f.later, f.kept = append(f.later, content), append(f.kept, keep)
}

// Unsynced counts the calls whose effect a power loss may take.
func (m *CrashModel) Unsynced() int {
	n := len(m.changes)
	for _, f := range m.names {
		n += len(f.later)
	}
	return n
}

// Now is what processes read, and so what a crash of them leaves.
func (m *CrashModel) Now() Image {
	image := Image{}
	for name, f := range m.names {
		image[name] = f.current
	}
	return image
}

// Allows reports that a power loss may leave this image.
func (m *CrashModel) Allows(image Image) bool {
	for subset := range 1 << len(m.changes) {
		names := maps.Clone(m.durable)
		for i, c := range m.changes {
			if subset&(1<<i) == 0 {
				continue
			}
			delete(names, c.from)
			if c.file != nil {
				names[c.to] = c.file
			}
		}
		if len(names) == len(image) && allIn(image, names) {
			return true
		}
	}
	return false
}

func allIn(image Image, names map[string]*crashFile) bool {
	for _, name := range slices.Sorted(maps.Keys(names)) {
		content, ok := image[name]
		if !ok || !slices.Contains(names[name].fates(), content) {
			return false
		}
	}
	return true
}

// fates lists what may be left of a file: what was durable; or a prefix of a later
// content, and behind it what was durable, zeros where nothing was, or the end. What
// nothing since the last Sync has touched is always there.
func (f *crashFile) fates() []string {
	out := []string{f.durable}
	for i, content := range f.later {
		for cut := f.kept[i]; cut <= len(content); cut++ {
			under := make([]byte, max(len(content), len(f.durable)))
			copy(under, f.durable)
			copy(under, content[:cut])
			for _, end := range []int{cut, len(content), len(f.durable)} {
				out = append(out, string(under[:max(cut, end)]))
			}
		}
	}
	return out
}
