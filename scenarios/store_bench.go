package scenarios

import (
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// storeBench is the yardstick for complete checked runs: 5 hosts that work, 200
// operations, at least 3 faults, at most 10 s of virtual time.
func storeBench() sim.Scenario {
	return storeScenario(sim.Scenario{
		Name: "store/bench",
		Doc:  "the yardstick: 5 hosts, 200 operations, some faults",
		Profile: storeHosts(faults.Profile{
			DelayMin: time.Millisecond, DelayMax: 10 * time.Millisecond,
			DropMax: 20, DuplicateMax: 20, DiskMax: 2 * time.Millisecond, FIFO: 500,
			Span: 3 * time.Second, DownMin: 10 * time.Millisecond, DownMax: time.Second,
			Crashes: 3, PowerLosses: 3, Partitions: 2, Isolations: 2, PowerLossAll: 200,
		}),
	}, Load{Clients: 2, Ops: 200, Keys: 8, Spaces: 2, Window: 16, Unwaited: 50, Pause: 50 * time.Millisecond})
}
