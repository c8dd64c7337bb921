package node

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	// formatFile says what a data folder holds: see formatLine.
	formatFile = "FORMAT"
	// lockFile is locked by the process that runs the host. Its content means nothing.
	lockFile = "LOCK"
	// format is the version of what is on the disks of the hosts. It changes with
	// every change that an older program would misread.
	format = 1
)

// errInUse is a data folder that another process has.
var errInUse = errors.New("another process uses it")

// A folder is the data folder of one host, held by this process. The lock ends with
// the process, however it ends.
type folder struct {
	path string
	root *os.Root // so that no link in the folder leads out of it
	lock *os.File
}

// openFolder takes the data folder of a host, and makes it if it is not there. A
// folder with anything else in it, of another host or of a newer version is refused
// and left as it is.
func openFolder(path, host string) (_ *folder, err error) {
	if err := makeFolder(path); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	f := &folder{path: path}
	if f.root, err = os.OpenRoot(path); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.close())
		}
	}()
	text, err := f.root.ReadFile(formatFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		err = checkEmpty(path)
	case err == nil:
		err = checkFormat(path, string(text), host)
	default:
		err = fmt.Errorf("data folder: %w", err)
	}
	if err != nil {
		return nil, err
	}
	if f.lock, err = f.root.OpenFile(lockFile, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return nil, fmt.Errorf("data folder %s: %w", path, err)
	}
	if err := lock(f.lock); err != nil {
		return nil, fmt.Errorf("data folder %s: %w", path, errInUse)
	}
	if text == nil {
		if err := f.writeFormat(host); err != nil {
			return nil, fmt.Errorf("data folder %s: %w", path, err)
		}
	}
	return f, nil
}

// checkEmpty refuses to begin in a folder that has something in it. A lock may be left
// of a start that came no further.
func checkEmpty(path string) error {
	entries, err := os.ReadDir(path)
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	for _, e := range entries {
		if name := e.Name(); name != lockFile && name != formatFile+".new" {
			return fmt.Errorf("data folder %s: holds %s and no file %s, so it is not of this program; use an empty folder", path, name, formatFile)
		}
	}
	return nil
}

// formatLine is the content of the file FORMAT.
func formatLine(version int, host string) string {
	return fmt.Sprintf("simrun data %d %s\n", version, host)
}

// checkFormat refuses what this program would misread.
func checkFormat(path, text, host string) error {
	fields := strings.Fields(text)
	version := 0
	if len(fields) == 4 && fields[0] == "simrun" && fields[1] == "data" {
		version, _ = strconv.Atoi(fields[2])
	}
	switch {
	case version < 1:
		return fmt.Errorf("data folder %s: its file %s is not of this program: %.40q, want %q", path, formatFile, text, formatLine(format, host))
	case version > format:
		return fmt.Errorf("data folder %s: has format %d, and this program knows format %d; use the newer program", path, version, format)
	case fields[3] != host:
		return fmt.Errorf("data folder %s: belongs to host %s, not to %s", path, fields[3], host)
	}
	return nil
}

// writeFormat marks a new folder, durably and at once.
func (f *folder) writeFormat(host string) error {
	const temp = formatFile + ".new"
	if err := f.root.Remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := f.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.WriteString(formatLine(format, host))
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := f.root.Rename(temp, formatFile); err != nil {
		return err
	}
	dir, err := f.root.Open(".")
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// makeFolder makes a folder, and those above it that are not there, durably: what is
// synced in a folder is lost with its name.
func makeFolder(path string) error {
	err := os.Mkdir(path, 0o700)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeFolder(filepath.Dir(path)); err != nil {
			return err
		}
		err = os.Mkdir(path, 0o700)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// close gives the folder back.
func (f *folder) close() error {
	var err error
	if f.lock != nil {
		err = f.lock.Close()
	}
	return errors.Join(err, f.root.Close())
}
