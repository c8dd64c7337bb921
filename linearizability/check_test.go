package linearizability_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
)

// Histories written by hand, legal and illegal, and what is said about them. The
// fast way, the search and the brute-force checker must agree on each.
func TestHistoriesOfRegisters(t *testing.T) { judge(t, "testdata/register", register()) }

func TestHistoriesOfObjects(t *testing.T) { judge(t, "testdata/object", object()) }

func judge[S, I any, O fmt.Stringer](t *testing.T, file string, s subject[S, I, O]) {
	datadriven.RunTest(t, file, func(t *testing.T, d *datadriven.TestData) string {
		h := s.history(t, d.Input)
		report := s.spec.Model().Check(h, 0)
		if slow := s.slow().Check(h, 0); slow.Verdict != report.Verdict {
			t.Errorf("%s: %v, but the search says %v", d.Pos, report, slow)
		}
		if legal := s.bruteForce(h); legal != (report.Verdict == linearizability.OK) {
			t.Errorf("%s: %v, but brute force says legal %v", d.Pos, report, legal)
		}
		return report.String() + "\n"
	})
}

func TestHistoryOfNothingIsLegal(t *testing.T) {
	if r := register().spec.Model().Check(linearizability.History{}, 0); r.Verdict != linearizability.OK {
		t.Error(r)
	}
}

// R125: a limit that is reached is its own verdict, never OK.
func TestReachedLimitIsUndecided(t *testing.T) {
	s := object()
	h := s.history(t, `
		1 20 c0#1 atomic_add s k {n: 1} -> NOTFOUND
		2 21 c1#1 put s k {n: 2} -> SUCCESS
		3 22 c2#1 atomic_add s k {n: 3} -> SUCCESS
		4 23 c3#1 put s k {n: 4} -> SUCCESS
		5 24 c4#1 get s k -> SUCCESS {n: 99, tags: set(string){}}
	`)
	report := s.spec.Model().Check(h, 5)
	if report.Verdict != linearizability.Undecided || report.Key != "s/k" || report.Steps > 5 {
		t.Errorf("with 5 steps: %v in %d steps", report, report.Steps)
	}
	report = s.spec.Model().Check(h, 0)
	if report.Verdict != linearizability.Illegal || report.Steps <= 5 {
		t.Errorf("with the default: %v in %d steps", report, report.Steps)
	}
}

// A violation is final, whatever else stays undecided.
func TestIllegalKeyOutweighsUndecidedOne(t *testing.T) {
	s := object()
	h := s.history(t, `
		1 20 c0#1 atomic_add s a {n: 1} -> NOTFOUND
		2 21 c1#1 put s a {n: 2} -> SUCCESS
		3 22 c2#1 atomic_add s a {n: 3} -> SUCCESS
		4 23 c3#1 put s a {n: 4} -> SUCCESS
		5 24 c4#1 get s a -> SUCCESS {n: 99, tags: set(string){}}
		30 31 c0#2 set_add s b {tags: "x"} -> SUCCESS
	`)
	if r := s.spec.Model().Check(h, 10); r.Verdict != linearizability.Illegal || r.Key != "s/b" {
		t.Error(r)
	}
}

// A panic in a user's function reaches the caller of Check, who can keep the
// history; Porcupine runs it on a goroutine nobody could guard.
func TestPanicOfSpecReachesCaller(t *testing.T) {
	s := object()
	h := s.history(t, `
		1 4 c0#1 put s k {n: 1} -> SUCCESS
		2 3 c1#1 get s k -> SUCCESS {n: 2, tags: set(string){}}
	`)
	const tries = 6 // more calls of Match than the walks make
	for at := 1; at <= tries; at++ {
		calls := 0
		spec := s.spec
		spec.Match = func(_ models.Op, want, got models.Result) bool {
			if calls++; calls == at {
				panic("broken spec")
			}
			return want.Equal(got)
		}
		func() {
			defer func() {
				if p := recover(); !strings.Contains(fmt.Sprint(p), "broken spec") {
					t.Errorf("call %d panicked, Check with %v", at, p)
				}
			}()
			spec.Model().Check(h, 0)
		}()
	}
}
