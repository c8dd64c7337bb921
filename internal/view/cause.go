package view

import (
	"maps"
	"math"
	"slices"
	"sort"
	"strings"

	"github.com/simrun/simrun/internal/trace"
)

// A Failure is what a story has to explain.
type Failure struct {
	// Check names what failed, Why says it in words of the domain.
	Check, Why string
	// Operations are the ids, such as "c0#7", of those that show it. If there are
	// none, they are those that Why names. Without any, the story ends in the step
	// that failed, or in what else Why speaks of.
	Operations []string
}

// A slice is the part of a trace that a failure follows from.
type slice struct {
	events []trace.Event
	in     []bool
	root   []bool           // what the rest explains
	queue  []int            // sorted
	sends  map[uint64][]int // by causal key
	steps  map[int64][]int  // what was brought about in a step, by its Seq
}

// explain finds the events that a failure follows from: of each operation that
// shows it, what its outcome follows from; of each piece of evidence, what led to
// it last; and the faults that hit a host on the way. With effects it also has what
// each operation brought about until its outcome was known.
func explain(events []trace.Event, f Failure, effects bool) *slice {
	s := &slice{
		events: events, in: make([]bool, len(events)), root: make([]bool, len(events)),
		sends: map[uint64][]int{}, steps: map[int64][]int{},
	}
	for i, e := range events {
		if e.Kind == trace.Send {
			s.sends[e.Key] = append(s.sends[e.Key], i)
		}
		if e.Cause != 0 {
			s.steps[e.Cause] = append(s.steps[e.Cause], i)
		}
	}
	named, failed := s.roots(f)
	s.operations(slices.Concat(named, failed), effects)
	// A check of the whole run has no step to start from, nor has a limit.
	inStep := func(i int) bool { return events[i].Cause != 0 }
	if len(named) > 0 || slices.ContainsFunc(failed, inStep) {
		for _, i := range s.witnesses(f) {
			s.in[i] = true
		}
		s.faults()
		return s
	}
	found := evidence(events, f)
	if len(failed) > 0 {
		found = append(found, lastOf(events, f)...)
	}
	for _, i := range found {
		s.root[i] = true
		s.backward(i, 0, evidenceLines)
		if events[i].Kind == trace.Call {
			s.forward(i, len(events))
		}
	}
	s.allFaults(moment(events, f.Why))
	return s
}

// witnesses are facts of the hosts that the reason names, noted while what the
// failure is about was going on.
func (s *slice) witnesses(f Failure) []int {
	first, last := slices.Index(s.root, true), len(s.root)-1
	for !s.root[last] {
		last--
	}
	if s.events[first].Kind == trace.Fail {
		first = 0
	}
	why := newReason(f.Why)
	found := why.best(s.events[first:last+1], func(e trace.Event) bool { return isFact(e) && why.place(e) > 0 })
	for k := range found {
		found[k] += first
	}
	return found
}

