package live

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

// Only the owner of the process may look into what it writes.
const (
	folderMode = 0o700
	fileMode   = 0o600
)

// openFolder opens the folder base/name, whatever anybody has put there: it is below
// base and not reached by way of a link. With create it and those above it are made,
// durably, one after the other. The caller closes it.
func openFolder(base, name string, create bool) (*os.Root, error) {
	top, err := os.OpenRoot(base)
	if err != nil {
		return nil, err
	}
	defer top.Close()
	parent, at := ".", ""
	for element := range strings.SplitSeq(name, "/") {
		at = path.Join(at, element)
		info, err := top.Lstat(at)
		switch {
		case err == nil && !info.IsDir():
			return nil, fmt.Errorf("%s is no folder", at)
		case err != nil && !(create && errors.Is(err, fs.ErrNotExist)):
			return nil, err
		case err != nil:
			if err := top.Mkdir(at, folderMode); err != nil {
				return nil, err
			}
			if err := syncFolder(top, parent); err != nil {
				return nil, err
			}
		}
		parent = at
	}
	return top.OpenRoot(name)
}

// syncFolder makes durable what names a folder below root has.
func syncFolder(root *os.Root, name string) error {
	f, err := root.Open(name)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// replaceFile puts a new file in the place of an old one, durably and at once.
func replaceFile(root *os.Root, name, content string) error {
	temp := name + ".new"
	if err := root.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := root.Rename(temp, name); err != nil {
		return err
	}
	return syncFolder(root, ".")
}
