package scenarios

import (
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// storeWindow keeps many operations outstanding and takes them as they complete.
func storeWindow() sim.Scenario {
	return storeScenario(sim.Scenario{
		Name: "store/window",
		Doc:  "clients with a large window that only loop",
		Profile: storeHosts(faults.Profile{
			DelayMin: time.Millisecond, DelayMax: 20 * time.Millisecond,
			DropMax: 50, DuplicateMax: 50, DiskMax: 5 * time.Millisecond, FIFO: 300, Random: 200,
		}),
		Sometimes: []string{sawSwap},
	}, Load{Clients: 2, Ops: 400, Keys: 24, Spaces: 2, Window: 128, LoopOnly: true})
}
