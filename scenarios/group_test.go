package scenarios

import (
	"testing"

	"github.com/simrun/simrun/sim"
)

// TestGroupChaos: the promises of raft, linearizable answers and liveness hold under
// everything that can go wrong.
func TestGroupChaos(t *testing.T) { sim.Test(t, groupChaos()) }

// TestGroupsRunTheSameInParallel: elections and all else come from the seed, whatever
// else runs in the process. R120.
func TestGroupsRunTheSameInParallel(t *testing.T) {
	s := groupChaos()
	order := make([]int, hashSeeds(t))
	for i := range order {
		order[i] = i
	}
	want := hashesOf(s, order, 1)
	for seed, got := range hashesOf(s, order, 4) {
		if got != want[seed] {
			t.Errorf("seed %d has hash %x beside others, alone it has %x", seed, got, want[seed])
		}
	}
}

// BenchmarkGroupChaos is a complete checked run.
func BenchmarkGroupChaos(b *testing.B) {
	s := groupChaos()
	seed := uint64(0)
	for b.Loop() {
		if r := sim.Run(s, sim.NewPlan(s, seed)); r.Verdict != sim.Pass {
			b.Fatalf("seed %d: %v %s: %v", seed, r.Verdict, r.Check, r.Err)
		}
		seed++
	}
}
