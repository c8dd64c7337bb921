package scenarios

import (
	"testing"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// beyond is a run in which every daemon fails at once while a client writes, judged
// by what the client sees alone: nobody knows of the copies that were destroyed.
func beyond(t *testing.T, durability store.Durability, kind faults.Kind, seed uint64) *sim.Result {
	t.Helper()
	s, p := beyondPlan(t, durability, kind, seed)
	s.Checks, s.Oracle = nil, nil
	return sim.Run(s, p)
}

// R22: the checks are sharp. Beyond what is promised data is lost, and that is
// found and never passes; the same faults within the promise lose nothing.
func TestLossBeyondThePromiseIsFound(t *testing.T) {
	lost := 0
	for seed := range uint64(6) {
		if r := beyond(t, store.Synced, faults.PowerLoss, seed); r.Verdict != sim.Pass {
			t.Errorf("synced, power loss of all, seed %d: %v %s: %v", seed, r.Verdict, r.Check, r.Err)
		}
		if r := beyond(t, store.Replicated, faults.PowerLoss, seed); r.Verdict == sim.Violation && r.Check == "durable" {
			lost++
		} else if r.Verdict != sim.Pass {
			t.Errorf("replicated, power loss of all, seed %d: %v %s: %v", seed, r.Verdict, r.Check, r.Err)
		}
		if r := beyond(t, store.Synced, faults.Wipe, seed); r.Verdict != sim.Violation {
			t.Errorf("wipe of all, seed %d: %v %s", seed, r.Verdict, r.Check)
		}
	}
	if lost == 0 {
		t.Error("the power loss of all servers never lost what was only replicated")
	}
}
