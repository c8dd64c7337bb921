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
			return smallLimits(d).With("tolerate", []int{0, 1, 1, 2}[d.IntN("tolerate", 4)]).With("lease", drawLease(d))
		},
		Profile: storeHosts(faults.Profile{
			DelayMin: time.Millisecond, DelayMax: 10 * time.Millisecond,
			DropMax: 20, DuplicateMax: 20, DiskMax: 250 * time.Millisecond, FIFO: 500, Random: 100,
			Span: 1500 * time.Millisecond, DownMin: 5 * time.Millisecond, DownMax: 3 * time.Second,
			Counts: faults.Counts{faults.Crash: 4, faults.PowerLoss: 5, faults.Stop: 1}, PowerLossAll: 300,
			Points: logPoints,
		}),
		Sometimes: []string{
			string(store.SawTornTail), string(store.SawDedupeHit), string(store.SawTransferFinished), string(store.SawLogSnapshot),
		},
	}, Load{Clients: 3, Ops: 150, Keys: 4, Spaces: 2, Window: 16, Unwaited: 100, Pause: 200 * time.Millisecond})
}

// logPoints are the places at which a crash of a server is most interesting: in
// the log, most of all when much is written and nothing synced, and in a transfer.
var logPoints = []string{
	"wal.before-sync", "wal.before-sync", "wal.before-sync", "wal.before-sync",
	"wal.after-sync", "wal.before-append", "wal.before-rename", "wal.before-rename", "wal.before-remove", "wal.before-remove",
	"wal.recovering", "wal.recovering",
	"transfer.wiped", "transfer.chunk", "transfer.chunk", "transfer.caught-up", "transfer.source",
}

// smallLimits has some systems write their logs anew all the time, and some, with
// more keys, need several messages for a transfer or for a group of records, or
// have clients that refuse operations, or values so long that a record is torn in
// more than one place.
func smallLimits(d *faults.Draw) sim.Knobs {
	k := sim.Knobs{}.With("snapshot", []int{8, 50, 1000}[d.IntN("snapshot", 3)])
	if d.Permille("small messages", 400) {
		k = k.With("batch", 2).With("chunk", 1).With("configs", 3).With("keys", 24)
	}
	if d.Permille("small client", 200) {
		k = k.With("outstanding", 4)
	}
	if d.Permille("long words", 250) {
		k = k.With("words", "long")
	}
	return k
}
