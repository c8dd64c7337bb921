package zoo

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// drawn fails as its seed draws: check "odd" in one run of ten, "ghost" in one of a
// hundred, and "ignored" in all.
func drawn() sim.Scenario {
	failing := func(name string, when func(n int) bool) sim.Check {
		return sim.Check{Name: name, Func: func(o *sim.Observation) error {
			if when(o.Knobs.Int("n", -1)) {
				return errors.New("it was drawn")
			}
			return nil
		}}
	}
	return sim.Scenario{
		Name:     "zoo/drawn",
		Knobs:    func(d *faults.Draw) sim.Knobs { return sim.Knobs{}.With("n", d.IntN("n", 100)) },
		Topology: func(sim.Knobs) actors.Topology { return actors.Topology{Hosts: []actors.Host{{Name: "host"}}} },
		Checks: []sim.Check{
			failing("odd", func(n int) bool { return n < 10 }),
			failing("ignored", func(int) bool { return true }),
			failing("ghost", func(n int) bool { return n == 50 }),
		},
	}
}

func hunted(t *testing.T, count, jobs int, checks ...string) (failed []report, last report) {
	t.Helper()
	h := &hunt{scenario: drawn(), checks: checks, first: 1000, count: count, jobs: jobs, emit: func(r report) error {
		if r.apart() != "" {
			failed = append(failed, r)
		}
		last = r
		return nil
	}}
	if err := h.run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return failed, last
}

func TestHuntFindsTheFirstKillWhateverItsJobs(t *testing.T) {
	failed, last := hunted(t, 5000, 1, "ghost")
	if !last.Kill || last.Check != "ghost" || last.Seed != seed(1000+last.Tried-1) || len(failed) != 0 {
		t.Fatalf("last report %+v, apart from %d", last, len(failed))
	}
	for _, jobs := range []int{2, 7} {
		again, same := hunted(t, 5000, jobs, "ghost")
		if diff := cmp.Diff(last, same); diff != "" || len(again) != 0 {
			t.Errorf("%d jobs (-1 +%d):\n%s", jobs, jobs, diff)
		}
	}
}

func TestWrongReasonIsNoKill(t *testing.T) {
	// Without checks all are on, and none kills.
	failed, last := hunted(t, 100, 2)
	if len(failed) != 100 || last.Kill || last.Tried != 100 {
		t.Errorf("%d failed, last report %+v", len(failed), last)
	}
	if odd := failed[0].apart(); odd != "odd" && odd != "ignored" {
		t.Errorf("counted as %q", odd)
	}
}

func TestSeedsThatPassAreCounted(t *testing.T) {
	failed, last := hunted(t, 300, 3, "nothing of the kind")
	if len(failed) != 0 || last.Kill || last.Tried != 300 || last.Seed != 1299 {
		t.Errorf("%d failed, last report %+v", len(failed), last)
	}
}

func TestInterruptedHuntSaysSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h := &hunt{scenario: drawn(), count: 10, jobs: 2, emit: func(report) error { return nil }}
	if err := h.run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestInconclusiveIsNoKill(t *testing.T) {
	for _, v := range []sim.Verdict{sim.Pass, sim.ExpectedLoss, sim.Inconclusive, sim.Harness} {
		r := reportOf(&sim.Result{Verdict: v, Check: "ghost"}, []string{"ghost"})
		if r.Kill {
			t.Errorf("%v kills", v)
		}
	}
}
