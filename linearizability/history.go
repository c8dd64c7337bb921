package linearizability

import (
	"fmt"
	"iter"
	"math"
)

// An Operation is one operation of a History. Call and Return are places in the
// strictly increasing order of events; two operations overlap if neither returned
// before the other was called. Equal places are concurrent: a live run may stamp
// two events alike.
type Operation struct {
	ID        OpID
	Input     any
	Output    any // nil unless Certainty is Done
	Certainty Certainty
	Call      int64
	Return    int64 // Open if the application never learned a certain outcome
}

// String prints the operation as stories do: c0#7 put k {n: 1} -> SUCCESS.
func (o Operation) String() string {
	switch o.Certainty {
	case Done:
		return fmt.Sprintf("%v %v -> %v", o.ID, o.Input, o.Output)
	case Refused:
		return fmt.Sprintf("%v %v -> refused", o.ID, o.Input)
	default:
		return fmt.Sprintf("%v %v -> ?", o.ID, o.Input)
	}
}

// before says that o had ended when p began, so that every order must keep them so.
func (o *Operation) before(p *Operation) bool { return o.end() < p.Call }

// end is the place of the return; an operation that is not certain has none,
// whatever its Return says.
func (o *Operation) end() int64 {
	if o.Certainty == Unknown {
		return Open
	}
	return o.Return
}

// Open is the Return of an operation that may still take effect at the end of the
// history.
const Open = math.MaxInt64

// A History is what clients saw, in the order of the calls.
type History struct {
	Operations []Operation
}

// Collect builds the history from the facts of a run, each with its place in the
// order of events. Facts that are neither Called nor Returned are ignored, so it
// can be fed all notes of a run. An operation without a Returned, or one whose
// outcome is Unknown, is open to the end. A return without its call, a second call
// or a second return of one operation is an error: the recording is broken and
// nothing can be judged.
func Collect(facts iter.Seq2[int64, any]) (History, error) {
	var h History
	index := map[OpID]int{}
	var returned []bool
	for at, fact := range facts {
		switch f := fact.(type) {
		case Called:
			if _, twice := index[f.Op]; twice {
				return History{}, fmt.Errorf("history: %v was called twice", f.Op)
			}
			index[f.Op] = len(h.Operations)
			h.Operations = append(h.Operations, Operation{ID: f.Op, Input: f.Input, Certainty: Unknown, Call: at, Return: Open})
			returned = append(returned, false)
		case Returned:
			i, called := index[f.Op]
			if !called {
				return History{}, fmt.Errorf("history: %v returned but was never called", f.Op)
			}
			if returned[i] {
				return History{}, fmt.Errorf("history: %v returned twice", f.Op)
			}
			returned[i] = true
			op := &h.Operations[i]
			switch f.Outcome.Certainty {
			case Done:
				op.Certainty, op.Output, op.Return = Done, f.Outcome.Output, at
			case Refused:
				op.Certainty, op.Return = Refused, at
			case Unknown:
				// Stays open: nobody knows when, or whether, it takes effect.
			default:
				return History{}, fmt.Errorf("history: %v returned with certainty %d", f.Op, f.Outcome.Certainty)
			}
		}
	}
	return h, nil
}
