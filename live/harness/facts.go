package harness

import (
	"sync"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/live"
	"github.com/simrun/simrun/sim"
)

// facts collects what the actors and programs note.
type facts struct {
	mu        sync.Mutex
	closed    bool
	notes     []sim.Note
	sometimes map[string]int
}

func newFacts() *facts { return &facts{sometimes: map[string]int{}} }

// add takes a fact of a running World. As in sim, those that are for the run and
// not for its checks do not become notes.
func (f *facts) add(n live.Note) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return
	}
	switch fact := n.Fact.(type) {
	case actors.Sometimes:
		f.sometimes[string(fact)]++
	case actors.Point:
	default:
		f.notes = append(f.notes, sim.Note(n))
	}
}

// close ends the collection: what comes later is of no run.
func (f *facts) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
}
