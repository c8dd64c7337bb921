package live

import (
	"sync"
	"sync/atomic"
	"time"
)

// A timer is a message that is due later. It is queued in the mailbox as itself,
// so that a cancel reaches it there too.
type timer struct {
	msg   any
	n     uint64      // of the actor's timers
	spent atomic.Bool // received or cancelled
	clock *time.Timer
}

// take reports whether the message may be received, once.
func (t *timer) take() bool { return t.spent.CompareAndSwap(false, true) }

// timers are the pending timers of one boot. They are stopped with it: a timer of
// an hour must not keep a dead host in memory.
type timers struct {
	mu      sync.Mutex
	pending map[*timer]struct{} // nil once the boot is dead
}

func (ts *timers) start(d time.Duration, t *timer, due func()) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.pending == nil {
		return
	}
	ts.pending[t] = struct{}{}
	t.clock = time.AfterFunc(d, func() {
		ts.forget(t)
		due()
	})
}

func (ts *timers) forget(t *timer) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	delete(ts.pending, t)
}

func (ts *timers) stopAll() {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for t := range ts.pending {
		t.clock.Stop()
	}
	ts.pending = nil
}

// A clock is the actors.Clock of one actor, or of one program if box is nil.
type clock struct {
	boot *boot
	box  *mailbox
	path string // with the host
	set  uint64 // timers so far
}

func (c *clock) Now() time.Duration {
	now := time.Since(c.boot.started)
	c.boot.record.clock(c.path, "now", int64(now))
	return now
}

func (c *clock) Wall() time.Time {
	now := time.Now()
	c.boot.record.clock(c.path, "wall", now.UnixNano())
	return now
}

func (c *clock) After(d time.Duration, msg any) (cancel func()) {
	if c.box == nil {
		panic("Clock.After in a program: it has no mailbox; use Sleep")
	}
	c.set++
	t := &timer{msg: msg, n: c.set}
	ts := &c.boot.timers
	ts.start(d, t, func() { c.box.PostUserMessage(t) })
	return func() {
		if c.boot.dead() || !t.take() {
			return
		}
		ts.forget(t)
		t.clock.Stop()
	}
}

func (c *clock) Sleep(d time.Duration) {
	c.boot.mustLive()
	wait := time.NewTimer(d)
	defer wait.Stop()
	select {
	case <-wait.C:
		c.boot.mustLive()
		c.boot.record.resume(c.path, "after a sleep")
	case <-c.boot.ended:
		panic(unwind{})
	}
}
