package simcli

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/sim"
)

// The scenarios of the tests are all one system: a counter that clients
// increment. It lives in memory, so a crash sets it back, which only tiny/broken
// minds.

type increment struct{ By int }

type total struct{ N int }

func init() {
	actors.Message("tiny.increment", increment{})
	actors.Message("tiny.total", total{})
	actors.Facts("tiny", add(0), total{})
}

func counter(env actors.Env) actor.Actor {
	n := 0
	return actor.ReceiveFunc(func(ctx actor.Context) {
		if m, ok := ctx.Message().(increment); ok {
			n += m.By
			ctx.Respond(total{N: n})
		}
	})
}

// add is the operation "add N".
type add int

func (a add) String() string { return fmt.Sprintf("add %d", int(a)) }

func parseAdd(text string) (fmt.Stringer, error) {
	n, err := strconv.Atoi(strings.TrimPrefix(text, "add "))
	if err != nil || add(n).String() != text {
		return nil, errors.New("want: add N")
	}
	return add(n), nil
}

// client sends each operation until there is an answer.
func client(env actors.Env, rec *linearizability.Recorder) func(op sim.Op) error {
	return func(op sim.Op) error {
		rec.Call(op.N, op.Do)
		for {
			r, err := env.Request(env.PID("server/counter"), increment{By: int(op.Do.(add))}, 20*time.Millisecond)
			if errors.Is(err, actors.ErrTimeout) {
				env.Note(actors.Sometimes("asked again"))
				continue
			}
			if err != nil {
				return err
			}
			env.Note(actors.Sometimes("answered"))
			rec.Return(op.N, linearizability.Outcome{Output: r})
			return nil
		}
	}
}

// neverDown fails when the counter has gone back. The history is in the order of
// calls, and each client waits, so it is enough to look at one client.
func neverDown(o *sim.Observation) error {
	last, seen := 0, linearizability.OpID{}
	for _, op := range o.History.Operations {
		if op.Return == linearizability.Open || op.ID.Client != "c0" {
			continue
		}
		n := op.Output.(total).N
		if n < last {
			return fmt.Errorf("the counter was %d at %v, and %d at %v", last, seen, n, op.ID)
		}
		last, seen = n, op.ID
	}
	return nil
}

func tiny(name, doc string) sim.Scenario {
	return sim.Scenario{
		Name: name, Doc: doc,
		Topology: func(sim.Knobs) actors.Topology {
			return actors.Topology{Hosts: []actors.Host{
				{Name: "server", Actors: []actors.ActorDef{{Name: "counter", New: counter}}},
				{Name: "c0"}, {Name: "c1"},
			}}
		},
		Profile: faults.Profile{
			DelayMin: time.Millisecond, DelayMax: 5 * time.Millisecond,
			Span: 100 * time.Millisecond, DownMin: 5 * time.Millisecond, DownMax: 20 * time.Millisecond,
			Counts: faults.Counts{faults.Crash: 2}, Servers: []string{"server"}, Clients: []string{"c"},
		},
		Workload: sim.Workload{
			Generate: func(d *faults.Draw, _ sim.Knobs) []sim.Op {
				var ops []sim.Op
				for _, c := range []string{"c0", "c1"} {
					for n := range 8 {
						ops = append(ops, sim.Op{Client: c, N: n + 1, Do: add(d.Sub(c, n).Between("by", 1, 9))})
					}
				}
				return ops
			},
			Parse:  parseAdd,
			Client: client,
		},
		Sometimes: []string{"answered"},
	}
}

// tossed makes tiny/coin depend on more than its plan.
var tossed atomic.Int64

func testScenarios() []sim.Scenario {
	broken := tiny("tiny/broken", "a counter that must not go back, and does")
	broken.Checks = []sim.Check{{Name: "never down", Func: neverDown}}

	never := tiny("tiny/never", "expects what cannot happen")
	never.Sometimes = append(never.Sometimes, "pigs fly")

	coin := tiny("tiny/coin", "not a function of its plan")
	coin.Workload.Client = func(env actors.Env, rec *linearizability.Recorder) func(sim.Op) error {
		return func(sim.Op) error {
			env.Clock.Sleep(time.Duration(tossed.Add(1)))
			return nil
		}
	}

	hang := tiny("tiny/hang", "never ends")
	hang.Workload.Client = func(actors.Env, *linearizability.Recorder) func(sim.Op) error {
		return func(sim.Op) error {
			for {
				tossed.Add(1)
			}
		}
	}

	crash := tiny("tiny/panic", "a workload with a bug")
	crash.Workload.Generate = func(*faults.Draw, sim.Knobs) []sim.Op { panic("no operation\x1b[31m comes to mind") }

	endless := tiny("tiny/endless", "reaches its limit of steps")
	endless.Limits.Steps = 20
	endless.Sometimes = nil

	leak := tiny("tiny/leak", "an actor that starts a goroutine")
	forever := make(chan struct{})
	leak.Workload.Client = func(actors.Env, *linearizability.Recorder) func(sim.Op) error {
		return func(op sim.Op) error {
			if op.N == 1 {
				go func() { <-forever }()
			}
			return nil
		}
	}
	story := tiny("tiny/story", "one crash, at one moment")
	story.Script = func(*faults.Draw, sim.Knobs) (faults.Net, faults.Schedule) {
		return faults.Net{}, faults.Schedule{{At: time.Millisecond, Kind: faults.Crash, Hosts: []string{"server"}, For: time.Millisecond}}
	}
	return []sim.Scenario{
		tiny("tiny/ok", "a counter in memory"), broken, never, coin, hang, crash, endless, story, leak,
	}
}
