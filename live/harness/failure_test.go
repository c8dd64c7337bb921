package harness_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/live/harness"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

var boom = receiver(func(_ actors.Env, ctx actor.Context) {
	if _, ok := ctx.Message().(ping); ok {
		panic("boom")
	}
})

var silent = receiver(func(actors.Env, actor.Context) {})

// ask waits for a pong for ever.
func ask(env actors.Env) error {
	_, err := env.Request(env.PID("server/actor"), ping{}, 0)
	return err
}

// reading is a system of the clients c0 and c1 and the host final, each of which
// is to read one register.
func reading(read func(env actors.Env, rec *linearizability.Recorder, op sim.Op) error) sim.Scenario {
	s := system(actors.Host{Name: "c0"}, actors.Host{Name: "c1"}, actors.Host{Name: "final"})
	s.Workload = sim.Workload{
		Generate: func(*faults.Draw, sim.Knobs) []sim.Op {
			return []sim.Op{{Client: "c0", N: 1, Do: models.Read{Key: "x"}}, {Client: "c1", N: 1, Do: models.Read{Key: "x"}}}
		},
		Final: func(sim.Knobs, []sim.Op) []sim.Op {
			return []sim.Op{{Client: "final", N: 1, Do: models.Read{Key: "x"}}}
		},
		Parse: func(text string) (fmt.Stringer, error) { return models.ParseRegisterOp(text) },
		Client: func(env actors.Env, rec *linearizability.Recorder) func(sim.Op) error {
			return func(op sim.Op) error { return read(env, rec, op) }
		},
	}
	return s
}

// answered records a read of "".
func answered(_ actors.Env, rec *linearizability.Recorder, op sim.Op) error {
	rec.Call(op.N, op.Do)
	rec.Return(op.N, linearizability.Outcome{Output: ""})
	return nil
}

func TestFailureHasTheCheckOfSim(t *testing.T) {
	lost := errors.New("lost")
	checkPanics := reading(answered)
	checkPanics.Checks = []sim.Check{{Name: "any", Func: func(*sim.Observation) error { panic("boom") }}}
	for _, c := range []struct {
		claim   string
		system  sim.Scenario
		verdict sim.Verdict
		check   string
		reason  string
	}{
		{"actor panics", system(server(boom), program("c0", ask)),
			sim.Violation, "actor panic", "actor server/actor: panic on harness_test.ping: boom"},
		{"program panics", system(program("c0", func(actors.Env) error { panic("boom") })),
			sim.Violation, "actor panic", "program c0/program: panic: boom"},
		{"program fails", system(program("c0", func(actors.Env) error { return lost })),
			sim.Violation, "program", "c0/program: lost"},
		{"client fails", reading(func(actors.Env, *linearizability.Recorder, sim.Op) error { return lost }),
			sim.Violation, "program", "#1 read x: lost"},
		{"final client fails", reading(func(env actors.Env, rec *linearizability.Recorder, op sim.Op) error {
			if env.Host == "final" {
				return lost
			}
			return answered(env, rec, op)
		}), sim.Violation, "program", "program final/workload: final#1 read x: lost"},
		{"history is broken", reading(func(_ actors.Env, rec *linearizability.Recorder, op sim.Op) error {
			rec.Return(op.N, linearizability.Outcome{})
			return nil
		}), sim.Violation, "client", "returned but was never called"},
		{"check panics", checkPanics, sim.Harness, "checker panic", "boom"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			p := sim.NewPlan(c.system, 1)
			r := runLive(t, c.system, p)
			if r.Verdict != c.verdict || r.Check != c.check || r.Err == nil || !strings.Contains(r.Err.Error(), c.reason) {
				t.Errorf("%v, %s: %v\nwant %v, %s: %s", r.Verdict, r.Check, r.Err, c.verdict, c.check, c.reason)
			}
			if r := sim.Run(c.system, p); r.Verdict != c.verdict || r.Check != c.check {
				t.Errorf("sim has %v, %s: %v", r.Verdict, r.Check, r.Err)
			}
		})
	}
}

func TestPanicOfAProducerIsFound(t *testing.T) {
	s := system(server(func(actors.Env) actor.Actor { panic("boom") }))
	r := runLive(t, s, sim.NewPlan(s, 1))
	if r.Verdict != sim.Violation || r.Check != "actor panic" || !strings.Contains(r.Err.Error(), "host server: start actor actor: panic: boom") {
		t.Errorf("%v, %s: %v", r.Verdict, r.Check, r.Err)
	}
}

