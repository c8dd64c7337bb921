package linearizability_test

import (
	"fmt"
	"math/rand"
	"slices"
	"testing"

	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
)

// A legal history with one edit is illegal to each checker if it is to brute force,
// and to none if it is not: an answer with one bit flipped, a call or a return at
// another place, an open operation that got an answer, or a lost answer. The zone
// check decides registers of unique values alone, without a step of the search.
func TestSingleEditsOfRegistersAreFound(t *testing.T) {
	edits(t, register(), histories(t)/4, true, func(r *rand.Rand) func() models.RegisterOp {
		n := 0
		return func() models.RegisterOp {
			if r.Intn(2) == 0 {
				return models.Read{Key: "k"}
			}
			n++
			return models.Write{Key: "k", Value: [...]string{"", "a", "b", "c", "d", "e", "f", "g"}[n]}
		}
	}, func(r *rand.Rand, op models.RegisterOp, out answer) answer {
		if _, write := models.Written(op); write {
			return out
		}
		if out == "" {
			return "a"
		}
		return answer([]byte{out[0] ^ 1<<r.Intn(3)})
	})
}

// The same for conditional puts, sets and counters, which Porcupine decides, and for
// the frontier that takes over when it cannot.
func TestSingleEditsOfObjectsAreFound(t *testing.T) {
	var ops []models.Op
	for _, text := range []string{
		`put s k {n: 1}`, `put s k {tags: {"a"}}`, `put_if_not_exist s k {n: 2}`, `del s k`,
		`cond_put s k if {n < 2} {n: 1}`, `cond_put s k if {tags contains "a"} {n: 3}`,
		`set_add s k {tags: "a"}`, `set_remove s k {tags: "a"}`, `atomic_add s k {n: 1}`, `atomic_add s k {n: 2}`,
		`get s k`, `get s k`, `get s k`, `get s k`,
	} {
		op, err := models.ParseOp(text)
		if err != nil {
			t.Fatal(err)
		}
		ops = append(ops, op)
	}
	edits(t, object(), histories(t)/4, false, func(r *rand.Rand) func() models.Op {
		return func() models.Op { return ops[r.Intn(len(ops))] }
	}, func(r *rand.Rand, op models.Op, out models.Result) models.Result {
		if len(out.Attrs) == 0 || r.Intn(4) == 0 {
			statuses := []models.Status{models.NotFound, models.CmpFail, models.Success}
			return models.Result{Status: statuses[r.Intn(3)], Attrs: out.Attrs}
		}
		attrs := slices.Clone(out.Attrs)
		attrs[0].Value = models.IntValue(attrs[0].Value.Int ^ 1<<r.Intn(3))
		return models.Result{Status: out.Status, Attrs: attrs}
	})
}

// tally counts what one checker said of the edits that brute force calls illegal, and
// of those that it calls legal.
type tally struct{ illegal, found, legal, alarms int }

func (t *tally) add(want, got linearizability.Verdict) {
	if want == linearizability.Illegal {
		t.illegal++
		if got == linearizability.Illegal {
			t.found++
		}
		return
	}
	t.legal++
	if got != linearizability.OK {
		t.alarms++
	}
}

// edits draws legal histories and edits each once. An edit that is illegal must be
// reported in 99 of 100 cases, one that is not never.
func edits[S, I any, O fmt.Stringer](t *testing.T, s subject[S, I, O], n int, zone bool, inputs func(*rand.Rand) func() I, flip func(*rand.Rand, I, O) O) {
	fast, slow := s.spec.Model(), s.slow()
	r := rand.New(rand.NewSource(2))
	names := []string{"fast", "search", "frontier"}
	var tallies [3]tally
	kinds := map[string]int{}
	for i := range n {
		h := s.draw(r, inputs(r))
		if got := fast.Check(h, 0); got.Verdict != linearizability.OK {
			t.Fatalf("history %d:\n%sis legal, and %v", i, list(h), got)
		}
		kind := s.edit(r, h, flip)
		want := linearizability.OK
		if !s.bruteForce(h) {
			want = linearizability.Illegal
			kinds[kind]++
		}
		report := fast.Check(h, 0)
		if zone && report.Steps > 0 {
			t.Fatalf("history %d:\n%swas searched, in %d steps", i, list(h), report.Steps)
		}
		tallies[0].add(want, report.Verdict)
		tallies[1].add(want, slow.Check(h, 0).Verdict)
		tallies[2].add(want, linearizability.Frontier(slow, h))
	}
	for i, name := range names {
		c := tallies[i]
		t.Logf("%s: %d of %d illegal edits found, %d alarms for %d legal ones", name, c.found, c.illegal, c.alarms, c.legal)
		if c.found*100 < c.illegal*99 || c.alarms > 0 {
			t.Errorf("%s misses illegal histories, or reports legal ones", name)
		}
	}
	t.Logf("illegal by kind of edit: %v", kinds)
	if tallies[0].illegal < n/10 || len(kinds) < 4 {
		t.Errorf("only %d of %d edits are illegal, by %v", tallies[0].illegal, n, kinds)
	}
}

// edit changes one thing of a history and says what kind of edit it was.
func (s subject[S, I, O]) edit(r *rand.Rand, h linearizability.History, flip func(*rand.Rand, I, O) O) string {
	op := &h.Operations[r.Intn(len(h.Operations))]
	if op.Certainty != linearizability.Done {
		_, out := s.spec.Apply(*new(S), op.Input.(I))
		op.Certainty, op.Output, op.Return = linearizability.Done, out, op.Call+int64(r.Intn(4))
		return "answered"
	}
	switch r.Intn(8) {
	case 0:
		op.Certainty, op.Output, op.Return = linearizability.Unknown, nil, linearizability.Open
		return "answer lost"
	case 1, 2, 3:
		op.Output = flip(r, op.Input.(I), op.Output.(O))
		return "bit of an answer"
	case 4, 5:
		op.Call -= int64(1 + r.Intn(3))
		op.Call += int64(r.Intn(int(min(op.Return-op.Call, 6) + 1)))
		return "call moved"
	default:
		op.Return = max(op.Call, op.Return+int64(r.Intn(9)-5))
		return "return moved"
	}
}
