package scenarios

import (
	"fmt"

	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// checkRefusals holds the store to refusing what the space does not take, for the
// right reason, and nothing else. A client may also refuse for want of room, or if
// it hears of no such space.
func checkRefusals(o *sim.Observation) error {
	for _, n := range o.Notes {
		f, ok := n.Fact.(RefusedAs)
		if !ok || f.Status == models.Throttled || f.Status == models.UnknownSpace {
			continue
		}
		want := spaceOf(f.Op).Refuse(f.Op)
		if f.Status == models.TooLarge && want == models.Success {
			continue // the object would have been
		}
		if f.Status != want {
			return fmt.Errorf("%s: %v was refused with %v, want %v", n.Host, f.Op, f.Status, want)
		}
	}
	for i := range o.History.Operations {
		op := &o.History.Operations[i]
		if op.Certainty != linearizability.Done {
			continue
		}
		do := op.Input.(models.Op)
		if want := spaceOf(do).Refuse(do); want != models.Success {
			return fmt.Errorf("%v was answered and not refused with %v", op, want)
		}
	}
	return nil
}

// spaceOf finds the space of an operation that a client of the scenarios issued.
func spaceOf(op models.Op) models.Space {
	for _, s := range storeSpaces {
		if s.Name == op.Space {
			return s
		}
	}
	return models.Space{}
}
