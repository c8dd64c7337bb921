package harness

import (
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

const (
	stallTick = 10 * time.Millisecond
	// stallMin is how late a process gets the processor before that counts. On an idle
	// machine it is a tenth of a millisecond.
	stallMin = 15 * time.Millisecond
)

// watchStalls reports the times in which this process was ready to run and did not,
// because the machine was busy with others, until over is closed. To its hosts that is a
// pause like any other, and promises of how long something takes are held to the clock
// of a host that runs.
func watchStalls(clock func() time.Duration, over <-chan struct{}, stalled func(from, late time.Duration)) {
	ticker := time.NewTimer(stallTick)
	defer ticker.Stop()
	for {
		from := clock()
		ticker.Reset(stallTick)
		select {
		case <-ticker.C:
			if late := clock() - from - stallTick; late >= stallMin {
				stalled(from, late+stallTick)
			}
		case <-over:
			return
		}
	}
}

// stallFact is the fact that hosts were held up by the machine.
func stallFact(from, late time.Duration, hosts ...string) sim.FaultBegan {
	f := faults.Fault{At: from, Kind: faults.Pause, Hosts: hosts, For: late}
	return sim.FaultBegan{Text: f.String()}
}
