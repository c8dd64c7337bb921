package sim_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/sim"
)

// Count is the message to the counter and its answer.
type Count struct{ N int }

func init() { actors.Message("example.count", Count{}) }

// counter forgets its count in a crash.
func counter(actors.Env) actor.Actor {
	n := 0
	return actor.ReceiveFunc(func(ctx actor.Context) {
		if _, ok := ctx.Message().(Count); ok {
			n++
			ctx.Respond(Count{N: n})
		}
	})
}

// count is the only operation.
type count struct{}

func (count) String() string { return "count" }

// counting is a scenario: a system, what its clients do, what may go wrong and
// what must hold.
var counting = sim.Scenario{
	Name: "example/counting",
	Topology: func(sim.Knobs) actors.Topology {
		return actors.Topology{Hosts: []actors.Host{
			{Name: "server", Actors: []actors.ActorDef{{Name: "counter", New: counter}}},
			{Name: "c0"},
		}}
	},
	Profile: faults.Profile{
		DelayMin: time.Millisecond, DelayMax: 10 * time.Millisecond,
		Counts: faults.Counts{faults.Crash: 2}, Span: 200 * time.Millisecond, DownMin: time.Millisecond, DownMax: 50 * time.Millisecond,
		Servers: []string{"server"}, Clients: []string{"c"},
	},
	Workload: sim.Workload{
		Generate: func(*faults.Draw, sim.Knobs) (ops []sim.Op) {
			for n := range 20 {
				ops = append(ops, sim.Op{Client: "c0", N: n + 1, Do: count{}})
			}
			return ops
		},
		Parse: func(text string) (fmt.Stringer, error) { return count{}, nil },
		Client: func(env actors.Env, rec *linearizability.Recorder) func(sim.Op) error {
			return func(op sim.Op) error {
				rec.Call(op.N, op.Do)
				out := linearizability.Outcome{Certainty: linearizability.Unknown}
				if r, err := env.Request(env.PID("server/counter"), Count{}, 20*time.Millisecond); err == nil {
					out = linearizability.Outcome{Output: r.(Count).N}
				}
				rec.Return(op.N, out)
				return nil
			}
		},
	},
	Checks: []sim.Check{{Name: "grows", Func: func(o *sim.Observation) error {
		last := 0
		for _, op := range o.History.Operations {
			if n, ok := op.Output.(int); ok {
				if n <= last {
					return fmt.Errorf("%v counted %d after %d", op.ID, n, last)
				}
				last = n
			}
		}
		return nil
	}}},
}

// A failure shrinks to the few operations and faults that it needs.
func ExampleShrink() {
	for seed := uint64(1); ; seed++ {
		r := sim.Run(counting, sim.NewPlan(counting, seed))
		if r.Verdict == sim.Violation {
			r = sim.Shrink(context.Background(), counting, r)
			fmt.Printf("%v of check %q\n", r.Verdict, r.Check)
			fmt.Printf("%d operations, %d fault: %v\n", len(r.Plan.Ops), len(r.Plan.Faults), r.Plan.Faults[0].Kind)
			return
		}
	}
	// Output:
	// VIOLATION of check "grows"
	// 2 operations, 1 fault: crash
}

// A plan is text. It can be saved, edited and run again.
func ExampleReadPlan() {
	plan, err := sim.ReadPlan(strings.NewReader(`
plan     1
scenario example/counting
seed     1
net      delay 1ms
c0#1     count
c0#2     count
fault    2ms crash server for 1ms  # the first answer is still on its way
`), counting)
	if err != nil {
		fmt.Println(err)
		return
	}
	r := sim.Run(counting, plan)
	fmt.Println(r.Verdict, r.Err)

	_, err = sim.ReadPlan(strings.NewReader("plan 1\nscenario example/counting\nseed 1\nfault 2ms crush server\n"), counting)
	fmt.Println(err)
	// Output:
	// VIOLATION c0#2 counted 1 after 1
	// plan:4:11: expected a kind of fault such as crash or partition (docs/FAULTS.md has all), got "crush"
}
