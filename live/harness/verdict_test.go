package harness

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/sim"
)

// A fixedModel judges every history alike.
type fixedModel struct{ linearizability.Report }

func (m fixedModel) Check(linearizability.History, int) linearizability.Report { return m.Report }

// What is wrong weighs more than what cannot be decided, and that more than what is lost
// beyond the budget. Only a run with none of these passes.
func TestVerdictIsTheWorstOfWhatIsKnown(t *testing.T) {
	undecided := linearizability.Report{Verdict: linearizability.Undecided, Key: "k", Why: "too long"}
	illegal := linearizability.Report{Verdict: linearizability.Illegal, Check: "linearizability", Why: "wrong"}
	lost := []linearizability.OpID{{Client: "c0", N: 1}}
	for _, c := range []struct {
		claim   string
		failed  bool // before it was judged
		model   linearizability.Report
		check   error
		excuse  string
		lost    []linearizability.OpID
		verdict sim.Verdict
		name    string
	}{
		{claim: "all is well", verdict: sim.Pass},
		{claim: "model", model: illegal, excuse: "disks", lost: lost, verdict: sim.Violation, name: "linearizability"},
		{claim: "check", check: errors.New("no"), excuse: "disks", lost: lost, verdict: sim.Violation, name: "mine"},
		{claim: "check of what is undecided", model: undecided, check: errors.New("no"), verdict: sim.Violation, name: "mine"},
		{claim: "undecided", model: undecided, excuse: "disks", lost: lost, verdict: sim.Inconclusive, name: "check steps"},
		{claim: "excused", excuse: "disks", verdict: sim.ExpectedLoss, name: "beyond budget"},
		{claim: "lost", lost: lost, verdict: sim.ExpectedLoss, name: "beyond budget"},
		{claim: "failed before", failed: true, check: errors.New("no"), verdict: sim.Harness, name: "kill"},
		{claim: "failed, else well", failed: true, verdict: sim.Harness, name: "kill"},
	} {
		s := sim.Scenario{
			Name: "harness/verdict", Model: fixedModel{c.model},
			Oracle: func(sim.Knobs) sim.Oracle { return &fakeOracle{lost: c.lost} },
			Checks: []sim.Check{{Name: "mine", Func: func(*sim.Observation) error { return c.check }}},
		}
		r := newRun(s, sim.Plan{}, Options{}, limitsOf(s))
		r.cancel()
		r.excuse = c.excuse
		if c.failed {
			r.fail(sim.Harness, "kill", errors.New("first"))
			r.fail(sim.Violation, "later", errors.New("second"))
		}
		r.judge()
		if res := r.result; res.Verdict != c.verdict || res.Check != c.name || (res.Err == nil) != (c.verdict == sim.Pass) {
			t.Errorf("%s: %v, %s: %v", c.claim, res.Verdict, res.Check, res.Err)
		}
	}
}

// A remembering oracle keeps what it is told, and leaves nothing of a history.
type remembering struct {
	fakeOracle
	told *[][]any
	mine int
}

func (o *remembering) Observe(n sim.Note) { (*o.told)[o.mine] = append((*o.told)[o.mine], n.Fact) }

func (*remembering) Remains(linearizability.History) (linearizability.History, []linearizability.OpID) {
	return linearizability.History{}, nil
}

// The oracle that is asked during the run follows the facts as they come; the one that
// judges follows them in their order, and says of what there is to judge.
func TestOracleJudgesInTheOrderOfTheStamps(t *testing.T) {
	var told [][]any
	judged := -1
	s := sim.Scenario{
		Name: "harness/oracle",
		Oracle: func(sim.Knobs) sim.Oracle {
			told = append(told, nil)
			return &remembering{told: &told, mine: len(told) - 1}
		},
		Checks: []sim.Check{{Name: "mine", Func: func(o *sim.Observation) error {
			judged = len(o.History.Operations)
			return nil
		}}},
	}
	r := newRun(s, sim.Plan{}, Options{}, limitsOf(s))
	r.cancel()
	op := linearizability.OpID{Client: "c0", N: 1}
	r.facts.told(sim.Note{At: 3, Host: "a", Path: "a/x", Fact: "third"})
	r.facts.told(sim.Note{At: 1, Host: "b", Path: "b/x", Fact: "first"})
	r.facts.told(sim.Note{At: 2, Host: "c0", Path: "c0/x", Fact: linearizability.Called{Op: op}})
	r.judge()
	want := [][]any{{"third", "first", linearizability.Called{Op: op}}, {"first", linearizability.Called{Op: op}, "third"}}
	if len(told) != 2 || !slices.Equal(told[0], want[0]) || !slices.Equal(told[1], want[1]) {
		t.Errorf("told %v, want %v", told, want)
	}
	if judged != 0 || len(r.result.History.Operations) != 1 {
		t.Errorf("judged were %d operations of %d", judged, len(r.result.History.Operations))
	}
}

