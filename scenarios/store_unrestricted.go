package scenarios

import (
	"time"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// storeUnrestricted destroys more copies than the store promises to survive. What
// had all its copies destroyed may be gone; everything else must be there, and
// what is there must make sense. Only the coordinator is safe.
func storeUnrestricted() sim.Scenario {
	s := storeScenario(sim.Scenario{
		Name: "store/unrestricted",
		Doc:  "disks are lost without regard to how many copies the store promises to survive",
		Knobs: func(d *faults.Draw) sim.Knobs {
			tolerate := d.IntN("tolerate", 3)
			return smallLimits(d).
				With("durability", []store.Durability{store.Synced, store.Synced, store.Replicated}[d.IntN("durability", 3)]).
				With("tolerate", tolerate).
				With("daemons", d.Between("daemons", tolerate+1, 5)).
				With("lease", drawLease(d))
		},
		Profile: storeHosts(faults.Profile{
			DelayMin: time.Millisecond, DelayMax: 20 * time.Millisecond,
			DropMax: 50, DuplicateMax: 50, DiskMax: 50 * time.Millisecond, FIFO: 300, Random: 200,
			Span: 2 * time.Second, DownMin: 5 * time.Millisecond, DownMax: 2 * time.Second,
			Counts: faults.Counts{
				faults.Crash: 3, faults.PowerLoss: 3, faults.Wipe: 5, faults.Destroy: 2,
				faults.Partition: 1, faults.Cut: 1, faults.Isolate: 1,
			},
			PowerLossAll: 200, Points: logPoints, Unrestricted: 1000,
		}),
		Sometimes: []string{string(store.SawTransferFinished), string(store.SawTransferAborted)},
	}, Load{Clients: 3, Ops: 100, Keys: 4, Spaces: 2, Window: 16, Unwaited: 100, Pause: 200 * time.Millisecond})
	s.Profile.Servers = []string{"daemon"}
	s.Limits.Settle = 40 * time.Second // many runs wait in vain for what is gone
	return s
}
