package live

import (
	"errors"
	"fmt"
	"io/fs"
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
	folder, err := openFolder(base, host, true)
	if err != nil {
		return 0, fmt.Errorf("host %s: folder: %w", host, err)
	}
	defer folder.Close()
	next := uint64(max(now.UnixNano(), 1))
	text, err := folder.ReadFile(bootFile)
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
	if err := replaceFile(folder, bootFile, fmt.Sprintln(next)); err != nil {
		return 0, fmt.Errorf("host %s: write boot: %w", host, err)
	}
	return next, nil
}
