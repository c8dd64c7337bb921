package scenarios

import (
	"slices"
	"time"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// storeChaos is the default swarm: everything that can go wrong, on systems of
// every shape. Each seed draws which kinds of faults and operations are on.
func storeChaos() sim.Scenario {
	s := storeScenario(sim.Scenario{
		Name: "store/chaos",
		Doc:  "everything that can go wrong, within the fault budget, on systems of every shape",
		Knobs: func(d *faults.Draw) sim.Knobs {
			tolerate := []int{0, 1, 1, 2}[d.IntN("tolerate", 4)]
			lease, coordinators := drawLease(d), []int{1, 1, 3}[d.IntN("coordinators", 3)]
			if coordinators > 1 {
				lease = max(lease, 250*time.Millisecond) // they ask each other before they grant one
			}
			return smallLimits(d).
				With("tolerate", tolerate).
				With("coordinators", coordinators).
				With("daemons", d.Between("daemons", tolerate+1, 5)).
				With("partitions", 1<<d.IntN("partitions", 3)).
				With("spaces", d.Between("spaces", 1, 4)).
				With("lease", lease).
				With("retry", []string{"0s", "0s", "0s", "2ms", "400ms"}[d.IntN("retry", 5)]).
				With("resubmit", []string{"no", "yes"}[d.IntN("resubmit", 2)])
		},
		Profile: storeHosts(faults.Profile{
			DelayMin: time.Millisecond, DelayMax: 30 * time.Millisecond,
			DropMax: 300, DuplicateMax: 500, LateMax: 10 * time.Second,
			DiskMax: 100 * time.Millisecond, DriftMax: 40, FIFO: 300, Random: 200,
			OffsetMax: 288 * time.Second, JitterMax: 1000, CorruptMax: 10, CapacityMin: 4,
			Span: 2 * time.Second, DownMin: 5 * time.Millisecond, DownMax: 3 * time.Second,
			Counts: faults.Counts{
				faults.Crash: 4, faults.PowerLoss: 4, faults.Wipe: 2, faults.Destroy: 1, faults.Stop: 1,
				faults.Pause: 3, faults.Slow: 2,
				faults.Partition: 2, faults.Cut: 2, faults.Isolate: 2, faults.Ring: 1, faults.Clog: 2, faults.Swizzle: 1,
				faults.Reset: 3, faults.DropMessage: 4, faults.Replay: 6,
				faults.SlowDisk: 2, faults.SyncError: 1, faults.WriteError: 1, faults.ReadError: 1, faults.Rot: 3,
				faults.Misread: 1, faults.Misdirect: 1, faults.DiskFull: 1, faults.ReadOnly: 1,
				faults.ClockStep: 2, faults.Heal: 1,
			},
			Messages:     storeMessages,
			PowerLossAll: 200, ClientCrashes: 2, Points: slices.Concat(logPoints, diskPoints),
		}),
		Sometimes: []string{
			sawSwap, sawVanished, sawAfterDeath, sawAfterReconfigure,
			string(store.SawDedupeHit), string(store.SawTornTail), string(store.SawStaleEpoch),
			string(store.SawLeaseExpired), string(store.SawTransferAborted), string(store.SawTransferFinished),
			string(store.SawOlderBootDropped), sawSecondLife, string(store.SawTakeover),
		},
	}, Load{Clients: 3, Ops: 125, Keys: 4, Spaces: 2, Window: 16, Unwaited: 200, Pause: 150 * time.Millisecond})
	s.Workload.Rounds = storeRounds()
	return s
}

// diskPoints are the calls of a disk that change something: a crash falls between any
// two of them, also where nobody thought of noting a point.
var diskPoints = []string{
	"disk.append", "disk.write", "disk.truncate", "disk.rename", "disk.remove", "disk.sync", "disk.sync-folder",
}

// storeMessages are what daemons, clients and the coordinator send to each other.
// What reconfigures the system is rare beside the rest, so one loss of it weighs
// more.
var storeMessages = []string{
	"store.request", "store.reply", "store.stale", "store.configuration", "store.poll",
	"store.heartbeat", "store.grant", "store.grant", "store.fence", "store.fence-ack", "store.caught-up",
	"store.chain", "store.ack", "store.resume", "store.pull", "store.chunk",
}
