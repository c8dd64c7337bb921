package harness_test

import (
	"fmt"
	"testing"

	"github.com/simrun/simrun/actors/group"
	"github.com/simrun/simrun/sim"
)

// TestARaftGroupRunsInTheRealWorld: the members are founded, elect a leader, commit and
// answer over TCP and on real files, under the checks of the simulated ones.
func TestARaftGroupRunsInTheRealWorld(t *testing.T) {
	s := catalogued(t, "group/calm")
	r := runLive(t, s, sim.NewPlan(s, 1))
	if r.Verdict != sim.Pass {
		t.Fatalf("%v, %s: %v\n%v", r.Verdict, r.Check, r.Err, r.Suspects)
	}
	kinds := map[string]int{}
	for _, n := range r.Notes {
		kinds[fmt.Sprintf("%T", n.Fact)]++
	}
	for _, fact := range []any{group.Founded{}, group.Elected{}, group.Voted{}, group.Synced{}, group.Applied{}, group.Installed{}} {
		if name := fmt.Sprintf("%T", fact); kinds[name] == 0 {
			t.Errorf("no %s among %v: the checks had nothing to look at", name, kinds)
		}
	}
	if r.Stats.Acked < 60 {
		t.Errorf("%d operations were answered", r.Stats.Acked)
	}
}