// operations marks what operations and failed steps follow from.
func (s *slice) operations(shown []int, effects bool) {
	open := map[string]int{} // operations called and not returned
	for _, i := range shown {
		s.root[i] = true
		switch e := s.events[i]; e.Kind {
		case trace.Call:
			open[e.Msg] = i
			s.in[i] = true
		case trace.Return:
			s.backward(i, open[e.Msg], math.MaxInt)
			if effects {
				s.forward(open[e.Msg], i)
			}
			delete(open, e.Msg)
		default:
			s.backward(i, 0, math.MaxInt)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(open)) {
		s.forward(open[id], len(s.events))
	}
}

// roots finds the calls and returns of the operations of a failure, each call
// before its return, and the events in which the run failed.
func (s *slice) roots(f Failure) (named, failed []int) {
	wanted := map[string]bool{}
	for _, id := range f.Operations {
		wanted[id] = true
	}
	for i, e := range s.events {
		switch e.Kind {
		case trace.Call, trace.Return:
			if wanted[e.Msg] || len(wanted) == 0 && mentions(f.Why, e.Msg) {
				named = append(named, i)
			}
		case trace.Fail:
			failed = append(failed, i)
		}
	}
	return named, failed
}

// at returns the index of the event with a Seq.
func (s *slice) at(seq int64) (int, bool) {
	i := sort.Search(len(s.events), func(i int) bool { return s.events[i].Seq >= seq })
	return i, seq != 0 && i < len(s.events) && s.events[i].Seq == seq
}

func (s *slice) mark(i int) {
	if s.in[i] {
		return
	}
	s.in[i] = true
	at, _ := slices.BinarySearch(s.queue, i)
	s.queue = slices.Insert(s.queue, at, i)
}

// backward marks an event and what it was brought about by, the latest first, down
// to the event at floor: what a client did before an operation does not explain it.
// It stops at a number of lines of the story. Facts noted in a step are part of it.
func (s *slice) backward(root, floor, lines int) {
	s.mark(root)
	for len(s.queue) > 0 && lines > 0 {
		i := s.queue[len(s.queue)-1]
		s.queue = s.queue[:len(s.queue)-1]
		e := s.events[i]
		if telling(e) {
			lines--
		}
		if j, ok := s.at(e.Cause); ok && j < i && j >= floor {
			s.mark(j)
		}
		if e.Kind.Step() {
			for _, j := range s.steps[e.Seq] {
				if j < root && isFact(s.events[j]) {
					s.in[j] = true
				}
			}
		}
		if e.Kind != trace.Deliver {
			continue
		}
		for _, j := range s.sends[e.Key] {
			if j < i && j >= floor {
				s.mark(j)
			}
		}
	}
	for _, i := range s.queue {
		s.in[i] = false
	}
	s.queue = s.queue[:0]
}

// forward marks what an operation brought about before the event at end: the
// messages that were sent between its call and the next call of its path, lost
// ones included, and all that follows from them.
func (s *slice) forward(call, end int) {
	const most = 200
	path := s.events[call].Path
	keys := map[uint64]bool{}
	for i := call + 1; i < end; i++ {
		e := s.events[i]
		if e.Kind == trace.Duplicate && e.Peer == path {
			s.in[i] = true
			keys[e.Key] = true
		}
		if e.Path != path {
			continue
		}
		if e.Kind == trace.Call || e.Kind.Step() {
			break
		}
		if e.Kind == trace.Send {
			s.in[i] = true
			keys[e.Key] = true
		}
	}
	var steps []int64
	for i := call + 1; i < end; i++ {
		if e := s.events[i]; e.Kind != trace.Send && keys[e.Key] {
			s.in[i] = true
			steps = append(steps, e.Seq)
		}
	}
	for n := 0; n < len(steps) && n < most; n++ {
		for _, j := range s.steps[steps[n]] {
			if k := s.events[j].Kind; j >= end || k == trace.Call || k == trace.Return {
				continue
			}
			s.in[j] = true
			steps = append(steps, s.events[j].Seq)
		}
	}
}

// faults marks what befell the hosts on the way. Faults of links are marked
// between the first and the last marked event.
func (s *slice) faults() {
	hosts := map[string]bool{}
	first, last := len(s.events), -1
	for i, e := range s.events {
		if s.in[i] {
			hosts[e.Host] = true
			first, last = min(first, i), i
		}
	}
	for i, e := range s.events {
		switch {
		case e.Kind.Down(), e.Kind == trace.Restart:
			s.in[i] = s.in[i] || hosts[e.Host] && i <= last
		case e.Kind == trace.Fault && e.Host != "":
			s.in[i] = s.in[i] || hosts[e.Host] && i >= first && i <= last
		case e.Kind == trace.Partition, e.Kind == trace.Cut, e.Kind == trace.Heal, e.Kind == trace.Fault:
			s.in[i] = s.in[i] || i >= first && i <= last
		}
	}
}

// allFaults marks the faults among the first n events.
func (s *slice) allFaults(n int) {
	for i, e := range s.events[:n] {
		s.in[i] = s.in[i] || isFault(e)
	}
}

// isFault reports that an event is a fault or its end.
func isFault(e trace.Event) bool {
	switch e.Kind {
	case trace.Restart, trace.Partition, trace.Cut, trace.Heal, trace.Fault:
		return true
	}
	return e.Kind.Down()
}

// isFact reports that an event is a fact noted by an actor or a program. Points and
// states that are only counted have a name and no text.
func isFact(e trace.Event) bool { return e.Kind == trace.Note && e.Text != "" }

// hostOf returns the host of a path.
func hostOf(path string) string {
	host, _, _ := strings.Cut(path, "/")
	return host
}
