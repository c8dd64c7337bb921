package sim

import (
	"slices"
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
)

// A fault at a time hits what happens to happen then. When operations are removed
// or the network is calmed, everything else moves and the fault misses, although
// the failure is still there a few milliseconds earlier. So a fault is tied to
// what clients did just before and just after it, and moves with them.

// moment is a place in the history of a client: an operation was called, or its
// outcome was handed out.
type moment struct {
	op       linearizability.OpID
	returned bool
}

func momentOf(n Note) (m moment, ok bool) {
	switch f := n.Fact.(type) {
	case linearizability.Called:
		return moment{op: f.Op}, true
	case linearizability.Returned:
		return moment{op: f.Op, returned: true}, true
	}
	return moment{}, false
}

// moments is when each moment of a run came.
type moments map[moment]time.Duration

func momentsOf(r *Result) moments {
	at := moments{}
	for _, n := range r.Notes {
		if m, ok := momentOf(n); ok {
			if _, twice := at[m]; !twice {
				at[m] = n.At
			}
		}
	}
	return at
}

// reanchor returns the plan p, a change of the one of best, with each fault moved
// to where it was in best relative to the clients, as the moments of a run of p
// show.
func reanchor(best *Result, p Plan, at moments) Plan {
	kept := map[linearizability.OpID]bool{}
	for _, op := range p.Ops {
		kept[linearizability.OpID{Client: op.Client, N: op.N}] = true
	}
	p.Faults = slices.Clone(p.Faults)
	for i, f := range p.Faults {
		began := beginning(best, f)
		if began < 0 {
			continue
		}
		before, after := neighbours(best.Notes, began, kept)
		if t, ok := newTime(best.Notes, before, began, after, at); ok {
			p.Faults[i].At = t
		}
	}
	return p
}

// beginning finds the note of a fault that began at a time, by index; -1 if there
// is none.
func beginning(r *Result, f faults.Fault) int {
	if f.Point != "" {
		return -1
	}
	text := f.String()
	return slices.IndexFunc(r.Notes, func(n Note) bool {
		b, ok := n.Fact.(FaultBegan)
		return ok && b.Text == text
	})
}

// neighbours finds the moments around the note at began, by index, among those of
// operations that are kept; -1 for none.
func neighbours(notes []Note, began int, kept map[linearizability.OpID]bool) (before, after int) {
	before, after = -1, -1
	for i, n := range notes {
		m, ok := momentOf(n)
		switch {
		case !ok || !kept[m.op]:
		case i < began:
			before = i
		case after < 0:
			after = i
		}
	}
	return before, after
}

// newTime is when the fault has to begin to lie between the same moments again:
// as long after the first as it was, or halfway if that is too late.
func newTime(notes []Note, before, began, after int, at moments) (time.Duration, bool) {
	var from, since time.Duration
	if before >= 0 {
		m, _ := momentOf(notes[before])
		t, ok := at[m]
		if !ok {
			return 0, false
		}
		from, since = t, notes[before].At
	}
	gap := notes[began].At - since
	if after >= 0 {
		m, _ := momentOf(notes[after])
		if t, ok := at[m]; ok && from+gap >= t {
			gap = max((t-from)/2, time.Microsecond)
		}
	}
	return from + gap, true
}
