package live

import (
	"sync"
	"time"
)

const (
	// refusalLines is how many refusals are logged, a line each, before the log is
	// spared, and refusalEvery the time after which it takes one more.
	refusalLines = 100
	refusalEvery = 100 * time.Millisecond
)

// refusals bound the lines that a host logs about connections it refuses: whoever floods
// it must not fill its disk. Those without a line are counted, here and in
// [Counts].Refused.
type refusals struct {
	mu     sync.Mutex
	spent  time.Duration // refusalEvery for each line, less the time since
	last   time.Time
	silent int // since the last line
}

// line reports whether a refusal gets a line, and how many before it had none.
func (r *refusals) line(now time.Time) (silent int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.spent = max(0, r.spent-now.Sub(r.last))
	r.last = now
	if r.spent > (refusalLines-1)*refusalEvery {
		r.silent++
		return 0, false
	}
	r.spent += refusalEvery
	silent, r.silent = r.silent, 0
	return silent, true
}
