package scenarios

import (
	"testing"

	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/sim"
)

// R52, R53: the same load collapses the synchronous tier for good, and the asynchronous
// one is back at 90 % of what it did; whatever the seed.
func TestSyncTierCollapsesAndAsyncTierRecovers(t *testing.T) {
	s := ticketsCollapse()
	for seed := range uint64(20) {
		r := sim.Run(s, sim.NewPlan(s, seed))
		if r.Verdict != sim.Pass {
			t.Fatalf("seed %d: %v: %v", seed, r.Verdict, r.Err)
		}
		g, ok := goodput(&sim.Observation{Ops: r.Plan.Ops, Notes: r.Notes})
		if !ok {
			t.Fatalf("seed %d: no goodput in %v", seed, r.Plan.Ops)
		}
		t.Logf("seed %d, %v: sync %.1f, async %.1f, %d steps", seed, r.Plan.Knobs, g[tickets.SyncTier], g[tickets.AsyncTier], r.Stats.Steps)
		if sync := g[tickets.SyncTier]; sync.after*3 > sync.before {
			t.Errorf("seed %d: the synchronous tier served %.1f users a second before and %.1f after the trigger", seed, sync.before, sync.after)
		}
		if r.Stats.Sometimes[sawStarvation] == 0 {
			t.Errorf("seed %d: the synchronous tier never ran out of connections with an idle processor", seed)
		}
	}
}
