package scenarios

import (
	"fmt"
	"testing"
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// beyond is a run in which every daemon fails at once while a client writes.
func beyond(t *testing.T, durability string, kind faults.Kind, seed uint64) *sim.Result {
	t.Helper()
	s := storePowerLoss()
	s.Checks = nil // what the clients see has to tell
	p := sim.NewPlan(s, seed)
	p.Policy = sim.Timed
	p.Net = faults.Net{DelayMin: time.Millisecond, DelayMax: 5 * time.Millisecond, DiskMin: 5 * time.Millisecond, DiskMax: 50 * time.Millisecond}
	p.Knobs = sim.Knobs{}.With("durability", durability)
	p.Faults = faults.Schedule{{
		At: 800*time.Millisecond + time.Duration(seed)*11*time.Millisecond, For: 100 * time.Millisecond,
		Kind: kind, Hosts: []string{"daemon1", "daemon2", "daemon3"},
	}}
	var lines []string
	for i := range 60 {
		lines = append(lines, fmt.Sprintf("put words k%d {word: \"w\"}", i), fmt.Sprintf("wait %d", i+1))
	}
	p.Ops = linesOf(t, "c0", lines...)
	return sim.Run(s, p)
}

// R22: the checks are sharp. Beyond what is promised data is lost, and that is
// found and never passes; the same faults within the promise lose nothing.
func TestLossBeyondThePromiseIsFound(t *testing.T) {
	lost := 0
	for seed := range uint64(6) {
		if r := beyond(t, "synced", faults.PowerLoss, seed); r.Verdict != sim.Pass {
			t.Errorf("synced, power loss of all, seed %d: %v %s: %v", seed, r.Verdict, r.Check, r.Err)
		}
		if r := beyond(t, "replicated", faults.PowerLoss, seed); r.Verdict == sim.Violation && r.Check == "durable" {
			lost++
		} else if r.Verdict != sim.Pass {
			t.Errorf("replicated, power loss of all, seed %d: %v %s: %v", seed, r.Verdict, r.Check, r.Err)
		}
		if r := beyond(t, "synced", faults.Wipe, seed); r.Verdict != sim.Violation {
			t.Errorf("wipe of all, seed %d: %v %s", seed, r.Verdict, r.Check)
		}
	}
	if lost == 0 {
		t.Error("the power loss of all servers never lost what was only replicated")
	}
}
