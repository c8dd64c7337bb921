package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
)

// shrinkBy shrinks a plan against a function that stands for the run: it returns
// the check that fails, or "".
func shrinkBy(plan Plan, check func(Plan) string, fates []Deviation) (*Result, int) {
	run := func(p Plan) *Result {
		if c := check(p); c != "" {
			return &Result{Plan: p, Verdict: Violation, Check: c}
		}
		return &Result{Plan: p, Verdict: Pass}
	}
	failing := run(plan)
	for _, f := range plan.Faults {
		failing.Applied = append(failing.Applied, AppliedFault{Text: f.String()})
	}
	sh := &shrinker{
		best:    failing,
		left:    MaxReplays,
		seen:    map[uint64]moments{},
		servers: func(p Plan) []string { return serversOf(poets, p) },
		done:    func() bool { return false },
		run:     run,
		valid:   func(p Plan) bool { return readable(poets, p) },
		fates:   func(Plan) []Deviation { return fates },
	}
	sh.shrink()
	return sh.best, MaxReplays - sh.left
}

func hasOp(p Plan, client string, n int) bool {
	return slices.ContainsFunc(p.Ops, func(op Op) bool { return op.Client == client && op.N == n })
}

func verses(n int) (ops []Op) {
	for i := range n {
		ops = append(ops, Op{Client: fmt.Sprintf("c%d", i%4), N: i/4 + 1, Do: verse{i, ""}})
	}
	return ops
}

// R121: what is left is what the failure needs.
func TestShrinkingLeavesOnlyWhatTheFailureNeeds(t *testing.T) {
	plan := Plan{
		Scenario: "plans/poets",
		Seed:     7,
		Policy:   Random,
		Knobs:    Knobs{{"servers", "2"}},
		Net: faults.Net{
			DelayMin: 2 * time.Millisecond, DelayMax: 30 * time.Millisecond, Drop: 100, Duplicate: 20, Late: 3, LateMax: time.Second,
			FIFO: true, DiskMin: time.Millisecond, DiskMax: 5 * time.Millisecond, Drift: 12,
		},
		Ops: verses(200),
		Faults: faults.Schedule{
			{At: 7 * time.Millisecond, Kind: faults.Cut, Hosts: []string{"c0"}, Others: []string{"server1"}, For: time.Second},
			{At: 312345 * time.Microsecond, Kind: faults.PowerLoss, Hosts: []string{"all"}, For: 40 * time.Millisecond},
			{At: 500 * time.Millisecond, Kind: faults.Crash, Hosts: []string{"server1", "server2"}, For: 2 * time.Second, Programs: true},
			{At: 600 * time.Millisecond, Kind: faults.Stop, Hosts: []string{"server1"}, For: 77 * time.Millisecond},
		},
	}
	got, replays := shrinkBy(plan, func(p Plan) string {
		lost := slices.ContainsFunc(p.Faults, func(f faults.Fault) bool {
			hit := slices.Contains(f.Hosts, "all") || slices.Contains(f.Hosts, "server2")
			return f.Kind == faults.PowerLoss && hit && f.At > 250*time.Millisecond
		})
		if lost && hasOp(p, "c1", 17) && hasOp(p, "c3", 42) {
			return "durable"
		}
		return ""
	}, nil)
	const want = `plan     1
scenario plans/poets
seed     0x7
policy   timed
knobs    servers 2
net      delay 1ms
c1#17    65
c3#42    167
fault    300ms power-loss server2 for 1ms
`
	if got.Plan.String() != want {
		t.Errorf("got\n%swant\n%s", got.Plan, want)
	}
	if replays > 150 {
		t.Errorf("%d replays", replays)
	}
}

func TestShrinkingKeepsTheCheck(t *testing.T) {
	plan := Plan{Scenario: "plans/poets", Policy: Timed, Ops: verses(40)}
	got, _ := shrinkBy(plan, func(p Plan) string {
		switch {
		case hasOp(p, "c0", 3) && hasOp(p, "c2", 4):
			return "durable"
		case len(p.Ops) < 30:
			return "liveness"
		}
		return ""
	}, nil)
	if got.Check != "durable" || len(got.Plan.Ops) != 2 {
		t.Errorf("got check %s with\n%s", got.Check, got.Plan)
	}
}

// A failure that needs the order of messages ends as a calm plan with the few
// messages that must be late.
func TestShrinkingNamesTheMessagesThatMatter(t *testing.T) {
	var fates []Deviation
	for i := range 300 {
		fates = append(fates, Deviation{Key: uint64(i), Late: time.Duration(i)*time.Millisecond + 345, Name: fmt.Sprintf("message %d", i)})
	}
	fates[20].Late, fates[20].Drop = 0, true
	plan := Plan{Scenario: "plans/poets", Policy: Timed, Ops: verses(1),
		Net: faults.Net{DelayMin: time.Millisecond, DelayMax: 20 * time.Millisecond, Drop: 100}}
	got, _ := shrinkBy(plan, func(p Plan) string {
		if p.Net.Drop == 100 && p.Net.DelayMax > p.Net.DelayMin {
			return "linearizable"
		}
		late := slices.ContainsFunc(p.Deviations, func(d Deviation) bool { return d.Key == 123 && d.Late > 100*time.Millisecond })
		if late && slices.ContainsFunc(p.Deviations, func(d Deviation) bool { return d.Drop }) {
			return "linearizable"
		}
		return ""
	}, fates)
	const want = `plan     1
scenario plans/poets
seed     0x0
policy   timed
net      delay 1ms
drop     0x14  # message 20
late     0x7b 120ms  # message 123
`
	if got.Plan.String() != want {
		t.Errorf("got\n%swant\n%s", got.Plan, want)
	}
}

