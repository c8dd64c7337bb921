package sim

import (
	"context"
	"strings"
	"time"
)

// TB is what Test needs of a *testing.T.
type TB interface {
	Helper()
	Name() string
	Logf(format string, args ...any)
	Errorf(format string, args ...any)
	FailNow()
}

// Test checks a scenario in go test. It runs the plans saved in
// testdata/sim/<name of the test>/ first, then plans drawn from fresh seeds, which
// follow from the name of the test. The first failure is run twice, to tell a
// counterexample from nondeterminism, shrunk, and saved next to the others; the
// test fails with its story and a command that shows it again. The first five
// seeds and every fiftieth are run twice in any case, and fail if the runs differ.
// All runs are in the process of the test; what differs between processes, such as
// the address of a value, is noticed by a campaign of simrun, which confirms a
// failure in another one.
//
// There are at least 100 runs, and more of them while they are short: until they
// have 300,000 steps in all, up to 2,000 runs.
//
// From 1,000 runs on, a Sometimes that no run reached fails the test too. So does
// a test in which no operation was ever acknowledged, or in which more than one
// run in 200 is inconclusive; it ends as soon as that is certain. A run that does
// not end within a minute of wall time fails the test with the stack of what is
// stuck.
//
// The environment changes what is run:
//
//	SIM_RUNS=1000      exactly this many fresh seeds
//	SIM_TIME=10s       fresh seeds for this long instead
//	SIM_SEED=0x51c2    count up from this seed; "random" draws and prints one
//	SIM_PLAN=file      nothing but the plan in this file
//	SIM_TRACE=1        print every event of a failure, or of the run of SIM_PLAN
//	SIM_WATCHDOG=10m   wall time that a run may take, for a debugger
func Test(t TB, s Scenario) {
	t.Helper()
	if err := s.Validate(); err != nil {
		t.Errorf("%v", err)
		t.FailNow()
	}
	set, err := readSettings(t.Name(), s)
	if err != nil {
		t.Errorf("%v", err)
		t.FailNow()
	}
	ts := &testRun{t: t, s: s, settings: set, watchdog: &watchdog{limit: set.watchdog}}
	defer ts.watchdog.dismiss()
	for _, saved := range set.saved {
		if !ts.replay(saved) {
			t.FailNow()
		}
	}
	if set.onlySaved {
		return
	}
	if !ts.explore() {
		t.FailNow()
	}
}

const (
	// Below enoughRuns a state that was not reached says nothing.
	enoughRuns = 1000
	// doubledFirst and doubledEvery choose the seeds that are run twice.
	doubledFirst, doubledEvery = 5, 50
	// One run in inconclusiveMost may be inconclusive.
	inconclusiveMost = 200
)

// A testRun is one call of Test.
type testRun struct {
	t        TB
	s        Scenario
	settings settings
	watchdog *watchdog

	steps                      int64
	runs, inconclusive, losses int
	ops, acked, faults         int
	virtual                    time.Duration
	doubtful                   *Result // the first inconclusive run
	sometimes                  map[string]bool
}

// replay runs a saved plan and reports whether it passed.
func (ts *testRun) replay(saved savedPlan) bool {
	ts.t.Helper()
	r := ts.run(saved.plan)
	switch r.Verdict {
	case Violation, Harness:
		r = ts.confirm(r)
		ts.t.Errorf("%s", failureText(ts.s, r, failureInfo{file: saved.file, command: ts.settings.replayCommand(saved.file), trace: ts.settings.trace}))
		return false
	case Inconclusive:
		ts.t.Logf("%s: inconclusive, %s: %v", saved.file, r.Check, r.Err)
	}
	if ts.settings.trace && ts.settings.onlySaved {
		ts.t.Logf("%v\n%s", r.Verdict, traceText(ts.s, r.Plan))
	}
	return true
}

// explore runs fresh seeds up to the first failure.
func (ts *testRun) explore() bool {
	ts.t.Helper()
	ts.sometimes = map[string]bool{}
	if ts.settings.announce {
		ts.t.Logf("SIM_SEED=%#x", ts.settings.seed)
	}
	for i := uint64(0); ts.settings.more(ts.runs, ts.steps); i++ {
		r := ts.fresh(ts.settings.seed+i, i < doubledFirst || i%doubledEvery == 0)
		if r.Verdict == Violation || r.Verdict == Harness {
			ts.report(r)
			return false
		}
		ts.count(r)
		if n, known := ts.settings.most(ts.runs, ts.steps); known && ts.inconclusive*inconclusiveMost > n {
			break
		}
	}
	ts.t.Logf("%s: %d runs from seed %#x, %d operations, %d acknowledged, %d faults, %v of virtual time",
		ts.s.Name, ts.runs, ts.settings.seed, ts.ops, ts.acked, ts.faults, ts.virtual.Round(time.Millisecond))
	return ts.judge()
}