func TestHaltIsFound(t *testing.T) {
	disk := errors.New("disk on fire")
	s := system(program("c0", ask), server(receiver(func(env actors.Env, ctx actor.Context) {
		if _, ok := ctx.Message().(ping); ok {
			env.Halt(disk)
		}
	})))
	r := runLive(t, s, sim.NewPlan(s, 1))
	if r.Verdict != sim.Violation || r.Check != "halt" || !errors.Is(r.Err, disk) {
		t.Errorf("%v, %s: %v", r.Verdict, r.Check, r.Err)
	}
}

func TestProgramsThatDoNotEndAreNamed(t *testing.T) {
	s := system(server(silent), program("c0", ask), program("c1", ask), program("c2", func(actors.Env) error { return nil }))
	s.Limits.Settle = 200 * time.Millisecond
	p := sim.NewPlan(s, 1)
	r, err := harness.Run(t.Context(), s, p, harness.Options{Time: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if want := "c0/program, c1/program had not ended after 201ms"; r.Verdict != sim.Violation || r.Check != "liveness" || r.Err.Error() != want {
		t.Errorf("%v, %s: %v, want %s", r.Verdict, r.Check, r.Err, want)
	}
	if r := sim.Run(s, p); r.Check != "liveness" {
		t.Errorf("sim has %s: %v", r.Check, r.Err)
	}
}

// A program that blocks without its Env outlives the run, and the result says so.
func TestProgramThatCannotBeStoppedIsNamed(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	s := system(program("c0", func(actors.Env) error { <-release; return nil }))
	s.Limits.Settle = 50 * time.Millisecond
	r, err := harness.Run(t.Context(), s, sim.Plan{}, harness.Options{Time: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if r.Check != "liveness" || !strings.Contains(r.Err.Error(), "c0/program had not ended after 51ms") || !strings.Contains(r.Err.Error(), "programs c0/program still busy") {
		t.Errorf("%v, %s: %v", r.Verdict, r.Check, r.Err)
	}
}

// What was seen until then is kept.
func TestInterruptedRunIsInconclusive(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s := reading(func(env actors.Env, rec *linearizability.Recorder, op sim.Op) error {
		if env.Host == "c1" {
			env.Clock.Sleep(time.Hour)
		}
		defer cancel()
		return answered(env, rec, op)
	})
	r, err := harness.Run(ctx, s, sim.NewPlan(s, 1), harness.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict != sim.Inconclusive || r.Check != "interrupted" || !errors.Is(r.Err, context.Canceled) || !strings.Contains(r.Err.Error(), "c1/workload") {
		t.Errorf("%v, %s: %v", r.Verdict, r.Check, r.Err)
	}
	if len(r.History.Operations) != 1 || r.Stats.Acked != 1 {
		t.Errorf("history %v", r.History)
	}
}

func TestRunThatCannotBeginIsAnError(t *testing.T) {
	used := t.TempDir()
	if err := os.WriteFile(filepath.Join(used, "left-over"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	good := reading(answered)
	taken := good
	taken.Topology = func(sim.Knobs) actors.Topology {
		return actors.Topology{Hosts: []actors.Host{{Name: "c0", Actors: []actors.ActorDef{{Name: "workload", New: silent}}}}}
	}
	for _, c := range []struct {
		reason string
		s      sim.Scenario
		p      sim.Plan
		o      harness.Options
	}{
		{"scenario without a name", sim.Scenario{}, sim.Plan{}, harness.Options{}},
		{"operation c9#4: the topology has no host c9", good, sim.Plan{Ops: []sim.Op{{Client: "c9", N: 4, Do: models.Read{}}}}, harness.Options{}},
		{"host c0: name used twice", system(actors.Host{Name: "c0"}, actors.Host{Name: "c0"}), sim.Plan{}, harness.Options{}},
		{"host c0: name workload used twice", taken, sim.Plan{Ops: []sim.Op{{Client: "c0", N: 1, Do: models.Read{}}}}, harness.Options{}},
		{"is not empty: it has left-over", good, sim.Plan{}, harness.Options{Dir: used}},
		{"no such file", good, sim.Plan{}, harness.Options{Dir: filepath.Join(used, "nothing")}},
	} {
		r, err := harness.Run(t.Context(), c.s, c.p, c.o)
		if r != nil || err == nil || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("got %v, %v, want %q", r, err, c.reason)
		}
	}
}
