package harness_test

import (
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/examples/register"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

func TestDurableRegisterPasses(t *testing.T) {
	s := register.Scenario(register.Durable)
	for seed := range uint64(3) {
		p := sim.NewPlan(s, seed)
		r := runLive(t, s, p)
		if r.Verdict != sim.Pass || r.Check != "" || r.Err != nil {
			t.Fatalf("seed %d: %v, %s: %v", seed, r.Verdict, r.Check, r.Err)
		}
		if len(r.History.Operations) != len(p.Ops) || r.Stats.Ops != len(p.Ops) {
			t.Errorf("seed %d: %d operations of %d", seed, len(r.History.Operations), len(p.Ops))
		}
		if r.Stats.Acked+r.Stats.Unwaited != r.Stats.Ops || r.Stats.Acked == 0 || r.Stats.Virtual <= 0 {
			t.Errorf("seed %d: %+v", seed, r.Stats)
		}
		if r.Plan.Seed != seed {
			t.Errorf("the result is of seed %d, want %d", r.Plan.Seed, seed)
		}
	}
}

// wrongServer answers at once and tells lies: read says what.
func wrongServer(read func(written []string) string) actors.Producer {
	return func(actors.Env) actor.Actor {
		written := map[string][]string{}
		return actor.ReceiveFunc(func(ctx actor.Context) {
			switch m := ctx.Message().(type) {
			case register.Write:
				written[m.Key] = append(written[m.Key], m.Value)
				ctx.Respond(register.Written{})
			case register.Read:
				ctx.Respond(register.Value{Value: read(written[m.Key])})
			}
		})
	}
}

func TestWrongRegisterIsFoundByTheSameCheckAsInSim(t *testing.T) {
	plan := sim.Plan{Scenario: "example/register", Seed: 1, Policy: sim.Timed, Ops: []sim.Op{
		{Client: "c0", N: 1, Do: models.Write{Key: "x", Value: "c0-1"}},
		{Client: "c0", N: 2, Do: models.Write{Key: "x", Value: "c0-2"}},
		{Client: "c0", N: 3, Do: models.Read{Key: "x"}},
	}}
	for claim, read := range map[string]func(written []string) string{
		"loses the last write": func(written []string) string { return written[0] },
		"loses every write":    func([]string) string { return "" },
		"invents a value":      func([]string) string { return "c1-1" },
	} {
		t.Run(claim, func(t *testing.T) {
			s := register.Scenario(wrongServer(read))
			r := runLive(t, s, plan)
			for r.Stats.Acked < len(plan.Ops) {
				r = runLive(t, s, plan) // a write took longer than its client waits, so more is allowed
			}
			if r.Verdict != sim.Violation || r.Err == nil || len(r.Suspects) == 0 {
				t.Fatalf("%v, %s: %v, suspects %v", r.Verdict, r.Check, r.Err, r.Suspects)
			}
			if want := sim.Run(s, plan); r.Check != want.Check || r.Err.Error() != want.Err.Error() {
				t.Errorf("live has %s: %v\nsim has %s: %v", r.Check, r.Err, want.Check, want.Err)
			}
		})
	}
}
