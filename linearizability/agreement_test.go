package linearizability_test

import (
	"fmt"
	"math/rand"
	"os"
	"slices"
	"strconv"
	"testing"

	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
)

// histories is how many random histories the agreement tests judge together;
// SIM_HISTORIES=1000000 judges more.
func histories(t *testing.T) int {
	text := os.Getenv("SIM_HISTORIES")
	if text == "" {
		return 120_000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// The checkers and brute force give the same verdict on random small histories of
// registers, with unique and with repeated values, open operations and equal stamps.
func TestRegisterVerdictsAgreeWithBruteForce(t *testing.T) {
	agree(t, register(), histories(t)/2, func(r *rand.Rand) func() models.RegisterOp {
		unique, n := r.Intn(3) > 0, 0
		return func() models.RegisterOp {
			if r.Intn(2) == 0 {
				return models.Read{Key: "k"}
			}
			n++
			if !unique {
				n = r.Intn(3)
			}
			return models.Write{Key: "k", Value: [...]string{"", "a", "b", "c", "d", "e", "f", "g"}[n]}
		}
	}, func(r *rand.Rand, op models.RegisterOp, out answer) answer {
		if _, write := models.Written(op); write {
			return out
		}
		return answer([...]string{"", "a", "b", "c"}[r.Intn(4)])
	})
}

// The same for objects with conditional puts, sets and counters, and for keys that
// happen to see only whole puts.
func TestObjectVerdictsAgreeWithBruteForce(t *testing.T) {
	texts := []string{
		`put s k {n: %d}`, `put s k {tags: {"a"}}`, `put_if_not_exist s k {n: %d}`, `del s k`,
		`cond_put s k if {n < %d} {n: 1}`, `cond_put s k if {tags contains "a"} {n: %d}`,
		`set_add s k {tags: "a"}`, `set_add s k {tags: "b"}`, `set_remove s k {tags: "a"}`,
		`atomic_add s k {n: %d}`, `get s k`, `get s k`, `get s k`,
	}
	whole := []string{`put s k {n: %d, tags: {"a"}}`, `get s k`}
	parsed := map[string]models.Op{} // parsing is not what is tested here
	agree(t, object(), histories(t)/2, func(r *rand.Rand) func() models.Op {
		choice, n := texts, 0
		if r.Intn(4) == 0 {
			choice = whole
		}
		return func() models.Op {
			n++
			text := choice[r.Intn(len(choice))]
			if text == whole[0] {
				text = fmt.Sprintf(text, n)
			} else if slices.Contains([]byte(text), '%') {
				text = fmt.Sprintf(text, r.Intn(3))
			}
			op, known := parsed[text]
			if !known {
				var err error
				if op, err = models.ParseOp(text); err != nil {
					t.Fatal(err)
				}
				parsed[text] = op
			}
			return op
		}
	}, func(r *rand.Rand, op models.Op, out models.Result) models.Result {
		if r.Intn(2) == 0 || len(out.Attrs) == 0 {
			statuses := []models.Status{models.NotFound, models.CmpFail, models.Success}
			out = models.Result{Status: statuses[r.Intn(3)]}
			if op.Verb == models.Get && out.Status == models.Success {
				out.Attrs = []models.Attr{}
			}
			return out
		}
		attrs := slices.Clone(out.Attrs)
		attrs[0].Value = models.IntValue(int64(r.Intn(4)))
		return models.Result{Status: out.Status, Attrs: attrs}
	})
}

// agree draws histories that a correct object could have produced, spoils most of
// them, and compares the verdicts. At least a fifth must be illegal, or the test
// shows nothing.
func agree[S, I any, O fmt.Stringer](t *testing.T, s subject[S, I, O], n int, inputs func(*rand.Rand) func() I, spoil func(*rand.Rand, I, O) O) {
	fast, slow := s.spec.Model(), s.slow()
	r := rand.New(rand.NewSource(1))
	illegal, open, stories := 0, 0, map[string]int{}
	for i := range n {
		h := s.draw(r, inputs(r))
		for range r.Intn(6) {
			s.mutate(r, h, spoil)
		}
		want := linearizability.OK
		if !s.bruteForce(h) {
			want = linearizability.Illegal
			illegal++
		}
		for _, op := range h.Operations {
			if op.Certainty == linearizability.Unknown {
				open++
			}
		}
		report := fast.Check(h, 0)
		searched, frontier := slow.Check(h, 0), linearizability.Frontier(slow, h)
		if report.Verdict != want || searched.Verdict != want || frontier != want {
			t.Fatalf("history %d:\n%sbrute force: %v\nfast: %v\nsearch: %v\nfrontier: %v", i, list(h), want, report, searched, frontier)
		}
		if want == linearizability.Illegal {
			stories[report.Check]++
			if told := s.told(h, report); s.bruteForce(told) {
				t.Fatalf("history %d:\n%s%v\nbut this is legal:\n%s", i, list(h), report, list(told))
			}
		}
	}
	t.Logf("%d histories, %d illegal, %d open operations, stories %v", n, illegal, open, stories)
	if illegal < n/5 || open < n/5 {
		t.Errorf("only %d of %d histories were illegal, with %d open operations", illegal, n, open)
	}
}

// draw carries out operations at random places between their call and their return.
func (s subject[S, I, O]) draw(r *rand.Rand, input func() I) linearizability.History {
	type point struct {
		op   int
		what int // 0 call, 1 effect, 2 return
	}
	var points []point
	ops := make([]linearizability.Operation, 2+r.Intn(5))
	for i := range ops {
		ops[i] = linearizability.Operation{
			ID: linearizability.OpID{Client: "c" + strconv.Itoa(i), N: 1}, Input: input(),
			Certainty: linearizability.Unknown, Return: linearizability.Open,
		}
		at := make([]int, 3)
		from := r.Intn(len(points) + 1)
		for j := range at {
			at[j] = from + r.Intn(min(len(points)-from+1, 5))
		}
		slices.Sort(at)
		for j, a := range at {
			points = slices.Insert(points, min(a+j, len(points)), point{i, j})
		}
	}
	if last := ops[len(ops)-1]; s.spec.ReadOnly(last.Input.(I)) {
		ops[len(ops)-1].ID.Client = linearizability.FinalClient
	}
	grain := 1 + r.Intn(3) // more than one place shares a stamp
	var state S
	outputs := make([]O, len(ops))
	for i, p := range points {
		op := &ops[p.op]
		switch p.what {
		case 0:
			op.Call = int64(i / grain)
		case 1:
			state, outputs[p.op] = s.spec.Apply(state, op.Input.(I))
		case 2:
			if r.Intn(5) > 0 || s.spec.ReadOnly(op.Input.(I)) {
				op.Certainty, op.Output, op.Return = linearizability.Done, outputs[p.op], int64(i/grain)
			}
		}
	}
	slices.SortFunc(ops, func(a, b linearizability.Operation) int { return int(a.Call - b.Call) })
	return linearizability.History{Operations: ops}
}

// mutate changes one answer, perhaps to that of another operation, or one interval.
func (s subject[S, I, O]) mutate(r *rand.Rand, h linearizability.History, spoil func(*rand.Rand, I, O) O) {
	op := &h.Operations[r.Intn(len(h.Operations))]
	switch {
	case op.Certainty != linearizability.Done:
	case r.Intn(3) == 0:
		if other := h.Operations[r.Intn(len(h.Operations))]; other.Certainty == linearizability.Done {
			op.Output = other.Output
		}
	case r.Intn(2) == 0:
		op.Output = spoil(r, op.Input.(I), op.Output.(O))
	default:
		shift := int64(r.Intn(7) - 3)
		op.Call, op.Return = op.Call+shift, op.Return+shift
	}
}

// told is what a report claims: the operations it names happened as they did, and
// of all others nobody knows when they ended or what they answered.
func (s subject[S, I, O]) told(h linearizability.History, report linearizability.Report) linearizability.History {
	var told linearizability.History
	for _, op := range h.Operations {
		named := slices.ContainsFunc(report.Operations, func(o linearizability.Operation) bool { return o.ID == op.ID })
		if !named && op.Certainty == linearizability.Done {
			op.Certainty, op.Output, op.Return = linearizability.Unknown, nil, linearizability.Open
		}
		told.Operations = append(told.Operations, op)
	}
	return told
}

func list(h linearizability.History) string {
	text := ""
	for _, op := range h.Operations {
		text += fmt.Sprintf("  %d..%d %v\n", op.Call, op.Return, op)
	}
	return text
}
