package harness

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/sim"
)

// facts collects what the actors and programs note, and what the harness did to
// them.
type facts struct {
	clock func() time.Duration // since the start of the run

	mu        sync.Mutex
	closed    bool
	last      time.Duration   // of what was stamped here
	silent    map[string]bool // hosts that are down: what still comes from them had no effect
	notes     []sim.Note      // in the order of arrival, without Seq
	sometimes map[string]int
	oracle    sim.Oracle // follows the run in the order of arrival; nil if there is none
	called    int        // operations that were called
	answered  int        // and those that returned
	gone      int        // and those whose client went down before they returned
	clients   map[string]bool
	heard     time.Duration // the last fact of a client
	asked     time.Duration // the last operation
	open      map[string]int
	warm      int           // operations to be answered
	warmed    chan struct{} // closed when they are
	points    []waiting
	reached   func(faults.Fault) // is told of faults whose point was reached
}

// waiting is a fault that waits for its host to note a point.
type waiting struct {
	fault faults.Fault
	left  int
}

func newFacts(clock func() time.Duration, oracle sim.Oracle) *facts {
	return &facts{
		clock: clock, silent: map[string]bool{}, sometimes: map[string]int{}, oracle: oracle, open: map[string]int{}, clients: map[string]bool{},
		warmed: make(chan struct{}), reached: func(faults.Fault) {},
	}
}

// expect has warmed closed when n operations are answered.
func (f *facts) expect(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.warm = n; n <= 0 {
		close(f.warmed)
	}
}

// await has reached called when a host notes the point of one of these faults.
func (f *facts) await(at faults.Schedule, reached func(faults.Fault)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.reached = reached
	for _, fault := range at {
		f.points = append(f.points, waiting{fault, max(1, fault.Nth)})
	}
}

// note takes a fact of a host in this process.
func (f *facts) note(host, path string, fact any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.take(sim.Note{At: f.stamp(), Host: host, Path: path, Fact: fact})
}

// told takes a fact of another process, which has stamped it.
func (f *facts) told(n sim.Note) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.take(n)
}

// stamp is the time, and never the same one twice.
func (f *facts) stamp() time.Duration {
	f.last = max(f.clock(), f.last+1)
	return f.last
}

// take sorts a fact of a running host. As in sim, those that are for the run and not
// for its checks do not become notes.
func (f *facts) take(n sim.Note) {
	if f.closed || f.silent[n.Host] {
		return
	}
	switch fact := n.Fact.(type) {
	case actors.Sometimes:
		f.sometimes[string(fact)]++
		return
	case actors.Point:
		f.point(n.Host, string(fact))
		return
	case linearizability.Called:
		f.called++
		f.open[n.Host]++
		f.asked = max(f.asked, n.At)
	case linearizability.Returned:
		f.open[n.Host]--
		if f.answered++; f.answered == f.warm {
			close(f.warmed)
		}
	}
	if _, stalled := n.Fact.(sim.FaultBegan); !stalled && f.clients[n.Host] {
		f.heard = max(f.heard, n.At)
	}
	f.add(n)
}

func (f *facts) add(n sim.Note) {
	f.notes = append(f.notes, n)
	if f.oracle != nil {
		n.Seq = int64(len(f.notes))
		f.oracle.Observe(n)
	}
}

func (f *facts) point(host, name string) {
	f.points = slices.DeleteFunc(f.points, func(w waiting) bool { return w.left == 0 })
	for i := range f.points {
		w := &f.points[i]
		if w.fault.Point == name && w.fault.Host == host {
			if w.left--; w.left == 0 {
				f.reached(w.fault)
			}
		}
	}
}

// down says that a life of a host is over: what it still says had no effect.
func (f *facts) down(host string, boot uint64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.silent[host] = true
	f.gone += f.open[host]
	delete(f.open, host)
	f.addOwn(host, sim.Down{Boot: boot})
}

// up says that the next life of a host is about to begin.
func (f *facts) up(host string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.silent, host)
}

// observe takes a fact that the harness knows of a host.
func (f *facts) observe(host string, fact any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.addOwn(host, fact)
}

func (f *facts) addOwn(host string, fact any) {
	if !f.closed {
		f.add(sim.Note{At: f.stamp(), Host: host, Path: host, Fact: fact})
	}
}

// began takes down that a fault of the network or of hosts began at a time.
func (f *facts) began(at time.Duration, text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.closed {
		f.add(sim.Note{At: at, Fact: sim.FaultBegan{Text: text}})
	}
}

// inFlight reports whether an operation of a client is open.
func (f *facts) inFlight() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.called > f.answered+f.gone
}

// spares asks the oracle; without one nothing is spared and nothing has to be.
func (f *facts) spares(disks bool, hosts ...string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.oracle == nil || f.oracle.Spares(disks, hosts...)
}

// close ends the collection: what comes later is of no run.
func (f *facts) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
}

// ordered returns the notes in the order of their stamps.
func (f *facts) ordered() []sim.Note {
	f.mu.Lock()
	defer f.mu.Unlock()
	return inOrder(f.notes)
}

// inOrder sorts notes by their stamps and numbers them from 1. Stamps of one process
// are never equal; of two that are, from two processes, a call comes first, so that the
// operations overlap.
func inOrder(notes []sim.Note) []sim.Note {
	slices.SortStableFunc(notes, func(a, b sim.Note) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(lateness(a.Fact), lateness(b.Fact)))
	})
	for i := range notes {
		notes[i].Seq = int64(i) + 1
	}
	return notes
}

func lateness(fact any) int {
	switch fact.(type) {
	case linearizability.Called:
		return 0
	case linearizability.Returned:
		return 2
	}
	return 1
}
