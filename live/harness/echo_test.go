package harness_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/live/harness"
	"github.com/simrun/simrun/sim"
)

// A ping is answered with a pong of the same number.
type ping struct{ N int }

type pong struct {
	N    int
	Host string
}

func init() {
	actors.Message("harness.ping", ping{})
	actors.Message("harness.pong", &pong{})
}

func runLive(t *testing.T, s sim.Scenario, p sim.Plan) *sim.Result {
	t.Helper()
	r, err := harness.Run(t.Context(), s, p, harness.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("seed %d: %v, %d operations, %d acknowledged, %d messages, %v", p.Seed, r.Verdict, r.Stats.Ops, r.Stats.Acked, r.Stats.Messages, r.Stats.Virtual)
	return r
}

// receiver makes a Producer of a function.
func receiver(f func(env actors.Env, ctx actor.Context)) actors.Producer {
	return func(env actors.Env) actor.Actor {
		return actor.ReceiveFunc(func(ctx actor.Context) { f(env, ctx) })
	}
}

var echo = receiver(func(env actors.Env, ctx actor.Context) {
	if msg, ok := ctx.Message().(ping); ok {
		ctx.Respond(&pong{msg.N, env.Host})
	}
})

// replace returns the topology with another Producer for one of its actors.
func replace(top actors.Topology, host, name string, with func(actors.Producer) actors.Producer) actors.Topology {
	for _, h := range top.Hosts {
		for i, a := range h.Actors {
			if h.Name == host && a.Name == name {
				h.Actors[i].New = with(a.New)
			}
		}
	}
	return top
}

// withNote has an actor note other facts than it means to.
func withNote(made actors.Producer, change func(fact any) any) actors.Producer {
	return func(env actors.Env) actor.Actor {
		note := env.Note
		env.Note = func(fact any) { note(change(fact)) }
		return made(env)
	}
}

// system is a scenario of hosts and programs alone.
func system(hosts ...actors.Host) sim.Scenario {
	return sim.Scenario{Name: "harness/system", Topology: func(sim.Knobs) actors.Topology { return actors.Topology{Hosts: hosts} }}
}

func program(host string, run actors.Program) actors.Host {
	return actors.Host{Name: host, Programs: []actors.ProgramDef{{Name: "program", Run: run}}}
}

func server(p actors.Producer) actors.Host {
	return actors.Host{Name: "server", Actors: []actors.ActorDef{{Name: "actor", New: p}}}
}

// pings notes what comes back.
func pings(env actors.Env) error {
	for n := range 20 {
		reply, err := env.Request(env.PID("server/actor"), ping{n}, 0)
		if err != nil {
			return err
		}
		env.Note(*reply.(*pong))
	}
	return nil
}

func TestEchoSystemSeesTheSameInBothWorlds(t *testing.T) {
	s := system(server(echo), program("c0", pings), program("c1", pings))
	s.Checks = []sim.Check{{Name: "echoes", Func: func(o *sim.Observation) error {
		echoes := 0
		for _, n := range o.Notes {
			if _, ok := n.Fact.(pong); ok {
				echoes++
			}
		}
		if echoes != 40 {
			return fmt.Errorf("%d echoes", echoes)
		}
		return nil
	}}}
	p := sim.NewPlan(s, 1)
	seen := func(r *sim.Result) map[string][]any {
		if r.Verdict != sim.Pass {
			t.Fatalf("%v, %s: %v", r.Verdict, r.Check, r.Err)
		}
		byPath := map[string][]any{}
		for i, n := range r.Notes {
			if i > 0 && n.Seq <= r.Notes[i-1].Seq {
				t.Errorf("fact %d follows fact %d", n.Seq, r.Notes[i-1].Seq)
			}
			if _, stall := n.Fact.(sim.FaultBegan); !stall { // the machine may be busy with others
				byPath[n.Path] = append(byPath[n.Path], n.Fact)
			}
		}
		return byPath
	}
	if simulated, real := seen(sim.Run(s, p)), seen(runLive(t, s, p)); !reflect.DeepEqual(simulated, real) {
		t.Errorf("sim saw %v\nlive saw %v", simulated, real)
	}
}
