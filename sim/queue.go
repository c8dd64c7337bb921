package sim

// queue is a 4-ary min-heap of events, ordered by time and, at equal times, by
// the order of insertion. Entries are small and carry an index into a slab, so
// that sifting moves 24 bytes and nothing is allocated in the steady state.
type queue struct {
	heap []entry
	slab []event
	free []int32
	seq  uint64
}

type entry struct {
	at   int64 // ns of virtual time; or a priority, under policy Random
	seq  uint64
	slot int32
}

func (a entry) before(b entry) bool {
	return a.at < b.at || a.at == b.at && a.seq < b.seq
}

func (q *queue) len() int { return len(q.heap) }

// push inserts an event and returns where it lies, for the caller to fill in.
func (q *queue) push(at int64) *event {
	var slot int32
	if n := len(q.free); n > 0 {
		slot = q.free[n-1]
		q.free = q.free[:n-1]
	} else {
		slot = int32(len(q.slab))
		q.slab = append(q.slab, event{})
	}
	q.seq++
	e := entry{at: at, seq: q.seq, slot: slot}
	h := append(q.heap, e)
	i := len(h) - 1
	for i > 0 {
		p := (i - 1) >> 2
		if !e.before(h[p]) {
			break
		}
		h[i] = h[p]
		i = p
	}
	h[i] = e
	q.heap = h
	return &q.slab[slot]
}

// peek returns the time of the first event; the queue must not be empty.
func (q *queue) peek() int64 { return q.heap[0].at }

// pop removes the first event. It is copied out, because carrying it out may
// push.
func (q *queue) pop() (at int64, ev event) {
	h := q.heap
	top := h[0]
	n := len(h) - 1
	last := h[n]
	h = h[:n]
	q.heap = h
	if n > 0 {
		i := 0
		for {
			c := i<<2 + 1
			if c >= n {
				break
			}
			m := c
			end := min(c+4, n)
			for j := c + 1; j < end; j++ {
				if h[j].before(h[m]) {
					m = j
				}
			}
			if !h[m].before(last) {
				break
			}
			h[i] = h[m]
			i = m
		}
		h[i] = last
	}
	ev = q.slab[top.slot]
	q.slab[top.slot] = event{}
	q.free = append(q.free, top.slot)
	return top.at, ev
}

// first returns the event that pop would return, without removing it.
func (q *queue) first() *event { return &q.slab[q.heap[0].slot] }
