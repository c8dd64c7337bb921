//go:build unix

package node

import (
	"os"
	"syscall"
)

// lock takes a lock that the system gives back when the process ends. It does not
// wait.
func lock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) }
