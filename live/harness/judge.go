package harness

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
	"time"

	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/sim"
)

// judge turns what was observed into the result. A run that failed already keeps
// its verdict; what its clients saw is there all the same.
func (r *run) judge() {
	res := r.result
	res.Notes = r.facts.ordered()
	res.Stats.Sometimes = r.facts.sometimes
	began := time.Now()
	defer func() {
		res.Stats.CheckTime = time.Since(began)
		if p := recover(); p != nil {
			res.Verdict, res.Check, res.Err = sim.Harness, "checker panic", fmt.Errorf("%v\n%s", p, debug.Stack())
		}
	}()
	h, err := linearizability.Collect(func(yield func(int64, any) bool) {
		for _, n := range res.Notes {
			if !yield(n.Seq, n.Fact) {
				return
			}
		}
	})
	if err != nil {
		if res.Verdict == 0 {
			res.Verdict, res.Check, res.Err = sim.Violation, "client", err
		}
		return
	}
	res.History = h
	r.countOperations()
	if res.Verdict != 0 {
		return
	}
	r.judgeHistory(h)
}

// judgeHistory runs the checks. The oracle that the faults asked has followed the run in
// the order of arrival; the one that judges follows it in the order of the stamps.
func (r *run) judgeHistory(h linearizability.History) {
	res := r.result
	var lost []linearizability.OpID
	if oracle := r.newOracle(); oracle != nil {
		for _, n := range res.Notes {
			oracle.Observe(n)
		}
		h, lost = oracle.Remains(h)
	}
	undecided := sim.Judge(r.scenario, &sim.Observation{
		Knobs: r.plan.Knobs, Ops: r.plan.Ops, History: h, Notes: res.Notes,
		Sometimes: func(name string) { res.Stats.Sometimes[name]++ },
	}, r.limits.CheckSteps, res)
	switch {
	case res.Verdict != 0:
	case undecided != nil:
		res.Verdict, res.Check, res.Err = sim.Inconclusive, "check steps", undecided
	case r.excuse != "":
		res.Verdict, res.Check, res.Err = sim.ExpectedLoss, "beyond budget", errors.New(r.excuse)
	case len(lost) > 0:
		res.Verdict, res.Check, res.Err = sim.ExpectedLoss, "beyond budget", fmt.Errorf("every copy of what these operations did was destroyed: %v", lost)
	default:
		res.Verdict = sim.Pass
	}
}

// countOperations counts what the clients issued, what they learned of it, and what of
// that overlaps a fault in effect.
func (r *run) countOperations() {
	res := r.result
	at := func(seq int64) time.Duration { return res.Notes[seq-1].At }
	res.Stats.Ops = len(res.History.Operations)
	for _, op := range res.History.Operations {
		if op.Return == linearizability.Open {
			res.Stats.Unwaited++
			continue
		}
		res.Stats.Acked++
		if slices.ContainsFunc(res.Applied, func(a sim.AppliedFault) bool { return at(op.Call) < a.To && at(op.Return) > a.From }) {
			res.Stats.Overlapped++
		}
	}
}

// countMessages counts what crossed the hosts, as their transport does.
func (r *run) countMessages() {
	stats := &r.result.Stats
	for _, h := range r.hosts {
		for _, c := range h.node.counts() {
			stats.Sent += int64(c.Sent + c.Broken + c.Dropped - c.Duplicated)
			stats.Dropped += int64(c.Dropped)
			stats.Duplicated += int64(c.Duplicated)
			stats.Messages += int64(c.Received)
		}
	}
}
