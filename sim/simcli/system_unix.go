//go:build unix

package simcli

import (
	"os"
	"runtime"
	"syscall"
	"time"
)

// lockFile takes a lock that the system gives back when the process ends, however
// it ends. It does not wait.
func lockFile(f *os.File) error {
	return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}

// usage returns the processor time and the largest memory of the process so far.
func usage() (cpu time.Duration, maxRSS int64) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0, 0
	}
	maxRSS = int64(u.Maxrss)
	if runtime.GOOS != "darwin" {
		maxRSS <<= 10
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), maxRSS
}
