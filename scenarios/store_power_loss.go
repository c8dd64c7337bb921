package scenarios

import (
	"time"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// storePowerLoss takes the power from servers, often from all of them at once and
// often at the worst moment. What was promised must be there afterwards.
func storePowerLoss() sim.Scenario {
	return storeScenario(sim.Scenario{
		Name: "store/power-loss",
		Doc:  "crashes and power losses, of all servers at once too, at chosen points of the log",
		Knobs: func(d *faults.Draw) sim.Knobs {
			return smallLimits(d).With("tolerate", d.IntN("tolerate", 3))
		},
		Profile: storeHosts(faults.Profile{
			DelayMin: time.Millisecond, DelayMax: 10 * time.Millisecond,
			DropMax: 20, DuplicateMax: 20, DiskMax: 50 * time.Millisecond, FIFO: 500, Random: 100,
			Span: 2 * time.Second, DownMin: 5 * time.Millisecond, DownMax: 2 * time.Second,
			Crashes: 3, PowerLosses: 4, Stops: 1, PowerLossAll: 400,
			Points: logPoints,
		}),
		Sometimes: []string{
			string(store.SawTornTail), string(store.SawDedupeHit), string(store.SawTransferFinished), string(store.SawLogSnapshot),
		},
	}, Load{Clients: 3, Ops: 150, Keys: 4, Spaces: 2, Window: 16, Unwaited: 100, Pause: 100 * time.Millisecond})
}

// logPoints are the places in the log at which a crash is most interesting.
var logPoints = []string{
	"wal.before-sync", "wal.after-sync", "wal.before-append", "wal.before-rename", "wal.before-remove", "wal.recovering",
}

// smallLimits has some systems write their logs anew all the time, and some, with
// more keys, need several messages for a transfer or for a group of records, or
// have clients that refuse operations.
func smallLimits(d *faults.Draw) sim.Knobs {
	k := sim.Knobs{}.With("snapshot", []int{8, 50, 1000}[d.IntN("snapshot", 3)])
	if d.Permille("small messages", 400) {
		k = k.With("batch", 2).With("chunk", 1).With("configs", 3).With("keys", 24)
	}
	if d.Permille("small client", 200) {
		k = k.With("outstanding", 4)
	}
	return k
}
