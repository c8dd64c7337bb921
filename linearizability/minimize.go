package linearizability

import (
	"cmp"
	"fmt"
	"slices"
	"sort"
)

// explainSteps bounds the search for a short story about one illegal key. It is
// not part of the steps of a verdict.
const explainSteps = 30_000

// maxShown is how many operations of a long history are shown that could not be
// told to be needless within the steps: the last ones before the culprit.
const maxShown = 16

// A story is an illegal key that is being made shorter. Each step keeps it
// illegal, and is sound: dropping a read, forgetting that an operation ended and
// forgetting what came later only allow more orders. Dropping a write would not be
// sound: its value could then look like one that nobody wrote.
type story struct {
	model *model
	key   string
	ops   []*Operation
	left  int
}

// explain reports an illegal key with as few operations as it takes.
func (m *model) explain(k keyed) Report {
	s := &story{model: m, key: k.key, ops: slices.Clone(k.ops), left: explainSteps}
	byCall(s.ops)
	// What is missing from the final reads is lost for good: if they alone show the
	// violation, they tell it best.
	final := slices.DeleteFunc(slices.Clone(s.ops), func(op *Operation) bool {
		return m.readOnly(op.Input) && op.ID.Client != FinalClient
	})
	if len(final) < len(s.ops) && s.illegal(final) {
		s.ops = final
	}
	culprit := s.cut()
	s.dropReads(culprit)
	shown, essential := s.essential(culprit)
	// What had not ended by then is told as it was recorded.
	for i, op := range shown {
		shown[i] = k.ops[slices.IndexFunc(k.ops, func(o *Operation) bool { return o.ID == op.ID })]
	}
	return s.report(culprit, shown, essential)
}

// illegal says whether the operations are still known to be illegal.
func (s *story) illegal(ops []*Operation) bool {
	if s.left <= 0 {
		return false
	}
	search := search{model: s.model, limit: min(s.left, explainSteps/4)}
	verdict := search.decide(ops)
	s.left -= search.used
	return verdict == Illegal
}

// cut forgets what happened after the first return that no order explains, and
// returns the operation that returned there.
func (s *story) cut() (culprit *Operation) {
	var ended []*Operation
	for _, op := range s.ops {
		if op.Certainty == Done {
			ended = append(ended, op)
		}
	}
	slices.SortStableFunc(ended, func(a, b *Operation) int { return cmp.Compare(a.Return, b.Return) })
	n := sort.Search(len(ended)-1, func(n int) bool { return s.illegal(until(s.ops, ended[n].Return)) })
	culprit = ended[n]
	if ops := until(s.ops, culprit.Return); n < len(ended)-1 || s.illegal(ops) {
		s.ops = ops
	}
	return culprit
}

// until is the history as it was known at a place in the order of events.
func until(ops []*Operation, at int64) []*Operation {
	var known []*Operation
	for _, op := range ops {
		switch {
		case op.Call > at:
		case op.Certainty == Done && op.Return > at:
			known = append(known, opened(op))
		default:
			known = append(known, op)
		}
	}
	return known
}

// opened is the operation as if nobody had waited for it.
func opened(op *Operation) *Operation {
	o := *op
	o.Certainty, o.Output, o.Return = Unknown, nil, Open
	return &o
}

// dropReads drops what changes nothing and is not needed.
func (s *story) dropReads(culprit *Operation) {
	s.reduce(0, len(s.ops), func(op *Operation) *Operation {
		if op == culprit || !s.model.readOnly(op.Input) {
			return op
		}
		return nil
	})
	s.ops = slices.DeleteFunc(s.ops, func(op *Operation) bool { return op == nil })
}

// essential finds the operations whose end matters: had nobody waited for one of
// them, the rest would be legal. The others are not shown, unless none is
// essential: then the answer of the culprit is one that no set of the operations
// can give, and all of them are the evidence.
func (s *story) essential(culprit *Operation) (shown, essential []*Operation) {
	all := slices.Clone(s.ops)
	s.reduce(0, len(s.ops), func(op *Operation) *Operation {
		if op == culprit || op.Certainty != Done {
			return op
		}
		return opened(op)
	})
	for _, op := range s.ops {
		if op != culprit && op.Certainty == Done {
			essential = append(essential, op)
		}
	}
	shown = all
	if len(essential) > 0 {
		shown = append(slices.Clone(essential), culprit)
		byCall(shown)
	}
	if over := len(shown) - maxShown; over > 0 {
		kept := []*Operation{culprit}
		for _, op := range shown[over:] {
			if op != culprit {
				kept = append(kept, op)
			}
		}
		shown = kept
	}
	return shown, essential
}

// reduce changes as many of the operations from lo to hi as it can while the key
// stays illegal, all of them at once or else each half on its own. A dropped
// operation is nil.
func (s *story) reduce(lo, hi int, change func(*Operation) *Operation) {
	if lo >= hi || s.left <= 0 {
		return
	}
	changed := false
	ops := slices.Clone(s.ops)
	for i := lo; i < hi; i++ {
		if ops[i] != nil {
			ops[i] = change(ops[i])
			changed = changed || ops[i] != s.ops[i]
		}
	}
	switch {
	case !changed:
	case s.illegal(slices.DeleteFunc(slices.Clone(ops), func(op *Operation) bool { return op == nil })):
		s.ops = ops
	case hi-lo > 1:
		mid := lo + (hi-lo)/2
		s.reduce(lo, mid, change)
		s.reduce(mid, hi, change)
	}
}

// report puts the story into words. The last essential operation that ended before
// the culprit began is what the culprit should have shown.
func (s *story) report(culprit *Operation, shown, essential []*Operation) Report {
	report := Report{Verdict: Illegal, Check: CheckLinearizable, Key: s.key, Operations: inOrder(shown...),
		Why: fmt.Sprintf("no order of the operations on %q explains that %v answered %v", s.key, culprit.ID, culprit.Output)}
	if !s.model.readOnly(culprit.Input) {
		return report
	}
	var last *Operation
	for _, op := range essential {
		if op.before(culprit) {
			last = op
		}
	}
	switch {
	case last == nil:
	case !s.changes(last):
		report.Check = CheckVanished
		report.Why = fmt.Sprintf("what made %v on %q answer %v has vanished: %v, which began later, answered %v", last.ID, s.key, last.Output, culprit.ID, culprit.Output)
	case culprit.ID.Client == FinalClient:
		report.Check = CheckDurable
		report.Why = fmt.Sprintf("%v on %q was acknowledged and is lost: %v answered %v", last.ID, s.key, culprit.ID, culprit.Output)
	default:
		report.Check = CheckStale
		report.Why = fmt.Sprintf("%v on %q answered %v, although %v had been acknowledged before", culprit.ID, s.key, culprit.Output, last.ID)
	}
	return report
}

// changes says whether the operation can change a state and answer as it did: a
// condition that failed cannot. The states tried are those of the operations
// carried out in the order of their calls.
func (s *story) changes(op *Operation) bool {
	state := s.model.init()
	for i := 0; ; i++ {
		next, out := s.model.apply(state, op.Input)
		if s.model.match(op.Input, out, op.Output) && !s.model.equal(state, next) {
			return true
		}
		if i == len(s.ops) {
			return false
		}
		state, _ = s.model.apply(state, s.ops[i].Input)
	}
}
