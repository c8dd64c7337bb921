package store

import (
	"container/heap"
	"time"

	"github.com/simrun/simrun/models"
)

// An operation is what a client actor knows of one that was issued and not
// handed out.
type operation struct {
	heard int // the client's count when it was issued
	n     uint64
	op    models.Op
	bytes int

	region  RegionID
	version uint64 // of the region in the last attempt; 0: never sent
	tries   int    // at this version
	due     time.Duration
	place   int // in the retryHeap; -1: not there

	done   bool
	result models.Result
	handed bool
}

// opBytes estimates what an operation costs in memory.
func opBytes(op models.Op) int {
	n := 64 + len(op.Space) + len(op.Key)
	for _, a := range op.Attrs {
		n += 64 + len(a.Name) + len(a.Value.Str)
	}
	for _, c := range op.Checks {
		n += 64 + len(c.Attr) + len(c.Value.Str)
	}
	return n
}

// later schedules the next request of an operation: after Retry, then twice,
// four and eight times that.
func (c *client) later(p *operation) {
	now := c.env.Clock.Now()
	p.due = now + c.options.Retry<<min(p.tries, 3)
	p.tries++
	c.retry.remove(p)
	heap.Push(&c.retry, p)
	c.arm(now)
}

// arm sets the one timer of the client to the earliest due time. It is not moved
// when that operation completes: an alarm too many is cheaper than a timer for
// each operation.
func (c *client) arm(now time.Duration) {
	if len(c.retry) == 0 || c.alarm != 0 && c.alarm <= c.retry[0].due {
		return
	}
	if c.alarm != 0 {
		c.disarm()
	}
	c.alarm = c.retry[0].due
	c.disarm = c.env.Clock.After(max(c.alarm-now, 0), retryAlarm{})
}

// retransmit sends again what is due, or will be in a moment: the same id to the
// same daemon, so it costs nothing but the message if the first one has arrived.
// Silence may also mean that the chain is another one by now.
func (c *client) retransmit() {
	now := c.env.Clock.Now()
	c.alarm = 0
	var due []*operation
	for len(c.retry) > 0 && c.retry[0].due <= now+c.options.Retry/8 {
		due = append(due, heap.Pop(&c.retry).(*operation))
	}
	if len(due) > 0 {
		c.poll()
	}
	for _, p := range due {
		c.route(p)
	}
	c.arm(now)
}

// A retryHeap orders open operations by due time, then by age.
type retryHeap []*operation

// Len is part of heap.Interface.
func (h retryHeap) Len() int { return len(h) }

// Less is part of heap.Interface.
func (h retryHeap) Less(i, j int) bool {
	if h[i].due != h[j].due {
		return h[i].due < h[j].due
	}
	return h[i].n < h[j].n
}

// Swap is part of heap.Interface.
func (h retryHeap) Swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].place, h[j].place = i, j
}

// Push is part of heap.Interface.
func (h *retryHeap) Push(x any) {
	p := x.(*operation)
	p.place = len(*h)
	*h = append(*h, p)
}

// Pop is part of heap.Interface.
func (h *retryHeap) Pop() any {
	last := len(*h) - 1
	p := (*h)[last]
	(*h)[last] = nil
	*h, p.place = (*h)[:last], -1
	return p
}

func (h *retryHeap) remove(p *operation) {
	if p.place >= 0 {
		heap.Remove(h, p.place)
	}
}

// A readyQueue has the completed operations in the order of their completion.
// Those that Wait took stay in it, marked, until they are half of it.
type readyQueue struct {
	queue []*operation
	taken int
}

func (q *readyQueue) push(p *operation) { q.queue = append(q.queue, p) }

// first returns the oldest one that was not handed out, or nil.
func (q *readyQueue) first() *operation {
	for len(q.queue) > 0 && q.queue[0].handed {
		q.queue[0] = nil
		q.queue = q.queue[1:]
		q.taken--
	}
	if len(q.queue) == 0 {
		return nil
	}
	return q.queue[0]
}

func (q *readyQueue) remove(p *operation) {
	p.handed = true
	q.taken++
	if q.taken <= 16 || 2*q.taken <= len(q.queue) {
		return
	}
	kept := make([]*operation, 0, len(q.queue)-q.taken)
	for _, p := range q.queue {
		if !p.handed {
			kept = append(kept, p)
		}
	}
	q.queue, q.taken = kept, 0
}
