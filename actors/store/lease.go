package store

import (
	"errors"
	"time"
)

// These stop a host whose damaged log was the only copy of something.
var (
	errOnlyCopy   = errors.New("the log is damaged and no other daemon has a copy")
	errOnlyConfig = errors.New("the log of the coordinator is damaged")
)

// A lease lets a daemon answer reads until a time on its own monotonic clock.
type lease struct {
	until time.Duration
}

// extend takes a lease of length d, counted from the send of the heartbeat that it
// answers: the coordinator began to count later, so it ends later for it.
func (l *lease) extend(sent, d time.Duration) {
	if d > 0 {
		l.until = max(l.until, sent+d)
	}
}

// valid reports that the lease has not run out.
func (l *lease) valid(now time.Duration) bool { return now < l.until }

// outlasted is how long the coordinator waits, on its own clock, until a lease of
// length d that it gave is over on every other clock. Clocks drift apart by less
// than a tenth.
func outlasted(d time.Duration) time.Duration { return d + d/10 }
