package harness_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/scenarios"
	"github.com/simrun/simrun/sim"
)

// catalogued returns a scenario of the catalogue.
func catalogued(t *testing.T, name string) sim.Scenario {
	t.Helper()
	all := scenarios.All()
	i := slices.IndexFunc(all, func(s sim.Scenario) bool { return s.Name == name })
	if i < 0 {
		t.Fatalf("no scenario %s", name)
	}
	return all[i]
}

// flushed draws a plan in which every client waits for all it has issued before it
// ends.
func flushed(s sim.Scenario, seed uint64) sim.Plan {
	p := sim.NewPlan(s, seed)
	for _, h := range s.Topology(p.Knobs).Hosts {
		if slices.ContainsFunc(p.Ops, func(op sim.Op) bool { return op.Client == h.Name }) {
			p.Ops = append(p.Ops, sim.Op{Client: h.Name, Do: scenarios.Flush{}})
		}
	}
	return p
}

func TestCalmStoreAnswersEveryOperationAndPasses(t *testing.T) {
	t.Parallel()
	s := catalogued(t, "store/calm")
	if s.Model == nil || len(s.Checks) == 0 || s.Workload.Final == nil {
		t.Fatal("there is nothing to check")
	}
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			p := flushed(s, seed)
			r := runLive(t, s, p)
			if r.Verdict != sim.Pass {
				t.Fatalf("%v, %s: %v\n%v", r.Verdict, r.Check, r.Err, r.Suspects)
			}
			unanswered := map[linearizability.OpID]bool{}
			for _, op := range slices.Concat(p.Ops, s.Workload.Final(p.Knobs, p.Ops)) {
				if op.N > 0 {
					unanswered[linearizability.OpID{Client: op.Client, N: op.N}] = true
				}
			}
			kinds := map[string]int{}
			for _, n := range r.Notes {
				kinds[fmt.Sprintf("%T", n.Fact)]++
				switch f := n.Fact.(type) {
				case linearizability.Returned:
					delete(unanswered, f.Op)
				case scenarios.Skipped:
					delete(unanswered, f.Op)
				}
			}
			if len(unanswered) > 0 {
				t.Errorf("no answer to %v", unanswered)
			}
			for _, fact := range []any{store.Published{}, store.Adopted{}, store.Persisted{}, store.Committed{}, store.Applied{}, scenarios.Settled{}} {
				if name := fmt.Sprintf("%T", fact); kinds[name] == 0 {
					t.Errorf("no %s among %v: the checks had nothing to look at", name, kinds)
				}
			}
			if r.Stats.Ops != len(r.History.Operations) || r.Stats.Acked == 0 || r.Stats.Messages == 0 {
				t.Errorf("%+v", r.Stats)
			}
		})
	}
}

// A copy that differs is seen only by a check of the scenario, not by the clients.
func TestStoreWithADaemonThatDivergesIsFound(t *testing.T) {
	t.Parallel()
	s := catalogued(t, "store/calm")
	honest := s.Topology
	s.Topology = func(k sim.Knobs) actors.Topology {
		return replace(honest(k), "daemon2", store.StoreActor, func(made actors.Producer) actors.Producer {
			return withNote(made, func(fact any) any {
				if f, ok := fact.(store.Applied); ok {
					f.Digest++
					return f
				}
				return fact
			})
		})
	}
	r := runLive(t, s, flushed(s, 1))
	if r.Verdict != sim.Violation || r.Check != "replicas" {
		t.Errorf("%v, %s: %v", r.Verdict, r.Check, r.Err)
	}
}
