package scenarios

import (
	"time"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// storeLossy is the store on a network that loses, doubles and reorders messages,
// with hosts that stay up.
func storeLossy() sim.Scenario {
	return storeScenario(sim.Scenario{
		Name: "store/lossy",
		Doc:  "lost, doubled, late and reordered messages; no host fails",
		Profile: storeHosts(faults.Profile{
			DelayMin: time.Millisecond, DelayMax: 40 * time.Millisecond,
			DropMax: 150, DuplicateMax: 200, LateMax: 5 * time.Second,
			DiskMax: 10 * time.Millisecond, DriftMax: 40, FIFO: 300, Random: 200,
		}),
		Sometimes: []string{
			string(store.SawDedupeHit), string(store.SawResent), string(store.SawFailureOnInFlight), sawSwap,
		},
	}, Load{Clients: 3, Ops: 120, Keys: 3, Spaces: 2, Window: 16, Unwaited: 200, Pause: 100 * time.Millisecond})
}
