package scenarios

import (
	"fmt"
	"strconv"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/sim"
)

// A LoadLine has so many users a second come to both tiers for a time.
type LoadLine struct {
	PerSecond int
	For       time.Duration
}

// String is: load 10 for 15s.
func (l LoadLine) String() string { return fmt.Sprintf("load %d for %v", l.PerSecond, l.For) }

// The load of a run: as many users as both tiers can serve, the trigger, time to
// recover, and as many users as before. The remote service can do 10 jobs a second, and
// two of three users want one.
const (
	collapseBefore  = 12 * time.Second
	collapseTrigger = 6 * time.Second
	collapseRest    = 11 * time.Second
	collapseAfter   = 12 * time.Second
)

const (
	sawSyncCollapse  = "the synchronous tier stays collapsed"
	sawStarvation    = "no connection is left and the processor is idle"
	sawAsyncRecovery = "the asynchronous tier recovers"
)

// collapseStep is what it takes a host to handle a message: 5,000 a second.
const collapseStep = 200 * time.Microsecond

// ticketsCollapse shows two web tiers the same load: far more users than the remote
// service can serve come for a while, or it pauses, and then as few as before.
func ticketsCollapse() sim.Scenario {
	return sim.Scenario{
		Name: "tickets/collapse",
		Doc:  "a synchronous web tier that collapses under a burst of users and stays so, beside an asynchronous one that recovers",
		Knobs: func(d *faults.Draw) sim.Knobs {
			return sim.Knobs{}.
				With("rate", d.Between("rate", 9, 12)).
				With("trigger", []string{"burst", "burst", "pause"}[d.IntN("trigger", 3)]).
				With("times", d.Between("times", 4, 6))
		},
		Topology: func(sim.Knobs) actors.Topology { return tickets.CollapseTopology(tickets.CollapseOptions{}) },
		Profile:  faults.Profile{DelayMin: 100 * time.Microsecond, DelayMax: 4 * time.Millisecond, DriftMax: 10, FIFO: 500, Clients: []string{"c"}},
		Script: func(d *faults.Draw, k sim.Knobs) (faults.Net, faults.Schedule) {
			net := faults.Net{DelayMin: 100 * time.Microsecond, DelayMax: time.Duration(d.Between("delay", 500, 4000)) * time.Microsecond, FIFO: d.Permille("fifo", 500)}
			if d.Permille("drifts", 500) {
				net.Drift = faults.Permille(d.Between("drift", 1, 10))
			}
			if k.String("trigger", "burst") != "pause" {
				return net, nil
			}
			return net, faults.Schedule{{
				At: collapseBefore, Kind: faults.Pause, For: collapseTrigger,
				Hosts: []string{tickets.SyncTier + "-" + tickets.TierImages, tickets.AsyncTier + "-" + tickets.TierImages},
			}}
		},
		Workload: sim.Workload{
			Generate: func(_ *faults.Draw, k sim.Knobs) []sim.Op {
				rate, burst := k.Int("rate", 10), 1
				if k.String("trigger", "burst") == "burst" {
					burst = k.Int("times", 5)
				}
				var ops []sim.Op
				for i, l := range []LoadLine{{rate, collapseBefore}, {rate * burst, collapseTrigger}, {rate, collapseRest}, {rate, collapseAfter}} {
					ops = append(ops, sim.Op{Client: "c0", N: i + 1, Do: l})
				}
				return ops
			},
			Parse:  parseLoadLine,
			Client: newLoadClient,
		},
		Service: collapseStep,
		Checks: []sim.Check{
			{Name: "connections", Func: checkConnections},
			{Name: "recovery", Func: checkRecovery},
		},
		Sometimes: []string{sawSyncCollapse, sawStarvation, sawAsyncRecovery},
	}
}

// parseLoadLine reads what String prints.
func parseLoadLine(text string) (fmt.Stringer, error) {
	words := faults.NewWords(text)
	if first := words.Next(); first.Text != "load" {
		return nil, first.Expected("load")
	}
	word := words.Next()
	n, err := strconv.Atoi(word.Text)
	if err != nil || n < 0 || n > 1000 {
		return nil, word.Expected("how many users come a second, up to 1000")
	}
	d, err := parseWithin(words)
	return LoadLine{PerSecond: n, For: d}, err
}

// newLoadClient is the Client function of the workload.
func newLoadClient(env actors.Env, rec *linearizability.Recorder) func(sim.Op) error {
	return func(op sim.Op) error {
		l, ok := op.Do.(LoadLine)
		if !ok {
			return fmt.Errorf("no line about load: %v", op.Do)
		}
		rec.Call(op.N, l)
		for _, tier := range []string{tickets.SyncTier, tickets.AsyncTier} {
			env.Send(env.PID(tickets.TierPath(tier, tickets.TierUsers)), tickets.SetLoad{PerSecond: l.PerSecond})
		}
		env.Clock.Sleep(l.For)
		rec.Return(op.N, linearizability.Outcome{Output: ""})
		return nil
	}
}
