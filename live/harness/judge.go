package harness

import (
	"fmt"
	"runtime/debug"
	"time"

	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/sim"
)

// judge turns what was observed into the result. A run that failed already keeps
// its verdict; what its clients saw is there all the same.
func (r *run) judge() {
	res := r.result
	res.Notes = r.facts.notes
	res.Stats.Sometimes = r.facts.sometimes
	res.Stats.Faults = map[string]sim.FaultCount{}
	r.countMessages()
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
		r.fail(sim.Violation, "client", err)
		return
	}
	res.History = h
	r.countOperations()
	if res.Verdict != 0 {
		return
	}
	undecided := sim.Judge(r.scenario, &sim.Observation{
		Knobs: r.plan.Knobs, Ops: r.plan.Ops, History: h, Notes: res.Notes,
		Sometimes: func(name string) { res.Stats.Sometimes[name]++ },
	}, r.limits.CheckSteps, res)
	if undecided != nil {
		r.fail(sim.Inconclusive, "check steps", undecided)
	}
	if res.Verdict == 0 {
		res.Verdict = sim.Pass
	}
}

// countOperations counts what the clients issued and what they learned of it.
func (r *run) countOperations() {
	stats := &r.result.Stats
	stats.Ops = len(r.result.History.Operations)
	for _, op := range r.result.History.Operations {
		if op.Return == linearizability.Open {
			stats.Unwaited++
		} else {
			stats.Acked++
		}
	}
}

// countMessages counts what crossed the hosts.
func (r *run) countMessages() {
	if r.world == nil {
		return
	}
	c, stats := r.world.Counts(), &r.result.Stats
	stats.Sent = int64(c.Sent + c.Overflow + c.Oversize + c.Broken)
	stats.Messages = int64(c.Received)
	stats.Dropped = int64(c.Overflow + c.Oversize + c.Broken + c.Flooded)
	stats.DeadLetter = int64(c.DeadLetters)
	stats.OldBoot = int64(c.Stale)
}
