package live

import (
	"slices"
	"sync"
)

// programs are those that are running.
type programs struct {
	mu    sync.Mutex
	n     int
	paths map[string]int // how many run at a path: one of an older boot may unwind
	none  chan struct{}  // closed while n is 0
}

func closedChannel() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}

func (p *programs) begin(path string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.n == 0 {
		p.none = make(chan struct{})
		p.paths = map[string]int{}
	}
	p.n++
	p.paths[path]++
}

func (p *programs) end(path string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.paths[path]--; p.paths[path] == 0 {
		delete(p.paths, path)
	}
	if p.n--; p.n == 0 {
		close(p.none)
	}
}

// running returns the paths of the programs that have not ended, sorted.
func (p *programs) running() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var all []string
	for path := range p.paths {
		all = append(all, path)
	}
	slices.Sort(all)
	return all
}

func (p *programs) ended() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.none
}
