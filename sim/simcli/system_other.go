//go:build !unix

package simcli

import (
	"os"
	"time"
)

// lockFile does nothing where there is no flock: two campaigns in one folder are
// then not detected.
func lockFile(*os.File) error { return nil }

// usage is not known here.
func usage() (cpu time.Duration, maxRSS int64) { return 0, 0 }

// executable is the program itself, to be started again.
func executable() (string, error) { return os.Executable() }
