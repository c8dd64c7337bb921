package sim

// readyList is a FIFO of what can run at this instant: actors with queued
// messages, and programs that start.
type readyList struct {
	ring []readyItem
	head int
	n    int
}

type readyItem struct {
	mb   *mailbox
	prog *program
}

func (r readyItem) host() *host {
	if r.mb != nil {
		return r.mb.inc.host
	}
	return r.prog.inc.host
}

func (l *readyList) push(r readyItem) {
	if l.n == len(l.ring) {
		ring := make([]readyItem, max(16, 2*l.n))
		for i := range l.n {
			ring[i] = l.ring[(l.head+i)%len(l.ring)]
		}
		l.ring, l.head = ring, 0
	}
	i := l.head + l.n
	if i >= len(l.ring) {
		i -= len(l.ring)
	}
	l.ring[i] = r
	l.n++
}

func (l *readyList) pop() (readyItem, bool) {
	if l.n == 0 {
		return readyItem{}, false
	}
	r := l.ring[l.head]
	l.ring[l.head] = readyItem{}
	l.head++
	if l.head == len(l.ring) {
		l.head = 0
	}
	l.n--
	return r, true
}
