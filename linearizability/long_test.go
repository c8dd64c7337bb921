package linearizability_test

import (
	"fmt"
	"testing"

	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
)

// What a correct system does is legal, however long it is and however much nobody
// waited for; one answer that comes from the past makes it illegal. All ways to
// judge agree, where brute force could not say anything.
func TestLongHistories(t *testing.T) {
	s := register()
	for _, l := range []load{
		{ops: 2000, keys: 1, clients: 4, unwaited: 8},
		{ops: 2000, keys: 100, clients: 20, unwaited: 200},
	} {
		h := draw(l, s.spec.Apply, registerInput)
		agreeOn(t, fmt.Sprint(l), s, h, linearizability.OK)
		agreeOn(t, fmt.Sprint(l), s, spoiled(h), linearizability.Illegal)
	}
	for _, l := range []load{
		{ops: 500, keys: 1, clients: 3, unwaited: 4},
		{ops: 2000, keys: 100, clients: 20, unwaited: 200},
	} {
		h := draw(l, object().spec.Apply, objectInput)
		agreeOn(t, fmt.Sprint(l), object(), h, linearizability.OK)
		last := len(h.Operations) - 1
		for h.Operations[last].Certainty != linearizability.Done {
			last--
		}
		h.Operations[last].Output = models.Result{Status: models.Overflow} // no sum is near
		agreeOn(t, fmt.Sprint(l), object(), h, linearizability.Illegal)
	}
}

func agreeOn[S, I any, O fmt.Stringer](t *testing.T, name string, s subject[S, I, O], h linearizability.History, want linearizability.Verdict) {
	t.Helper()
	fast, search, frontier := s.spec.Model().Check(h, 0), s.slow().Check(h, 0), linearizability.Frontier(s.slow(), h)
	if fast.Verdict != want || search.Verdict != want || frontier != want {
		t.Errorf("%s: want %v\nfast: %v\nsearch: %v\nfrontier: %v", name, want, fast, search, frontier)
	}
}

// Equal histories give equal reports, also in steps and in the operations named.
func TestReportsAreDeterministic(t *testing.T) {
	h := draw(load{ops: 300, keys: 5, clients: 5, unwaited: 10}, object().spec.Apply, objectInput)
	for i := range h.Operations {
		if op := &h.Operations[i]; i > 250 && op.Certainty == linearizability.Done {
			op.Output = models.Result{Status: models.CmpFail}
		}
	}
	first := object().spec.Model().Check(h, 0)
	if first.Verdict != linearizability.Illegal {
		t.Fatal(first)
	}
	for range 3 {
		if again := object().spec.Model().Check(h, 0); again.String() != first.String() || again.Steps != first.Steps {
			t.Fatalf("first %v in %d steps\nthen %v in %d steps", first, first.Steps, again, again.Steps)
		}
	}
}
