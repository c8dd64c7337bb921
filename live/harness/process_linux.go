package harness

import "syscall"

const (
	stopSignal     = syscall.SIGSTOP
	continueSignal = syscall.SIGCONT
)

// dieWithParent has a process end with the one that started it, also when that is
// killed. It has a group of its own: a key that interrupts the run is for its parent.
func dieWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// processesHere reports that hosts can be processes on this system.
const processesHere = true
