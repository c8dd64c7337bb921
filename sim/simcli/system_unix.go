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

// usage returns the processor time and the largest memory so far, of the process
// and of those of its children that have ended; the memory is that of the largest.
func usage() (cpu time.Duration, maxRSS int64) {
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err != nil {
			return 0, 0
		}
		cpu += time.Duration(u.Utime.Nano() + u.Stime.Nano())
		maxRSS = max(maxRSS, int64(u.Maxrss))
	}
	if runtime.GOOS != "darwin" {
		maxRSS <<= 10
	}
	return cpu, maxRSS
}

// executable is the program itself, to be started again. On Linux it is the file
// that runs, even if another build has taken its place meanwhile: the seeds of a
// campaign are to mean the same to its end.
func executable() (string, error) {
	if runtime.GOOS == "linux" {
		return "/proc/self/exe", nil
	}
	return os.Executable()
}
