package scenarios

import (
	"time"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// storeReplicated has spaces that promise memory only: the end of a process takes
// its copies with it, so as many may end as a space tolerates, until others have
// taken their place.
func storeReplicated() sim.Scenario {
	return storeScenario(sim.Scenario{
		Name: "store/replicated",
		Doc:  "spaces whose promise is memory: every crash destroys a copy, and no more crash than is tolerated",
		Knobs: func(d *faults.Draw) sim.Knobs {
			tolerate := []int{1, 1, 2}[d.IntN("tolerate", 3)]
			return smallLimits(d).
				With("durability", store.Replicated).
				With("tolerate", tolerate).
				With("daemons", d.Between("daemons", tolerate+1, 5)).
				With("lease", drawLease(d))
		},
		Profile: storeHosts(faults.Profile{
			DelayMin: time.Millisecond, DelayMax: 20 * time.Millisecond,
			DropMax: 50, DuplicateMax: 50, DiskMax: 100 * time.Millisecond, FIFO: 300, Random: 200,
			Span: 2 * time.Second, DownMin: 5 * time.Millisecond, DownMax: 2 * time.Second,
			Counts: faults.Counts{
				faults.Crash: 5, faults.PowerLoss: 3, faults.Stop: 1, faults.Wipe: 2,
				faults.Partition: 1, faults.Cut: 1, faults.Isolate: 1,
			},
			PowerLossAll: 100, ClientCrashes: 1, Points: logPoints,
		}),
		Sometimes: []string{string(store.SawTransferFinished), string(store.SawHeadReplaced)},
	}, Load{Clients: 3, Ops: 150, Keys: 4, Spaces: 2, Window: 16, Unwaited: 100, Pause: 200 * time.Millisecond})
}
