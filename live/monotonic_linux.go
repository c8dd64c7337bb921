package live

import (
	"syscall"
	"time"
	"unsafe"
)

// monotonic reads the clock of the process and, at the same moment, CLOCK_MONOTONIC,
// which all processes of the machine share. Of some readings it takes the pair with the
// least time between them, so that a busy machine does not set them apart.
func monotonic() (time.Time, time.Duration) {
	const clockMonotonic = 1
	var at time.Time
	var base time.Duration
	best := time.Duration(-1)
	for range 16 {
		var ts syscall.Timespec
		before := time.Now()
		_, _, errno := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&ts)), 0)
		took := time.Since(before)
		if errno == 0 && (best < 0 || took < best) {
			best, at, base = took, before.Add(took/2), time.Duration(ts.Nano())
		}
	}
	if best < 0 {
		return time.Now(), 0
	}
	return at, base
}
