package scenarios

import (
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// storeUnwaited is about operations that nobody waits for: they may vanish, or
// happen late, even after their client is dead; but once seen they stay.
func storeUnwaited() sim.Scenario {
	return storeScenario(sim.Scenario{
		Name: "store/unwaited",
		Doc:  "most operations are never waited for, and clients die",
		Profile: storeHosts(faults.Profile{
			DelayMin: time.Millisecond, DelayMax: 100 * time.Millisecond,
			DropMax: 300, DuplicateMax: 200, LateMax: 20 * time.Second,
			DiskMax: 10 * time.Millisecond, FIFO: 300, Random: 200,
			Span: 2 * time.Second, DownMin: 10 * time.Millisecond, DownMax: 500 * time.Millisecond,
			Isolations: 2, ClientCrashes: 2,
		}),
		Sometimes: []string{sawSwap, sawVanished, sawAfterDeath},
	}, Load{Clients: 3, Ops: 90, Keys: 3, Spaces: 2, Window: 16, Unwaited: 900, Pause: 50 * time.Millisecond})
}
