package scenarios

import (
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// storeBench is the yardstick for complete checked runs: 5 hosts that work, 200
// operations, 3 faults or more in most runs, at most 10 s of virtual time.
func storeBench() sim.Scenario {
	return storeScenario(sim.Scenario{
		Name: "store/bench",
		Doc:  "the yardstick: 5 hosts, 200 operations, some faults",
		Profile: storeHosts(faults.Profile{
			DelayMin: time.Millisecond, DelayMax: 10 * time.Millisecond,
			DropMax: 20, DuplicateMax: 20, DiskMax: 2 * time.Millisecond, FIFO: 500,
			Span: time.Second, DownMin: 10 * time.Millisecond, DownMax: 500 * time.Millisecond,
			Counts: faults.Counts{faults.Crash: 6, faults.PowerLoss: 6, faults.Stop: 2, faults.Partition: 4, faults.Cut: 4, faults.Isolate: 4}, PowerLossAll: 200,
		}),
	}, Load{Clients: 2, Ops: 200, Keys: 8, Spaces: 2, Window: 16, Unwaited: 50, Pause: 100 * time.Millisecond})
}
