package scenarios

import (
	"fmt"
	"time"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/sim"
)

// storeRefused has fewer daemons than its spaces need. Creating them is refused,
// and so is every operation: nothing is ever kept with fewer copies than promised.
func storeRefused() sim.Scenario {
	return storeScenario(sim.Scenario{
		Name: "store/refused",
		Doc:  "fewer daemons than the space needs: no space, and no operation succeeds",
		Knobs: func(d *faults.Draw) sim.Knobs {
			tolerate := d.Between("tolerate", 1, 2)
			return sim.Knobs{}.
				With("tolerate", tolerate).
				With("daemons", d.Between("daemons", 1, tolerate)).
				With("patience", 2*time.Second)
		},
		Profile: storeHosts(faults.Profile{
			DelayMin: time.Millisecond, DelayMax: 20 * time.Millisecond, DropMax: 50, DuplicateMax: 50,
		}),
		Checks: []sim.Check{{Name: "refused", Func: checkAllRefused}},
	}, Load{Clients: 2, Ops: 10, Keys: 2, Spaces: 1})
}

// checkAllRefused finds the operation that was not refused.
func checkAllRefused(o *sim.Observation) error {
	for _, n := range o.Notes {
		if f, ok := n.Fact.(store.Published); ok && len(f.Config.Spaces) > 0 {
			return fmt.Errorf("space %s was created on %d daemons", f.Config.Spaces[0].Def.Name, len(f.Config.Daemons))
		}
	}
	for _, op := range o.History.Operations {
		if op.Return != linearizability.Open && op.Certainty != linearizability.Refused {
			return fmt.Errorf("operation %v was not refused but answered %v", op.ID, op.Output)
		}
	}
	return nil
}
