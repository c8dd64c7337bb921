package scenarios

import (
	"time"

	"github.com/simrun/simrun/actors/group"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// groupPartition is a group whose members lose each other: leaders that are none any
// more and cannot know it, with clients that still reach them.
func groupPartition() sim.Scenario {
	return groupScenario(sim.Scenario{
		Name: "group/partition",
		Doc:  "numbered configurations on a raft group of 3 or 5 whose members are cut off from each other, held up and late",
		Knobs: func(d *faults.Draw) sim.Knobs {
			return sim.Knobs{}.
				With("members", []int{3, 3, 5}[d.IntN("members", 3)]).
				With("clients", d.Between("clients", 2, 4)).
				With("names", d.Between("names", 1, 2)).
				With("tick", []string{"20ms", "50ms"}[d.IntN("tick", 2)])
		},
		Profile: faults.Profile{
			DelayMin: time.Millisecond, DelayMax: 20 * time.Millisecond,
			DropMax: 100, DuplicateMax: 200, LateMax: groupLate,
			DiskMax: 5 * time.Millisecond, DriftMax: 40, FIFO: 300, Random: 200, JitterMax: 1000,
			Peers: 500,
			Span:  6 * time.Second, DownMin: 100 * time.Millisecond, DownMax: 3 * time.Second,
			Counts: faults.Counts{
				faults.Partition: 4, faults.Cut: 3, faults.Isolate: 3, faults.Ring: 2, faults.Clog: 2, faults.Swizzle: 1,
				faults.Pause: 2, faults.Slow: 2,
			},
		},
		Sometimes: []string{group.SawFollowerRead, group.SawDeposed, group.SawReadLost, group.SawReadEarly},
	}, groupLoad{clients: 3, ops: 300, names: 2, pause: 50 * time.Millisecond, late: groupLate, readers: 500})
}