// run carries a plan out under the eyes of the watchdog.
func (ts *testRun) run(p Plan) *Result { return ts.watchdog.run(ts.s, p) }

// fresh runs a seed, twice if it passes and says so: code that asks the machine
// for the time or ranges over a map breaks no promise, but its failures do not
// replay.
func (ts *testRun) fresh(seed uint64, twice bool) *Result {
	r := ts.run(NewPlan(ts.s, seed))
	if !twice || r.Verdict == Violation || r.Verdict == Harness {
		return r
	}
	if differs := confirmPlan(ts.s, r.Plan); differs != nil {
		return differs
	}
	return ts.confirm(r)
}

// confirm runs a result's plan again, unless it says itself that this is no use.
func (ts *testRun) confirm(r *Result) *Result {
	if r.Check == nondeterminism || r.Check == stuckCheck {
		return r
	}
	return confirm(ts.s, r, ts.run)
}

func (ts *testRun) count(r *Result) {
	ts.runs++
	ts.steps += r.Stats.Steps
	ts.ops += r.Stats.Ops
	ts.acked += r.Stats.Acked
	ts.faults += len(r.Applied)
	ts.virtual += r.Stats.Virtual
	for name, n := range r.Stats.Sometimes {
		if n > 0 {
			ts.sometimes[name] = true
		}
	}
	switch r.Verdict {
	case Inconclusive:
		if ts.inconclusive++; ts.doubtful == nil {
			ts.doubtful = r
		}
	case ExpectedLoss:
		ts.losses++
	}
}

// report shrinks a failure of a fresh seed, saves it and tells of it.
func (ts *testRun) report(found *Result) {
	ts.t.Helper()
	info := failureInfo{found: &found.Plan, trace: ts.settings.trace}
	r := ts.confirm(found)
	if r.Verdict == Violation {
		r = ts.confirm(ts.shrink(r))
	}
	file, err := ts.settings.save(r, found.Plan.Seed)
	if err != nil {
		info.notSaved = err
		info.command = ts.settings.seedCommand(found.Plan.Seed)
	} else {
		info.file = file
		info.command = ts.settings.replayCommand(file)
	}
	ts.t.Errorf("%s", failureText(ts.s, r, info))
}

// shrink is Shrink; it ends at a smaller plan that gets stuck.
func (ts *testRun) shrink(r *Result) *Result {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	return shrinkWith(ctx, ts.s, r, func(p Plan) *Result {
		r := ts.run(p)
		if r.Check == stuckCheck {
			cancel()
		}
		return r
	})
}

// judge looks at all runs together: did they test anything?
func (ts *testRun) judge() bool {
	ts.t.Helper()
	ok := true
	fail := func(format string, args ...any) {
		ts.t.Helper()
		ts.t.Errorf(ts.s.Name+": "+format, args...)
		ok = false
	}
	if ts.losses > 0 {
		ts.t.Logf("%s: %d runs lost data beyond what is promised", ts.s.Name, ts.losses)
	}
	if ts.inconclusive*inconclusiveMost > ts.runs {
		r := ts.doubtful
		fail("%d of %d runs were inconclusive; the first, seed %#x: %s: %v", ts.inconclusive, ts.runs, r.Plan.Seed, r.Check, r.Err)
	}
	if ts.ops > 0 && ts.acked == 0 {
		fail("none of %d operations was acknowledged in %d runs: nothing was tested", ts.ops, ts.runs)
	}
	var unreached []string
	for _, name := range ts.s.Sometimes {
		if !ts.sometimes[name] {
			unreached = append(unreached, name)
		}
	}
	switch {
	case len(unreached) == 0:
	case ts.runs >= enoughRuns:
		fail("never reached in %d runs: %s", ts.runs, strings.Join(unreached, ", "))
	default:
		ts.t.Logf("%s: not reached in %d runs: %s", ts.s.Name, ts.runs, strings.Join(unreached, ", "))
	}
	return ok
}
