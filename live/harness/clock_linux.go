package harness

import (
	"fmt"
	"syscall"
	"time"
	"unsafe"
)

// monotonic reads CLOCK_MONOTONIC, which all processes of a machine share. The clock
// of package time counts from the start of its process.
func monotonic() time.Duration {
	const clockMonotonic = 1
	var ts syscall.Timespec
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&ts)), 0); errno != 0 {
		panic(fmt.Sprintf("CLOCK_MONOTONIC: %v", errno))
	}
	return time.Duration(ts.Nano())
}
