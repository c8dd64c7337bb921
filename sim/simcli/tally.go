package simcli

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/simrun/simrun/sim"
)

// A tally adds up the runs of one scenario.
type tally struct {
	scenario sim.Scenario

	runs             int // with a verdict
	violations       int
	inconclusive     int
	expectedLoss     int
	harness          int // nondeterministic ones included
	nondeterministic int
	crashed          int // part of harness: they took their process with them
	doubled          int // run twice and compared

	ops, acked, unwaited int
	events, messages     int64
	simulated, busy      time.Duration
	checking             time.Duration // part of busy
	calm                 int           // runs without a fault
	overlapped           int           // runs in which an acknowledged operation overlaps a fault in effect
	poor                 int           // runs with less than a quarter of the operations acknowledged
	faults               map[string]sim.FaultCount
	sometimes            map[string]int // runs that reached the state
	limits               map[string]int // inconclusive runs by what they ran into
}

func newTally(s sim.Scenario) *tally {
	return &tally{scenario: s, faults: map[string]sim.FaultCount{}, sometimes: map[string]int{}, limits: map[string]int{}}
}

// add counts a run.
func (t *tally) add(r outcome) {
	t.runs++
	t.busy += r.Wall
	t.checking += r.Stats.CheckTime
	if r.Doubled {
		t.doubled++
	}
	switch r.Check {
	case nondeterminism:
		t.nondeterministic++
	case deathCheck, watchdogCheck, memoryCheck:
		t.crashed++
	}
	switch r.Verdict {
	case sim.Pass:
	case sim.ExpectedLoss:
		t.expectedLoss++
	case sim.Violation:
		t.violations++
	case sim.Harness:
		t.harness++
	default:
		// A verdict that is not known here is no pass.
		t.inconclusive++
		t.limits[r.Check]++
	}
	t.ops += r.Stats.Ops
	t.acked += r.Stats.Acked
	t.unwaited += r.Stats.Unwaited
	t.events += r.Stats.Steps
	t.messages += r.Stats.Messages
	t.simulated += r.Stats.Virtual
	if r.Faults == 0 {
		t.calm++
	}
	if r.Stats.Overlapped > 0 {
		t.overlapped++
	}
	if 4*r.Stats.Acked < r.Stats.Ops {
		t.poor++
	}
	for kind, n := range r.Stats.Faults {
		sum := t.faults[kind]
		t.faults[kind] = sim.FaultCount{Fired: sum.Fired + n.Fired, InFlight: sum.InFlight + n.InFlight}
	}
	for name := range r.Stats.Sometimes {
		t.sometimes[name]++
	}
}

// merge adds the runs of another scenario.
func (t *tally) merge(o *tally) {
	t.runs += o.runs
	t.violations += o.violations
	t.inconclusive += o.inconclusive
	t.expectedLoss += o.expectedLoss
	t.harness += o.harness
	t.nondeterministic += o.nondeterministic
	t.crashed += o.crashed
	t.doubled += o.doubled
	t.ops += o.ops
	t.acked += o.acked
	t.unwaited += o.unwaited
	t.events += o.events
	t.messages += o.messages
	t.simulated += o.simulated
	t.busy += o.busy
	t.checking += o.checking
	t.calm += o.calm
	t.overlapped += o.overlapped
	t.poor += o.poor
	for kind, n := range o.faults {
		sum := t.faults[kind]
		t.faults[kind] = sim.FaultCount{Fired: sum.Fired + n.Fired, InFlight: sum.InFlight + n.InFlight}
	}
	for name, n := range o.sometimes {
		t.sometimes[name] += n
	}
	for name, n := range o.limits {
		t.limits[name] += n
	}
	for _, name := range o.scenario.Sometimes {
		t.sometimes[name] += 0
	}
}

// faultsFired is how many faults began in all runs.
func (t *tally) faultsFired() int {
	n := 0
	for _, f := range t.faults {
		n += f.Fired
	}
	return n
}

// unreached lists the expected states that no run reached, in the order of the
// scenario.
func (t *tally) unreached() []string {
	var out []string
	for _, name := range t.scenario.Sometimes {
		if t.sometimes[name] == 0 {
			out = append(out, name)
		}
	}
	return out
}

// vacuous says what makes the runs worth less than they seem, once there are
// enough of them to tell.
func (t *tally) vacuous() []string {
	if t.runs < enoughRuns {
		return nil
	}
	var out []string
	if kinds := t.sterile(); len(kinds) > 0 {
		out = append(out, "never hit an operation in flight: "+strings.Join(kinds, ", "))
	}
	if t.calm < t.runs && t.overlapped == 0 && t.ops > 0 {
		out = append(out, "no acknowledged operation overlaps a fault")
	}
	if 2*t.poor > t.runs {
		out = append(out, "less than a quarter of the operations was acknowledged in most runs")
	}
	return out
}

// sterile lists the kinds of faults that never hit an operation in flight.
func (t *tally) sterile() []string {
	var out []string
	for _, kind := range slices.Sorted(maps.Keys(t.faults)) {
		if t.faults[kind].InFlight == 0 {
			out = append(out, kind)
		}
	}
	return out
}

// enoughRuns is how many runs of a scenario must reach each of its Sometimes.
const enoughRuns = 1000

// verdict judges the runs of a campaign. A single run has its own verdict.
func verdict(tallies []*tally) sim.Verdict {
	total, unreached := newTally(sim.Scenario{}), false
	for _, t := range tallies {
		total.merge(t)
		unreached = unreached || t.runs >= enoughRuns && len(t.unreached()) > 0
	}
	switch {
	case total.harness > 0:
		return sim.Harness
	case total.violations > 0:
		return sim.Violation
	case total.runs == 0, total.runs == total.inconclusive, total.inconclusive*200 > total.runs, unreached:
		return sim.Inconclusive
	case total.runs == 1 && total.expectedLoss == 1:
		return sim.ExpectedLoss
	}
	return sim.Pass
}
