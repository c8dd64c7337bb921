package linearizability_test

import (
	"fmt"
	"math/rand"
	"strconv"
	"testing"

	"github.com/simrun/simrun/linearizability"
)

// A counterOp adds to a counter, or reads it if it adds nothing.
type counterOp int

type counterOut int

func (o counterOut) String() string { return strconv.Itoa(int(o)) }

// counter is what somebody writes first: a Spec without Equal and Hash. Its state is
// wrapped to see what the kind of a state does.
func counter[S any](wrap func(int) S, unwrap func(S) int) linearizability.Spec[S, counterOp, counterOut] {
	return linearizability.Spec[S, counterOp, counterOut]{
		Key:  func(counterOp) string { return "n" },
		Init: func() S { return wrap(0) },
		Apply: func(state S, op counterOp) (S, counterOut) {
			if op == 0 {
				return state, counterOut(unwrap(state))
			}
			return wrap(unwrap(state) + int(op)), 0
		},
		ReadOnly: func(op counterOp) bool { return op == 0 },
	}
}

func plainCounter() linearizability.Spec[int, counterOp, counterOut] {
	return counter(func(n int) int { return n }, func(n int) int { return n })
}

func sliceCounter() linearizability.Spec[[]int, counterOp, counterOut] {
	return counter(func(n int) []int { return []int{n} }, func(s []int) int { return s[0] })
}

// lostUpdates is the history of a counter that forgot one increment after each
// n-th: reads from then on are too small.
func lostUpdates(ops, unwaited, add int) linearizability.History {
	h := draw(load{ops: ops, keys: 1, clients: 3, unwaited: unwaited}, plainCounter().Apply, func(r *rand.Rand, _, _ int, open bool) counterOp {
		if open || r.Intn(2) == 0 {
			return counterOp(1 + r.Intn(add))
		}
		return 0
	})
	for i, op := range h.Operations {
		if op.Input.(counterOp) == 0 && op.Certainty == linearizability.Done && i > len(h.Operations)*2/3 {
			h.Operations[i].Output = max(0, op.Output.(counterOut)-3-counterOut(unwaited))
		}
	}
	return h
}

// An illegal history of a naive Spec is judged and explained in a few milliseconds.
func BenchmarkNaiveCounter(b *testing.B) {
	for _, l := range []struct{ ops, unwaited, add int }{
		{200, 0, 1}, {200, 5, 1}, {200, 20, 1}, {200, 60, 1}, {20, 12, 1},
		{200, 0, 9}, {200, 5, 9}, {200, 20, 9}, {20, 12, 9},
	} {
		h := lostUpdates(l.ops, l.unwaited, l.add)
		name := fmt.Sprintf("ops=%d/unwaited=%d/add=%d", l.ops, l.unwaited, l.add)
		b.Run("int/"+name, func(b *testing.B) { check(b, plainCounter().Model(), h, linearizability.Illegal) })
		b.Run("slice/"+name, func(b *testing.B) { check(b, sliceCounter().Model(), h, linearizability.Illegal) })
	}
}

// counted lets a Spec count the calls of Apply, in the search and the explanation.
func counted[S any](spec linearizability.Spec[S, counterOp, counterOut]) (linearizability.Spec[S, counterOp, counterOut], *int) {
	calls, apply := new(int), spec.Apply
	spec.Apply = func(state S, op counterOp) (S, counterOut) {
		*calls++
		return apply(state, op)
	}
	return spec, calls
}

// What a Spec without Equal and Hash says does not depend on how its states are
// compared and hashed, nor on the seed of the hash.
func TestDefaultHashChangesNoReport(t *testing.T) {
	for _, unwaited := range []int{0, 5, 12} {
		h := lostUpdates(60, unwaited, 3)
		want := plainCounter().Model().Check(h, 0)
		if want.Verdict != linearizability.Illegal || len(want.Operations) == 0 {
			t.Fatalf("with %d open operations: %v", unwaited, want)
		}
		for range 3 { // each model has a seed of its own
			if got := plainCounter().Model().Check(h, 0); got.String() != want.String() || got.Steps != want.Steps {
				t.Errorf("in %d steps\n%v\nthen in %d steps\n%v", want.Steps, want, got.Steps, got)
			}
		}
		if got := sliceCounter().Model().Check(h, 0); got.Verdict != want.Verdict {
			t.Errorf("with states of ints %v, of slices %v", want, got)
		}
	}
}

// An explanation costs little, however hard the history is.
func TestExplanationIsBounded(t *testing.T) {
	for _, unwaited := range []int{0, 5, 20} {
		h := lostUpdates(200, unwaited, 9)
		spec, calls := counted(plainCounter())
		report := spec.Model().Check(h, 0)
		if extra := *calls - report.Steps; report.Verdict != linearizability.Illegal || extra > 50_000 {
			t.Errorf("with %d open operations: %d model steps beyond the verdict\n%v", unwaited, extra, report)
		}
	}
}

// Where == is not reflect.DeepEqual, or panics, states are still compared by what
// they hold.
func TestStatesAreComparedByContent(t *testing.T) {
	h := lostUpdates(60, 5, 3)
	verdicts := []linearizability.Verdict{
		counter(func(n int) *int { return &n }, func(p *int) int { return *p }).Model().Check(h, 0).Verdict,
		counter(func(n int) any { return []int{n} }, func(a any) int { return a.([]int)[0] }).Model().Check(h, 0).Verdict,
		counter(func(n int) struct{ any } { return struct{ any }{map[int]bool{n: true}} }, func(s struct{ any }) int {
			for n := range s.any.(map[int]bool) {
				return n
			}
			return 0
		}).Model().Check(h, 0).Verdict,
		counter(func(n int) [2]string { return [2]string{strconv.Itoa(n), "of"} }, func(s [2]string) int {
			n, _ := strconv.Atoi(s[0])
			return n
		}).Model().Check(h, 0).Verdict,
	}
	for i, v := range verdicts {
		if v != linearizability.Illegal {
			t.Errorf("state %d: %v", i, v)
		}
	}
}
