package live

import "sync"

// workersMax bounds the goroutines of a host that wait for work.
const workersMax = 64

// workers are the goroutines that run a host's mailboxes, each one mailbox at a
// time for as long as it has messages. The last one to become idle goes on first:
// its stack has grown already, and is still in the cache. A new goroutine for each
// burst of messages grew its stack each time, which was a seventh of the work of a
// busy store; one for each actor would keep a stack for every actor that is idle.
type workers struct {
	mu   sync.Mutex
	idle []chan *mailbox
}

// run has a mailbox run.
func (w *workers) run(m *mailbox) {
	w.mu.Lock()
	n := len(w.idle)
	if n == 0 {
		w.mu.Unlock()
		go w.work(m)
		return
	}
	next := w.idle[n-1]
	w.idle = w.idle[:n-1]
	w.mu.Unlock()
	next <- m // has room: it was in the list, so it is empty
}

// work runs mailboxes until the host has died or enough others are idle.
func (w *workers) work(m *mailbox) {
	ended := m.boot.ended
	next := make(chan *mailbox, 1)
	for {
		m.run()
		if !w.rest(next) {
			return
		}
		select {
		case m = <-next:
		case <-ended:
			return
		}
	}
}

// rest reports whether a worker is still wanted.
func (w *workers) rest(next chan *mailbox) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.idle) >= workersMax {
		return false
	}
	w.idle = append(w.idle, next)
	return true
}
