package live

import "sync"

// programs counts the programs that are running.
type programs struct {
	mu   sync.Mutex
	n    int
	none chan struct{} // closed while n is 0
}

func closedChannel() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

func (p *programs) begin() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.n == 0 {
		p.none = make(chan struct{})
	}
	p.n++
}

func (p *programs) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.n--; p.n == 0 {
		close(p.none)
	}
}

func (p *programs) running() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.n
}

func (p *programs) ended() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.none
}
