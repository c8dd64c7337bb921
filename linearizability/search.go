package linearizability

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime/debug" //actorvet:allow the stack of a panic is for people
	"slices"

	"github.com/anishathalye/porcupine"
)

// A search looks for an order of the operations of one key that explains what the
// clients saw. It gives up by counting, so its answer never depends on the load of
// the machine.
type search struct {
	model *model
	limit int // model steps for all calls of decide
	used  int

	memory int // what Porcupine's cache holds, estimated
	weight int // of one cache entry
	gaveUp bool
	panic  any
}

// maxMemory bounds the cache of one search, in bytes as estimated. A key with tens
// of thousands of operations would fill any machine long before the steps are used.
const maxMemory = 512 << 20

// unknown is the output of an open operation.
type unknown struct{}

// porcupineShare is the part of the steps that Porcupine has, with the open
// operations and without, before a frontier tries. Nearly all keys need far less.
const porcupineShare = 8

// decide judges the operations of one key.
func (s *search) decide(ops []*Operation) Verdict {
	done, open := s.parts(ops)
	if s.walk(done) {
		return OK
	}
	share := s.limit / porcupineShare
	// An order of the completed operations explains the history with the open ones
	// too: they may all come last. Only without one they matter, and they are what
	// makes a search long.
	if verdict := s.within(share, func() Verdict { return s.porcupine(done) }); verdict == OK || verdict == Illegal && len(open) == 0 {
		return verdict
	}
	if len(open) > 0 {
		all := slices.Concat(done, open)
		if verdict := s.within(share, func() Verdict { return s.porcupine(all) }); verdict != Undecided {
			return verdict
		}
	}
	s.gaveUp = false
	return (&frontier{search: s}).decide(done, open)
}

// within decides with no more than some steps of what is left.
func (s *search) within(steps int, decide func() Verdict) Verdict {
	whole := s.limit
	defer func() { s.limit = whole }()
	s.limit = min(whole, s.used+steps)
	return decide()
}

// parts separates completed operations, in the order of their calls, and open
// ones. An open operation called after the last completed one had returned can only
// come last, unseen, and is left out.
func (s *search) parts(ops []*Operation) (done, open []*Operation) {
	last := int64(math.MinInt64)
	for _, op := range ops {
		if op.Certainty == Done {
			done = append(done, op)
			last = max(last, op.Return)
		}
	}
	for _, op := range ops {
		if op.Certainty != Done && op.Call <= last {
			open = append(open, op)
		}
	}
	byCall(done)
	byCall(open)
	return done, open
}

func byCall(ops []*Operation) {
	slices.SortStableFunc(ops, func(a, b *Operation) int { return cmp.Compare(a.Call, b.Call) })
}

// walk tries the two orders that most legal histories have, by call and by return,
// without the machinery of a search.
func (s *search) walk(done []*Operation) bool {
	if s.explains(done) {
		return true
	}
	byReturn := slices.Clone(done)
	slices.SortStableFunc(byReturn, func(a, b *Operation) int { return cmp.Compare(a.Return, b.Return) })
	return s.explains(byReturn)
}

// explains says whether this very order gives the answers that were seen.
func (s *search) explains(order []*Operation) bool {
	state := s.model.init()
	for _, op := range order {
		if s.used >= s.limit {
			return false
		}
		s.used++
		next, out := s.model.apply(state, op.Input)
		if !s.model.match(op.Input, out, op.Output) {
			return false
		}
		state = next
	}
	return true
}

// porcupine searches all orders.
func (s *search) porcupine(ops []*Operation) Verdict {
	history := make([]porcupine.Operation, len(ops))
	for i, op := range ops {
		history[i] = porcupine.Operation{Input: op.Input, Output: op.Output, Call: op.Call, Return: op.end()}
		if op.Certainty != Done {
			history[i].Output = unknown{}
		}
	}
	s.memory, s.weight, s.gaveUp = 0, 256+len(ops)/4, false
	legal := porcupine.CheckOperations(porcupine.Model{
		Init:        s.model.init,
		StepContext: s.step,
		Equal: func(a, b any) (equal bool) {
			defer s.catch()
			return s.model.equal(a, b)
		},
		Hash: s.stateHash(),
	}, history)
	if s.panic != nil {
		panic(s.panic)
	}
	switch {
	case legal:
		return OK
	case s.gaveUp:
		return Undecided
	default:
		return Illegal
	}
}

// step is the model as Porcupine wants it. Once the search has given up no step is
// possible any more, so it unwinds without further work and ends illegal, which
// then means undecided.
func (s *search) step(_ context.Context, state, in, out any) (ok bool, next any) {
	defer s.catch()
	if s.gaveUp || s.used >= s.limit || s.memory > maxMemory {
		s.gaveUp = true
		return false, nil
	}
	s.used++
	next, want := s.model.apply(state, in)
	if _, open := out.(unknown); !open && !s.model.match(in, want, out) {
		return false, nil
	}
	s.memory += s.weight
	return true, next
}

func (s *search) stateHash() func(any) uint64 {
	if s.model.hash == nil {
		return nil
	}
	return func(state any) (h uint64) {
		defer s.catch()
		return s.model.hash(state)
	}
}

// catch keeps a panic of a user's function. Porcupine calls it on a goroutine of its
// own, where nobody could recover it: it goes on from the goroutine of Check.
func (s *search) catch() {
	if p := recover(); p != nil {
		s.gaveUp = true
		s.panic = fmt.Sprintf("%v\n%s", p, debug.Stack())
	}
}
