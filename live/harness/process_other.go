//go:build !linux

package harness

import "syscall"

// Without a clock that processes share there are none, and these are not used.
const (
	stopSignal     = syscall.SIGTERM
	continueSignal = syscall.SIGTERM
	processesHere  = false
)

func dieWithParent() *syscall.SysProcAttr { return nil }
