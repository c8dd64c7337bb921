package scenarios

import (
	"cmp"
	"slices"

	"github.com/simrun/simrun/sim"
)

// A lossOracle knows since when more is lost than its system survives.
type lossOracle interface {
	sim.Oracle
	// broken is a place in the order of events, 0 for never.
	broken() int64
}

// beforeLoss has checks judge what happened before more was lost than the system
// survives. Those that need the whole run say nothing then.
func beforeLoss(oracle func(k sim.Knobs) sim.Oracle, whole bool, checks []sim.Check) []sim.Check {
	out := slices.Clone(checks)
	for i, c := range checks {
		out[i].Func = func(o *sim.Observation) error {
			before := *o
			before.Notes = notesBeforeLoss(o.Notes, oracle, o.Knobs)
			if whole && len(before.Notes) < len(o.Notes) {
				return nil
			}
			return c.Func(&before)
		}
	}
	return out
}

func notesBeforeLoss(notes []sim.Note, oracle func(k sim.Knobs) sim.Oracle, k sim.Knobs) []sim.Note {
	if !slices.ContainsFunc(notes, func(n sim.Note) bool { _, ok := n.Fact.(sim.DiskLost); return ok }) {
		return notes
	}
	fold, ok := oracle(k).(lossOracle)
	if !ok {
		return notes
	}
	for _, n := range notes {
		fold.Observe(n)
	}
	broken := fold.broken()
	if broken == 0 {
		return notes
	}
	at, _ := slices.BinarySearchFunc(notes, broken, func(n sim.Note, seq int64) int { return cmp.Compare(n.Seq, seq) })
	return notes[:at]
}
