package sim

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
)

type hello struct{ Text string }

func init() {
	actors.Message("simtest.hello", &hello{})
}

// echo answers every hello.
func echo(env actors.Env) actor.Actor {
	return actor.ReceiveFunc(func(ctx actor.Context) {
		if m, ok := ctx.Message().(*hello); ok {
			ctx.Respond(&hello{Text: m.Text + "!"})
		}
	})
}

func scenarioOf(name string, hosts ...actors.Host) Scenario {
	return Scenario{Name: name, Topology: func(Knobs) actors.Topology { return actors.Topology{Hosts: hosts} }}
}

func mainOf(run actors.Program) []actors.ProgramDef {
	return []actors.ProgramDef{{Name: "main", Run: run}}
}

func planOf(seed uint64) Plan {
	return Plan{Seed: seed, Policy: Timed, Net: faults.Net{DelayMin: time.Millisecond, DelayMax: 10 * time.Millisecond}}
}

func TestRequestIsAnsweredAcrossHostsInVirtualTime(t *testing.T) {
	var took time.Duration
	s := scenarioOf("test/echo",
		actors.Host{Name: "server", Actors: []actors.ActorDef{{Name: "echo", New: echo}}},
		actors.Host{Name: "client", Programs: mainOf(func(env actors.Env) error {
			at := env.Clock.Now()
			r, err := env.Request(env.PID("server/echo"), &hello{Text: "a"}, time.Second)
			if err != nil {
				return err
			}
			took = env.Clock.Now() - at
			if got := r.(*hello).Text; got != "a!" {
				return fmt.Errorf("got %q", got)
			}
			_, err = env.Request(env.PID("server/nobody"), &hello{}, time.Second)
			if !errors.Is(err, actors.ErrTimeout) {
				return fmt.Errorf("no actor: got %v", err)
			}
			env.Clock.Sleep(time.Hour)
			return nil
		})})
	s.Limits.Time = 2 * time.Hour
	r := Run(s, planOf(1))
	if r.Verdict != Pass {
		t.Fatalf("%v %s: %v", r.Verdict, r.Check, r.Err)
	}
	if took < 2*time.Millisecond || took > 20*time.Millisecond {
		t.Errorf("round trip took %v, want 2 to 20 ms", took)
	}
	if r.Stats.Virtual < time.Hour {
		t.Errorf("virtual time %v, want more than an hour", r.Stats.Virtual)
	}
	if again := Run(s, planOf(1)); again.TraceHash != r.TraceHash {
		t.Errorf("hash %x, then %x", r.TraceHash, again.TraceHash)
	}
	if other := Run(s, planOf(2)); other.TraceHash == r.TraceHash {
		t.Error("another seed has the same hash")
	}
}
