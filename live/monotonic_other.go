//go:build !linux

package live

import "time"

// monotonic has no clock that processes share: the times of each count from its own
// start.
func monotonic() (time.Time, time.Duration) { return time.Now(), 0 }
