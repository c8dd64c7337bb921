//go:build !linux

package harness

import "time"

var processStart = time.Now()

// monotonic is the clock of this process: here no others take part in a run.
func monotonic() time.Duration { return time.Since(processStart) }
