package live

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// bootFile holds the last Boot of a host, in the host's folder. No actor can have
// that name.
const bootFile = ".boot"

// nextBoot returns the Boot of a start of the host and has it on disk before. It
// is the wall clock in nanoseconds, so that it grows also after the folder was
// lost, and at least one more than the last, so that it grows also when the clock
// was set back.
func nextBoot(base, host string, now time.Time) (uint64, error) {
	if err := makeFolder(base, host); err != nil {
		return 0, fmt.Errorf("host %s: folder: %w", host, err)
	}
	dir := filepath.Join(base, host)
	path := filepath.Join(dir, bootFile)
	next := uint64(max(now.UnixNano(), 1))
	text, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return 0, fmt.Errorf("host %s: last boot: %w", host, err)
	default:
		last, err := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("host %s: last boot in %s: %w", host, bootFile, err)
		}
		next = max(next, last+1)
	}
	if err := replaceFile(dir, bootFile, fmt.Sprintln(next)); err != nil {
		return 0, fmt.Errorf("host %s: write boot: %w", host, err)
	}
	return next, nil
}

// replaceFile puts a new file in the place of an old one, durably and at once.
func replaceFile(dir, name, content string) error {
	temp := filepath.Join(dir, name+".new")
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return err
	}
	_, err = f.WriteString(content)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp, filepath.Join(dir, name)); err != nil {
		return err
	}
	return syncFolder(dir)
}
