package register

import (
	"testing"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

func TestDurableRegister(t *testing.T) { sim.Test(t, Scenario(Durable)) }

func TestForgetfulServerIsFoundAndShrunkToOneWriteOnePowerLossOneRead(t *testing.T) {
	s := Scenario(Forgetful)
	for seed := uint64(0); seed < 200; seed++ {
		failed := sim.Run(s, sim.NewPlan(s, seed))
		if failed.Verdict == sim.Pass {
			continue
		}
		small := sim.Shrink(t.Context(), s, failed)
		t.Logf("seed %d: %v\n%v", seed, small.Err, small.Plan)
		p := small.Plan
		if small.Check != failed.Check || len(p.Ops) != 2 || len(p.Faults) != 1 {
			t.Fatalf("%s with %d operations and %d faults, want %s with 2 and 1", small.Check, len(p.Ops), len(p.Faults), failed.Check)
		}
		if _, ok := p.Ops[0].Do.(models.Write); !ok {
			t.Errorf("first comes %v, want a write", p.Ops[0].Do)
		}
		if _, ok := p.Ops[1].Do.(models.Read); !ok {
			t.Errorf("second comes %v, want a read", p.Ops[1].Do)
		}
		if p.Faults[0].Kind != faults.PowerLoss {
			t.Errorf("the fault is %v, want a power loss", p.Faults[0])
		}
		return
	}
	t.Fatal("not found in 200 seeds")
}
