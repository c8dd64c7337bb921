package view

import (
	"maps"
	"slices"
	"sort"
	"strings"

	"github.com/simrun/simrun/internal/trace"
)

// A Failure is what a story has to explain.
type Failure struct {
	// Check names what failed, Why says it in words of the domain.
	Check, Why string
	// Operations are the ids, such as "c0#7", of those that show it. Without any,
	// the story ends in the step that failed, or tells of all operations.
	Operations []string
}

// A slice is the part of a trace that a failure follows from.
type slice struct {
	events []trace.Event
	in     []bool
	queue  []int
	sends  map[uint64][]int // by causal key
	steps  map[int64][]int  // what was brought about in a step, by its Seq
}

// explain returns which events a failure follows from: of each operation what its
// outcome follows from, and the faults that hit a host on the way. With effects it
// also has what each operation brought about until its outcome was known.
func explain(events []trace.Event, f Failure, effects bool) []bool {
	s := &slice{
		events: events, in: make([]bool, len(events)),
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
	open := map[string]int{} // operations called and not returned
	for _, i := range s.roots(f) {
		switch e := events[i]; e.Kind {
		case trace.Call:
			open[e.Msg] = i
			s.in[i] = true
		case trace.Return:
			s.backward(i, open[e.Msg])
			if effects {
				s.forward(open[e.Msg], i)
			}
			delete(open, e.Msg)
		default:
			s.backward(i, 0)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(open)) {
		s.forward(open[id], len(events))
	}
	s.faults()
	return s.in
}

// roots finds the calls and returns of the operations of a failure, each call
// before its return.
func (s *slice) roots(f Failure) []int {
	wanted := map[string]bool{}
	for _, id := range f.Operations {
		wanted[id] = true
	}
	var named, failed, all []int
	for i, e := range s.events {
		switch e.Kind {
		case trace.Call, trace.Return:
			all = append(all, i)
			if wanted[e.Msg] {
				named = append(named, i)
			}
		case trace.Fail:
			failed = append(failed, i)
		}
	}
	switch {
	case len(named) > 0:
		return append(named, failed...)
	case len(failed) > 0:
		return failed
	}
	return all
}

// at returns the index of the event with a Seq.
func (s *slice) at(seq int64) (int, bool) {
	i := sort.Search(len(s.events), func(i int) bool { return s.events[i].Seq >= seq })
	return i, seq != 0 && i < len(s.events) && s.events[i].Seq == seq
}

func (s *slice) mark(i int) {
	if !s.in[i] {
		s.in[i] = true
		s.queue = append(s.queue, i)
	}
}

// backward marks an event and all that it was brought about by, down to the event
// at floor: what a client did before an operation does not explain it.
func (s *slice) backward(i, floor int) {
	s.mark(i)
	for len(s.queue) > 0 {
		i := s.queue[len(s.queue)-1]
		s.queue = s.queue[:len(s.queue)-1]
		e := s.events[i]
		if j, ok := s.at(e.Cause); ok && j < i && j >= floor {
			s.mark(j)
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
		case e.Kind == trace.Partition, e.Kind == trace.Cut, e.Kind == trace.Heal:
			s.in[i] = s.in[i] || i >= first && i <= last
		}
	}
}

// hostOf returns the host of a path.
func hostOf(path string) string {
	host, _, _ := strings.Cut(path, "/")
	return host
}