// Each phase waits for who works or is to come back, and for hosts that are on their way
// up; then the keys are read back.
func TestPhasesFollowEachOther(t *testing.T) {
	st := newStage(t, sim.Plan{}, nil)
	st.scenario.Workload.Final = func(sim.Knobs, []sim.Op) []sim.Op { return nil }
	final, client := st.nodes[finalHost], st.host("c0")
	st.happen(faults.Fault{Kind: faults.Crash, Hosts: []string{"s1"}})
	for _, waits := range []*bool{&client.working, &client.resume} {
		*waits = true
		if st.advance(); st.phase != faultPhase {
			t.Fatal("the faults are over while a client has something to do")
		}
		*waits = false
	}
	if st.advance(); st.phase != settlePhase || len(final.calls) > 0 || !st.host("s1").rising {
		t.Fatalf("phase %d, final did %q: a host is on its way up", st.phase, final.calls)
	}
	st.settle(0)
	st.advance()
	if want := []string{"work from 0, final true, none false"}; st.phase != finalPhase || st.over || !slices.Equal(final.calls, want) {
		t.Fatalf("phase %d, over %v, final did %q", st.phase, st.over, final.calls)
	}
	st.host(finalHost).working = false
	if st.advance(); !st.over || st.result.Verdict != 0 {
		t.Errorf("over %v, %v", st.over, st.result.Verdict)
	}
}

// Whoever is late is a violation, unless the oracle knows that it is excused: then what
// there is can still be read.
func TestLateRunIsAViolationUnlessItIsExcused(t *testing.T) {
	for _, excuse := range []string{"", "every copy is gone"} {
		st := newStage(t, sim.Plan{}, &fakeOracle{excuse: excuse})
		client := st.host("c0")
		client.working, client.resume = true, true
		if st.expire(); st.over != (excuse == "") || client.working != (excuse == "") || client.resume != (excuse == "") {
			t.Errorf("excuse %q: over %v, working %v", excuse, st.over, client.working)
		}
		if excuse == "" {
			if r := st.result; r.Verdict != sim.Violation || r.Check != "liveness" || !strings.Contains(r.Err.Error(), "c0/workload") {
				t.Errorf("%v, %s: %v", r.Verdict, r.Check, r.Err)
			}
			continue
		}
		st.phase = finalPhase
		if st.expire(); !st.over || st.result.Verdict != 0 {
			t.Errorf("over %v, %v", st.over, st.result.Verdict)
		}
		if st.judge(); st.result.Verdict != sim.ExpectedLoss {
			t.Errorf("%v, %s: %v", st.result.Verdict, st.result.Check, st.result.Err)
		}
	}
}

// Faults begin when enough operations are answered, and those at points when their host
// has come to one often enough.
func TestFaultsWaitForTheirMoment(t *testing.T) {
	f := newFacts(func() time.Duration { return 0 }, nil)
	f.expect(2)
	called, returned := linearizability.Called{}, linearizability.Returned{}
	warm := func() bool {
		select {
		case <-f.warmed:
			return true
		default:
			return false
		}
	}
	for n := 1; n <= 3; n++ {
		f.note("c0", "c0/x", called)
		if warm() != (n > 2) || !f.inFlight() {
			t.Errorf("operation %d is under way: warm %v, in flight %v", n, warm(), f.inFlight())
		}
		f.note("c0", "c0/x", returned)
		if warm() != (n >= 2) || f.inFlight() {
			t.Errorf("operation %d is answered: warm %v, in flight %v", n, warm(), f.inFlight())
		}
	}
	for life := range uint64(3) { // each dies with an operation
		f.up("c0")
		if f.note("c0", "c0/x", called); !f.inFlight() {
			t.Errorf("life %d: nothing is in flight", life)
		}
		if f.down("c0", life); f.inFlight() {
			t.Errorf("life %d: what has died is in flight", life)
		}
	}
	var reached []int
	first, second := faults.Fault{Point: "p", Host: "a"}, faults.Fault{Point: "p", Host: "a", Nth: 2}
	f.await(faults.Schedule{second, first}, func(f faults.Fault) { reached = append(reached, f.Nth) })
	for i, at := range []struct {
		host, point string
		want        []int // so far
	}{{"b", "p", nil}, {"a", "q", nil}, {"a", "p", []int{0}}, {"b", "p", []int{0}}, {"a", "p", []int{0, 2}}, {"a", "p", []int{0, 2}}} {
		if f.note(at.host, at.host+"/x", actors.Point(at.point)); !slices.Equal(reached, at.want) {
			t.Errorf("after point %d: reached %v, want %v", i, reached, at.want)
		}
	}
	none := newFacts(func() time.Duration { return 0 }, nil)
	none.expect(0)
	select {
	case <-none.warmed:
	default:
		t.Error("faults wait for no operation")
	}
}

// No two facts of this process have one time, and what comes after the end is of no run.
func TestFactsEndWithTheRun(t *testing.T) {
	f := newFacts(func() time.Duration { return 5 }, nil)
	f.note("a", "a/x", 1)
	f.note("b", "b/x", 2)
	f.observe("a", sim.DiskLost{})
	f.close()
	f.note("a", "a/x", 3)
	f.observe("a", sim.DiskLost{})
	f.down("a", 1)
	f.began(9, "late")
	var at []time.Duration
	for i, n := range f.ordered() {
		at = append(at, n.At)
		if n.Seq != int64(i+1) {
			t.Errorf("fact %d has the number %d", i, n.Seq)
		}
	}
	if !slices.Equal(at, []time.Duration{5, 6, 7}) {
		t.Errorf("facts at %v", at)
	}
}
