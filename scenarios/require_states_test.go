package scenarios

import (
	"maps"
	"slices"
	"testing"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// enough is how many seeds may be needed to reach every state of a scenario. The
// rarest ones take about seventy.
const enough = 400

// R127: what a scenario says happens sometimes does happen: two operations of one
// client change places (R18), one that nobody waited for is lost, one is applied
// after its client has died, one after RECONFIGURE (R23), half a friendship is seen
// (R11), and the rest.
func TestEveryStateIsReached(t *testing.T) {
	for _, s := range All() {
		left := map[string]bool{}
		for _, name := range s.Sometimes {
			left[name] = true
		}
		for seed := uint64(0); seed < enough && len(left) > 0; seed++ {
			for name := range sim.Run(s, sim.NewPlan(s, seed)).Stats.Sometimes {
				delete(left, name)
			}
		}
		if len(left) > 0 {
			t.Errorf("%s: not reached in %d runs: %v", s.Name, enough, slices.Sorted(maps.Keys(left)))
		}
	}
}

// R123: every kind of fault that a scenario draws happens, and hits operations
// that are under way; the network loses, doubles and delays; and what a run says
// of this is counted.
func TestEveryFaultHitsAnOperation(t *testing.T) {
	for _, tc := range []struct {
		scenario sim.Scenario
		kinds    []faults.Kind
	}{
		{storeChaos(), []faults.Kind{faults.Crash, faults.PowerLoss, faults.Stop, faults.Partition, faults.Cut, faults.Isolate}},
		{storePowerLoss(), []faults.Kind{faults.Crash, faults.PowerLoss, faults.Stop}},
		{storePartition(), []faults.Kind{faults.Partition, faults.Cut, faults.Isolate}},
		{storeUnwaited(), []faults.Kind{faults.Crash, faults.Isolate}},
	} {
		total := sim.Stats{Faults: map[string]sim.FaultCount{}}
		overlapped := 0
		for seed := range uint64(50) {
			r := sim.Run(tc.scenario, sim.NewPlan(tc.scenario, seed))
			for kind, n := range r.Stats.Faults {
				sum := total.Faults[kind]
				total.Faults[kind] = sim.FaultCount{Fired: sum.Fired + n.Fired, InFlight: sum.InFlight + n.InFlight}
			}
			total.Dropped += r.Stats.Dropped
			total.Duplicated += r.Stats.Duplicated
			total.DeadHost += r.Stats.DeadHost
			if r.Stats.Overlapped > 0 {
				overlapped++
			}
		}
		for _, kind := range tc.kinds {
			if n := total.Faults[kind.String()]; n.Fired < 4 || n.InFlight < 2 {
				t.Errorf("%s: %v began %d times, %d times with an operation under way", tc.scenario.Name, kind, n.Fired, n.InFlight)
			}
		}
		if total.Dropped == 0 || total.Duplicated == 0 || overlapped < 20 {
			t.Errorf("%s: %d messages lost, %d doubled; in %d runs an acknowledged operation overlaps a fault",
				tc.scenario.Name, total.Dropped, total.Duplicated, overlapped)
		}
		if tc.kinds[0] == faults.Crash && total.DeadHost == 0 {
			t.Errorf("%s: no message found its host down", tc.scenario.Name)
		}
	}
}
