package scenarios

import (
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// groupCalm is a group on which nothing goes wrong: the control of the others, and what
// the real world is put through.
func groupCalm() sim.Scenario {
	return groupScenario(sim.Scenario{
		Name:    "group/calm",
		Doc:     "numbered configurations on a raft group of 3, and no faults",
		Knobs:   func(*faults.Draw) sim.Knobs { return sim.Knobs{}.With("tick", "20ms") },
		Profile: faults.Profile{DelayMin: time.Millisecond, DelayMax: 5 * time.Millisecond, DiskMax: time.Millisecond},
	}, groupLoad{clients: 3, ops: 60, names: 2, pause: 20 * time.Millisecond})
}