// A log that is rotated after many records takes as many operations to fail.
func TestShrinkingLowersTheLimitsThatOperationsHaveToReach(t *testing.T) {
	plan := Plan{Scenario: "plans/poets", Policy: Timed, Net: faults.Net{DelayMin: time.Millisecond, DelayMax: time.Millisecond}}
	for i := range 180 {
		plan.Ops = append(plan.Ops, Op{Client: fmt.Sprintf("c%d", i%2), N: i/2 + 1, Do: verse{i, ""}})
	}
	plan.Knobs = Knobs{}.With("word", "long").With("lease", 120*time.Millisecond).With("snapshot", 150).With("tolerate", 3)
	got, replays := shrinkBy(plan, func(p Plan) string {
		if snapshot := p.Knobs.Int("snapshot", 0); len(p.Ops) > snapshot && p.Knobs.Int("tolerate", 0) >= 2 && snapshot >= 3 {
			return "durable"
		}
		return ""
	}, nil)
	const want = "knobs    word long  lease 1ms  snapshot 3  tolerate 2\n"
	if !strings.Contains(got.Plan.String(), want) || len(got.Plan.Ops) != 4 {
		t.Errorf("after %d replays, want %sand four operations, got\n%s", replays, want, got.Plan)
	}
}

func TestShrinkingLeavesKnobsThatMakeNoSystem(t *testing.T) {
	s := registers("simtest/register", true)
	s.Topology = func(k Knobs) actors.Topology {
		if k.Int("size", 0) < 7 {
			panic(KnobError{k[0], "an integer from 7"})
		}
		return actors.Topology{Hosts: []actors.Host{{Name: "server"}, {Name: "c0"}, {Name: "final"}}}
	}
	s.Checks = []Check{{Name: "never", Func: func(*Observation) error { return errors.New("always") }}}
	s.Workload.Final = nil
	r := Run(s, Plan{Scenario: s.Name, Policy: Timed, Knobs: Knobs{{"size", "16"}}})
	if got := Shrink(t.Context(), s, r).Plan.Knobs.Int("size", 0); r.Check != "never" || got != 7 {
		t.Errorf("%s: the size is %d, want 7", r.Check, got)
	}
}

func TestShrinkingStopsAfterItsReplays(t *testing.T) {
	plan := Plan{Scenario: "plans/poets", Policy: Timed, Ops: verses(1000)}
	runs := 0
	got, replays := shrinkBy(plan, func(p Plan) string {
		runs++
		odd := 0
		for _, op := range p.Ops {
			odd += op.N % 2
		}
		if odd >= 400 {
			return "durable"
		}
		return ""
	}, nil)
	if replays > MaxReplays || runs > MaxReplays+1 {
		t.Errorf("%d replays, %d runs", replays, runs)
	}
	if len(got.Plan.Ops) >= 1000 {
		t.Errorf("%d operations left", len(got.Plan.Ops))
	}
}

func TestShrinkingAnEndedContextReturnsTheFailure(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	failing := &Result{Plan: NewPlan(poets, 1), Verdict: Violation, Check: "durable"}
	if got := Shrink(ctx, poets, failing); got != failing {
		t.Errorf("got %v", got)
	}
}

// Shrinking is deterministic, never adds an operation or a fault, and its result
// fails alike and survives its text.
func TestShrinkingIsMonotone(t *testing.T) {
	params := gopter.DefaultTestParametersWithSeed(1)
	params.MinSuccessfulTests = 20
	properties := gopter.NewProperties(params)
	properties.Property("smaller, equal, readable", prop.ForAll(
		func(seed uint64, need int) (string, error) {
			plan := NewPlan(poets, seed)
			check := func(p Plan) string {
				sum := len(p.Ops) + 3*len(p.Faults)
				if sum >= need {
					return "sum"
				}
				return ""
			}
			if check(plan) == "" {
				return "", nil
			}
			a, _ := shrinkBy(plan, check, nil)
			b, _ := shrinkBy(plan, check, nil)
			switch {
			case a.Plan.String() != b.Plan.String():
				return fmt.Sprintf("two results:\n%s\n%s", a.Plan, b.Plan), nil
			case a.Check != "sum" || len(a.Plan.Ops) > len(plan.Ops) || len(a.Plan.Faults) > len(plan.Faults):
				return "not smaller:\n" + a.Plan.String(), nil
			}
			_, err := ReadPlan(strings.NewReader(a.Plan.String()), poets)
			return "", err
		},
		gen.UInt64(), gen.IntRange(0, 30),
	))
	properties.TestingRun(t)
}
