package scenarios

import (
	"time"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// storePartition cuts links, in both directions or in one, between any hosts. It
// is about fencing: a deposed daemon must not answer. Hosts crash now and then,
// because a chain that changes at once finds leases that are still good.
func storePartition() sim.Scenario {
	return storeScenario(sim.Scenario{
		Name: "store/partition",
		Doc:  "hosts that cannot reach each other, but some clients and the coordinator",
		Knobs: func(d *faults.Draw) sim.Knobs {
			// With few regions a client can go without news of the chains for long.
			return sim.Knobs{}.With("lease", max(drawLease(d), 120*time.Millisecond)).
				With("tolerate", d.Between("tolerate", 1, 2)).
				With("partitions", 1<<d.IntN("partitions", 3)).
				With("spaces", d.Between("spaces", 1, 2))
		},
		Profile: storeHosts(faults.Profile{
			DelayMin: time.Millisecond, DelayMax: 80 * time.Millisecond,
			DropMax: 30, DuplicateMax: 50, DiskMax: 5 * time.Millisecond, DriftMax: 40, FIFO: 300, Random: 100,
			Span: 3 * time.Second, DownMin: 100 * time.Millisecond, DownMax: 3 * time.Second,
			Counts: faults.Counts{faults.Partition: 3, faults.Cut: 3, faults.Isolate: 3, faults.Crash: 4},
		}),
		Sometimes: []string{
			string(store.SawLeaseExpired), string(store.SawStaleEpoch), string(store.SawReconfigure),
			string(store.SawTransferFinished), string(store.SawHeadReplaced),
		},
	}, Load{Clients: 3, Ops: 150, Keys: 4, Spaces: 2, Window: 16, Unwaited: 100, Pause: 400 * time.Millisecond})
}

// drawLease has daemons expelled soon in most runs, so that much happens after it.
func drawLease(d *faults.Draw) time.Duration {
	return []time.Duration{80, 120, 120, 240, 500}[d.IntN("lease", 5)] * time.Millisecond
}
