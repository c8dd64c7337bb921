package live

import "sync/atomic"

// Counts says what became of the messages between hosts, since the World began.
// Nothing is lost without being counted here, except what a broken connection
// had already taken.
type Counts struct {
	Sent        uint64 // written to a connection
	Received    uint64 // delivered to a mailbox or a waiting Request
	Overflow    uint64 // dropped before sending: the queue of the link was full
	Oversize    uint64 // dropped before sending: larger than a frame
	Dropped     uint64 // lost by Options.Fate
	Duplicated  uint64 // sent a second time by Options.Fate
	Delayed     uint64 // put off by Options.Fate
	Broken      uint64 // in a write that failed; some may have arrived
	Flooded     uint64 // dropped on arrival: too much of that host is waiting, or the mailbox is full
	Stale       uint64 // reply to a Request of another Boot
	DeadLetters uint64 // for an actor or a Request that is not there
	System      uint64 // system messages, which do not cross hosts
	Refused     uint64 // connections closed for what came in on them
	Crowded     uint64 // connections closed because too many newer ones came
	Connects    uint64 // connections that were set up
}

// counters are the Counts of a running World.
type counters struct {
	sent, received, overflow, oversize, dropped, duplicated, delayed, broken, flooded, stale, deadLetters, system, refused, crowded, connects atomic.Uint64
}

func (c *counters) snapshot() Counts {
	return Counts{
		Sent:        c.sent.Load(),
		Received:    c.received.Load(),
		Overflow:    c.overflow.Load(),
		Oversize:    c.oversize.Load(),
		Dropped:     c.dropped.Load(),
		Duplicated:  c.duplicated.Load(),
		Delayed:     c.delayed.Load(),
		Broken:      c.broken.Load(),
		Flooded:     c.flooded.Load(),
		Stale:       c.stale.Load(),
		DeadLetters: c.deadLetters.Load(),
		System:      c.system.Load(),
		Refused:     c.refused.Load(),
		Crowded:     c.crowded.Load(),
		Connects:    c.connects.Load(),
	}
}
