package scenarios

import (
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// storeLying has disks that say that they have synced what they have not. Nothing
// can be built on such a disk alone, so the budget counts a daemon that loses power
// on it as one that lost its copies; with the others nothing may be lost. The
// coordinator, of which there is one, has an honest disk.
func storeLying() sim.Scenario {
	p := storeHosts(faults.Profile{
		DelayMin: time.Millisecond, DelayMax: 15 * time.Millisecond,
		DropMax: 50, DuplicateMax: 50, DiskMax: 50 * time.Millisecond, FIFO: 500, Random: 100,
		Span: 1500 * time.Millisecond, DownMin: 5 * time.Millisecond, DownMax: 2 * time.Second,
		Counts: faults.Counts{faults.LyingSync: 3, faults.PowerLoss: 6, faults.Crash: 2, faults.Heal: 1},
		Points: logPoints,
	})
	p.Servers = []string{"daemon"}
	return storeScenario(sim.Scenario{
		Name: "store/lying",
		Doc:  "disks that lie about what they have synced, and power losses, within the fault budget",
		Knobs: func(d *faults.Draw) sim.Knobs {
			return smallLimits(d).With("tolerate", 1+d.IntN("tolerate", 2)).With("daemons", d.Between("daemons", 3, 5)).With("lease", drawLease(d))
		},
		Profile: p,
	}, Load{Clients: 3, Ops: 100, Keys: 4, Spaces: 2, Window: 16, Unwaited: 100, Pause: 150 * time.Millisecond})
}
