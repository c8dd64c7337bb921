package bench

import (
	"context"
	"slices"
	"time"
)

// A loop carries out one job on one goroutine at a time.
type loop struct {
	ctx    context.Context
	ops    int
	window int
	limit  time.Duration // nothing is issued after it

	began   time.Time       // at the first next
	last    time.Duration   // completion, since began
	issued  []time.Duration // since began, by operation
	took    []time.Duration // in the order of completion
	stopped bool
}

func newLoop(ctx context.Context, ops, window int, limit time.Duration) *loop {
	return &loop{
		ctx: ctx, ops: ops, window: window, limit: limit,
		issued: make([]time.Duration, 0, ops),
		took:   make([]time.Duration, 0, ops),
	}
}

// next returns the number of the operation to issue now, false if there is none:
// the window is full, all are issued, or time is up.
func (l *loop) next() (int, bool) {
	n := len(l.issued)
	if l.stopped || n == l.ops || n-len(l.took) >= l.window {
		return 0, false
	}
	if n == 0 {
		l.began = time.Now()
	}
	at := time.Since(l.began)
	if n > 0 && (at > l.limit || n%64 == 0 && l.ctx.Err() != nil) {
		l.stopped = true
		return 0, false
	}
	l.issued = append(l.issued, at)
	return n, true
}

// done records that operation n has completed.
func (l *loop) done(n int) {
	l.last = time.Since(l.began)
	l.took = append(l.took, l.last-l.issued[n])
}

// over reports whether all that was issued has completed and nothing will follow.
func (l *loop) over() bool {
	return len(l.took) == len(l.issued) && (l.stopped || len(l.took) == l.ops)
}

// fill says in a row what the loop has seen.
func (l *loop) fill(r *Row) {
	slices.Sort(l.took)
	r.Ops = len(l.took)
	r.Rate = float64(r.Ops) / l.last.Seconds()
	r.P50, r.P99, r.P999 = l.quantile(500), l.quantile(990), l.quantile(999)
}

// quantile returns the latency below which so many in a thousand are.
func (l *loop) quantile(perMille int) time.Duration {
	if len(l.took) == 0 {
		return 0
	}
	return l.took[min(len(l.took)*perMille/1000, len(l.took)-1)]
}
