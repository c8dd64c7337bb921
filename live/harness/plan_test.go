package harness_test

import (
	"testing"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/live/harness"
	"github.com/simrun/simrun/scenarios"
)

func TestPlanIsDrawnFromTheSeedAlone(t *testing.T) {
	differ := false
	for _, s := range scenarios.All() {
		for seed := range uint64(5) {
			p := harness.Plan(s, seed, true, true)
			if err := p.Validate(); err != nil {
				t.Fatalf("%s seed %d: %v", s.Name, seed, err)
			}
			if again := harness.Plan(s, seed, true, true); again.String() != p.String() {
				t.Fatalf("%s seed %d: two plans\n%v\n%v", s.Name, seed, p, again)
			}
			differ = differ || p.String() != harness.Plan(s, seed+1, true, true).String()
		}
	}
	if !differ {
		t.Error("all seeds have one plan")
	}
}

func TestPlanHasNothingThatTheScenarioDoesNotAllow(t *testing.T) {
	found := map[faults.Kind]int{}
	for _, s := range scenarios.All() {
		if s.Script != nil {
			continue
		}
		for seed := range uint64(20) {
			for _, f := range harness.Plan(s, seed, true, false).Faults {
				found[f.Kind]++
				allowed := s.Profile.Counts[f.Kind] > 0 ||
					f.Kind == faults.Crash && (s.Profile.Counts[faults.PowerLoss] > 0 || s.Profile.ClientCrashes > 0)
				if !allowed {
					t.Errorf("%s seed %d: %v", s.Name, seed, f)
				}
			}
			for _, f := range harness.Plan(s, seed, false, false).Faults {
				if f.Kind == faults.Pause || f.Kind == faults.Slow {
					t.Errorf("%s seed %d, in one process: %v", s.Name, seed, f)
				}
			}
		}
	}
	for _, k := range []faults.Kind{
		faults.Crash, faults.Wipe, faults.Stop, faults.Pause, faults.Slow, faults.Cut, faults.Partition, faults.Clog, faults.Reset,
		faults.DropMessage, faults.Replay,
	} {
		if found[k] == 0 {
			t.Errorf("no %v in %v", k, found)
		}
	}
}

func TestCalmScenarioHasFaultsOnlyWhenAskedFor(t *testing.T) {
	s := catalogued(t, "store/calm")
	asked := 0
	for seed := range uint64(10) {
		if p := harness.Plan(s, seed, true, false); len(p.Faults) > 0 || p.Net.Drop > 0 {
			t.Errorf("seed %d: %v", seed, p.Faults)
		}
		asked += len(harness.Plan(s, seed, true, true).Faults)
	}
	if asked == 0 {
		t.Error("no faults")
	}
}
