package scenarios

import (
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// storeUnwaited is about operations that nobody waits for: they may vanish, or
// happen late, even after their client is dead; but once seen they stay. A client
// that comes back is another one: what its earlier life left in the network is
// refused.
func storeUnwaited() sim.Scenario {
	return storeScenario(sim.Scenario{
		Name: "store/unwaited",
		Doc:  "most operations are never waited for, and clients die",
		Knobs: func(d *faults.Draw) sim.Knobs {
			// With few regions both lives of a client meet at one head.
			return sim.Knobs{}.With("partitions", 1<<d.IntN("partitions", 3))
		},
		Profile: storeHosts(faults.Profile{
			DelayMin: time.Millisecond, DelayMax: 100 * time.Millisecond,
			DropMax: 300, DuplicateMax: 200, LateMax: 20 * time.Second,
			DiskMax: 10 * time.Millisecond, FIFO: 300, Random: 200,
			Span: time.Second, DownMin: time.Millisecond, DownMax: 500 * time.Millisecond,
			Counts: faults.Counts{faults.Isolate: 2}, ClientCrashes: 3,
		}),
		Sometimes: []string{sawSwap, sawVanished, sawAfterDeath, sawSecondLife},
	}, Load{Clients: 3, Ops: 90, Keys: 3, Spaces: 2, Window: 16, Unwaited: 900, Pause: 100 * time.Millisecond})
}
