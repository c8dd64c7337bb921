package sim

import (
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
)

type letter struct {
	Lines []string
	N     int
}

type tick struct{}

func init() {
	actors.Message("simtest.letter", &letter{})
	actors.Message("simtest.tick", tick{})
}

// leakScenario has host a send letters to b as the planted bug says, and back.
func leakScenario(send func(env actors.Env, ctx actor.Context, i int)) Scenario {
	return scenarioOf("test/leak",
		actors.Host{Name: "a", Actors: []actors.ActorDef{{Name: "x", New: func(env actors.Env) actor.Actor {
			i := 0
			return actor.ReceiveFunc(func(ctx actor.Context) {
				switch ctx.Message().(type) {
				case *actor.Started, *letter:
					if i < 20 {
						i++
						send(env, ctx, i)
					}
				}
			})
		}}}},
		actors.Host{Name: "b", Actors: []actors.ActorDef{{Name: "x", New: func(env actors.Env) actor.Actor {
			return actor.ReceiveFunc(func(ctx actor.Context) {
				if m, ok := ctx.Message().(*letter); ok {
					ctx.Send(env.PID("a/x"), &letter{Lines: m.Lines, N: m.N})
				}
			})
		}}, {Name: "y", New: func(env actors.Env) actor.Actor {
			return actor.ReceiveFunc(func(ctx actor.Context) {})
		}}}},
		actors.Host{Name: "clock", Programs: mainOf(func(env actors.Env) error {
			env.Clock.Sleep(time.Second)
			return nil
		})})
}

// sometimesDiffers reports whether one seed ever gives two hashes.
func sometimesDiffers(s Scenario) bool {
	for seed := range uint64(20) {
		if Run(s, planOf(seed)).TraceHash != Run(s, planOf(seed)).TraceHash {
			return true
		}
	}
	return false
}

var counter int

func TestPlantedNondeterminismChangesTheHash(t *testing.T) {
	for name, send := range map[string]func(env actors.Env, ctx actor.Context, i int){
		"map range, order of sends": func(env actors.Env, ctx actor.Context, i int) {
			for path, n := range map[string]int{"b/x": 1, "b/y": 2, "b/z": 3} {
				ctx.Send(env.PID(path), &letter{N: n})
			}
		},
		"map range, content": func(env actors.Env, ctx actor.Context, i int) {
			m := &letter{}
			for line := range map[string]bool{"p": true, "q": true, "r": true} {
				m.Lines = append(m.Lines, line)
			}
			ctx.Send(env.PID("b/x"), m)
		},
		"wall clock": func(env actors.Env, ctx actor.Context, i int) {
			ctx.Send(env.PID("b/x"), &letter{N: int(time.Now().UnixNano())})
		},
		"global counter": func(env actors.Env, ctx actor.Context, i int) {
			counter++
			ctx.Send(env.PID("b/x"), &letter{N: counter})
		},
	} {
		if !sometimesDiffers(leakScenario(send)) {
			t.Errorf("%s: 20 seeds gave the same hash twice", name)
		}
	}
	honest := leakScenario(func(env actors.Env, ctx actor.Context, i int) {
		ctx.Send(env.PID("b/x"), &letter{N: i + env.Rand.IntN(100)})
	})
	if sometimesDiffers(honest) {
		t.Error("an honest actor's hash differs")
	}
}

func TestBrokenRulesFailByName(t *testing.T) {
	var keptPID *actor.PID
	for _, tc := range []struct {
		name, check, says string
		send              func(env actors.Env, ctx actor.Context, i int)
	}{
		{"panic", "actor panic", "a/x: boom", func(env actors.Env, ctx actor.Context, i int) { panic("boom") }},
		{"future", "forbidden call", "RequestFuture", func(env actors.Env, ctx actor.Context, i int) {
			ctx.RequestFuture(env.PID("b/x"), &letter{}, time.Second)
		}},
		{"receive timeout", "forbidden call", "SetReceiveTimeout", func(env actors.Env, ctx actor.Context, i int) { ctx.SetReceiveTimeout(time.Second) }},
		{"unregistered", "unregistered message", "sim.unknown", func(env actors.Env, ctx actor.Context, i int) { ctx.Send(env.PID("b/x"), unknown{}) }},
		{"mutated", "mutated message", "after it had been sent", func(env actors.Env, ctx actor.Context, i int) {
			m := &letter{N: 1}
			ctx.Send(env.PID("b/x"), m)
			m.N = 2
		}},
		{"mutated locally", "mutated message", "between send and delivery", func(env actors.Env, ctx actor.Context, i int) {
			m := &letter{N: 1}
			ctx.Send(ctx.Self(), m)
			m.N = 2
		}},
		{"watch", "forbidden call", "Watch", func(env actors.Env, ctx actor.Context, i int) { ctx.Watch(env.PID("b/x")) }},
		{"leaked PID", "leaked PID", "b/y", func(env actors.Env, ctx actor.Context, i int) {
			ctx.Send(keptPID, &letter{})
		}},
	} {
		s := leakScenario(tc.send)
		if tc.name == "leaked PID" {
			top := s.Topology(nil)
			top.Hosts[1].Actors[1].New = func(env actors.Env) actor.Actor {
				return actor.ReceiveFunc(func(ctx actor.Context) {
					if _, ok := ctx.Message().(*actor.Started); ok {
						keptPID = env.PID("b/y")
						ctx.Send(keptPID, tick{})
					}
				})
			}
			s.Topology = func(Knobs) actors.Topology {
				return actors.Topology{Hosts: []actors.Host{top.Hosts[1], top.Hosts[0], top.Hosts[2]}}
			}
		}
		r := Run(s, strictPlan())
		if r.Verdict != Violation || r.Check != tc.check || !strings.Contains(r.Err.Error(), tc.says) {
			t.Errorf("%s: %v %q %v, want %q with %q", tc.name, r.Verdict, r.Check, r.Err, tc.check, tc.says)
		}
	}
}

type unknown struct{}

// strictPlan is a plan under which every check of message handling is on.
func strictPlan() Plan {
	p := planOf(1)
	for faults.Mix(p.Seed, strictSeed)%16 != 0 {
		p.Seed++
	}
	return p
}

func TestGoexitInAStepFailsByName(t *testing.T) {
	r := Run(leakScenario(func(env actors.Env, ctx actor.Context, i int) { runtime.Goexit() }), planOf(1))
	if r.Verdict != Violation || r.Check != "goexit" {
		t.Errorf("%v %s: %v", r.Verdict, r.Check, r.Err)
	}
}

func TestGoroutineOfAnActorIsNamed(t *testing.T) {
	block := make(chan bool)
	defer close(block)
	r := Run(leakScenario(func(env actors.Env, ctx actor.Context, i int) { go func() { <-block }() }), planOf(1))
	if r.Check != "foreign goroutine" {
		t.Errorf("left behind: %v %s: %v", r.Verdict, r.Check, r.Err)
	}
	// One that calls the Env is caught whatever step it hits.
	r = Run(leakScenario(func(env actors.Env, ctx actor.Context, i int) {
		done := make(chan bool)
		go func() {
			defer close(done)
			env.Send(env.PID("b/x"), &letter{})
		}()
		<-done
	}), planOf(1))
	if r.Check != "foreign goroutine" {
		t.Errorf("calling: %v %s: %v", r.Verdict, r.Check, r.Err)
	}
}
