package live

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"

	"github.com/simrun/simrun/actors"
)

// openMax bounds the files that one actor keeps open between calls.
const openMax = 16

// A disk is the actors.Disk of one actor: a folder. The folder is made, durably,
// by the first call that writes.
type disk struct {
	boot *boot
	base string // the folder of all hosts, which exists
	path string // host/actor, below base
	mu   sync.Mutex
	root *os.Root
	open map[string]*os.File // for appending, truncating and syncing
	idle []string            // names in open, the longest unused one first
}

var _ actors.Disk = (*disk)(nil)

// disk returns the Disk of the actor or program at path, below the host.
func (b *boot) disk(path string) *disk {
	return &disk{boot: b, base: b.host.world.opts.Dir, path: b.host.name + "/" + path}
}

var errDiskName = errors.New("not a file name")

// checkName accepts what is one element of a path on every system.
func checkName(name string) error {
	if name == "" || name == "." || name == ".." || len(name) > 255 || strings.ContainsAny(name, "/\\\x00") {
		return errDiskName
	}
	return nil
}

// do runs one call of the Disk. A host that dies waits for the calls that have
// begun, so that the next boot has the folder to itself.
func (d *disk) do(op string, names []string, f func() error) error {
	d.boot.calls.RLock()
	defer d.boot.calls.RUnlock()
	d.boot.mustLive()
	d.mu.Lock()
	defer d.mu.Unlock()
	err := func() error {
		for _, name := range names {
			if err := checkName(name); err != nil {
				return err
			}
		}
		return f()
	}()
	d.boot.record.disk(d.path, op, names, err)
	if err != nil {
		return fmt.Errorf("disk %s: %s: %w", d.path, strings.Join(append([]string{op}, names...), " "), err)
	}
	return nil
}

// folder opens the actor's folder. Without create it may be missing.
func (d *disk) folder(create bool) (*os.Root, error) {
	if d.root != nil {
		return d.root, nil
	}
	root, err := openFolder(d.base, d.path, create)
	if err != nil {
		return nil, err
	}
	d.root = root
	d.boot.disks.add(d)
	return root, nil
}

// file returns a handle for writing. Without create the file must be there.
func (d *disk) file(name string, create bool) (*os.File, error) {
	if f := d.open[name]; f != nil {
		if i := slices.Index(d.idle, name); i != len(d.idle)-1 {
			d.idle = append(slices.Delete(d.idle, i, i+1), name)
		}
		return f, nil
	}
	root, err := d.folder(create)
	if err != nil {
		return nil, err
	}
	flags := os.O_RDWR | os.O_APPEND
	if create {
		flags |= os.O_CREATE
	}
	f, err := root.OpenFile(name, flags, fileMode)
	if err != nil {
		return nil, err
	}
	if len(d.idle) >= openMax {
		if err := d.closeFile(d.idle[0]); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	if d.open == nil {
		d.open = map[string]*os.File{}
	}
	d.open[name], d.idle = f, append(d.idle, name)
	return f, nil
}

// closeFile closes the handle of a name that is about to mean another file.
func (d *disk) closeFile(name string) error {
	f := d.open[name]
	if f == nil {
		return nil
	}
	delete(d.open, name)
	i := slices.Index(d.idle, name)
	d.idle = slices.Delete(d.idle, i, i+1)
	return f.Close()
}

// release gives back all handles, when the actor or the boot has ended. Their
// errors are of no interest: nothing was promised for bytes that were not synced.
func (d *disk) release() {
	d.boot.disks.remove(d)
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, f := range d.open {
		_ = f.Close()
	}
	if d.root != nil {
		_ = d.root.Close()
	}
	d.open, d.idle, d.root = nil, nil, nil
}

func (d *disk) Append(name string, b []byte) error {
	return d.do("append", []string{name}, func() error {
		f, err := d.file(name, true)
		if err != nil {
			return err
		}
		_, err = f.Write(b)
		return err
	})
}

func (d *disk) ReadFile(name string) (b []byte, err error) {
	err = d.do("read", []string{name}, func() error {
		root, err := d.folder(false)
		if err != nil {
			return err
		}
		if err := isFile(root, name); err != nil {
			return err
		}
		b, err = root.ReadFile(name)
		return err
	})
	return b, err
}

func (d *disk) WriteFile(name string, b []byte) error {
	return d.do("write", []string{name}, func() error {
		f, err := d.file(name, true)
		if err != nil {
			return err
		}
		if err := f.Truncate(0); err != nil {
			return err
		}
		_, err = f.Write(b)
		return err
	})
}

func (d *disk) Truncate(name string, size int64) error {
	return d.do("truncate", []string{name}, func() error {
		f, err := d.file(name, false)
		if err != nil {
			return err
		}
		info, err := f.Stat()
		if err != nil {
			return err
		}
		if size < 0 || size > info.Size() {
			return fmt.Errorf("to %d bytes: the file has %d", size, info.Size())
		}
		return f.Truncate(size)
	})
}

func (d *disk) Sync(name string) error {
	return d.do("sync", []string{name}, func() error {
		f, err := d.file(name, false)
		if err != nil {
			return err
		}
		return f.Sync()
	})
}

func (d *disk) Rename(from, to string) error {
	return d.do("rename", []string{from, to}, func() error {
		root, err := d.folder(false)
		if err != nil {
			return err
		}
		if err := isFile(root, from); err != nil {
			return err
		}
		if err := errors.Join(d.closeFile(from), d.closeFile(to)); err != nil {
			return err
		}
		return root.Rename(from, to)
	})
}

func (d *disk) Remove(name string) error {
	return d.do("remove", []string{name}, func() error {
		root, err := d.folder(false)
		if err != nil {
			return err
		}
		if err := isFile(root, name); err != nil {
			return err
		}
		if err := d.closeFile(name); err != nil {
			return err
		}
		return root.Remove(name)
	})
}

// isFile hides the folders of child actors.
func isFile(root *os.Root, name string) error {
	info, err := root.Lstat(name)
	if err == nil && info.IsDir() {
		return fs.ErrNotExist
	}
	return err
}

func (d *disk) List() (names []string, err error) {
	err = d.do("list", nil, func() error {
		root, err := d.folder(false)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		entries, err := fs.ReadDir(root.FS(), ".") // sorted
		for _, e := range entries {
			if !e.IsDir() {
				names = append(names, e.Name())
			}
		}
		return err
	})
	return names, err
}

func (d *disk) SyncDir() error {
	return d.do("sync folder", nil, func() error {
		root, err := d.folder(true)
		if err != nil {
			return err
		}
		return syncFolder(root, ".")
	})
}
