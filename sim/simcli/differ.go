package simcli

import (
	"fmt"

	"github.com/simrun/simrun/sim"
)

const (
	// nondeterminism is the check that fails when two runs of one plan differ.
	nondeterminism = "nondeterminism"
	// foreignGoroutine is the check of sim for goroutines that actors start. What
	// they do, and whether they are seen, depends on the Go scheduler.
	foreignGoroutine = "foreign goroutine"
)

// compare returns r, the result of a plan, or Harness if another run of the plan
// came to something else: then it is no counterexample and no pass. A goroutine
// that was seen in one of the runs explains any difference.
func compare(r, again *sim.Result) *sim.Result {
	switch {
	case r.Check == foreignGoroutine:
		return r
	case again.Check == foreignGoroutine:
		return again
	case r.TraceHash != again.TraceHash:
		return unequal(r, fmt.Sprintf("trace hash %s, then %s", hashText(r.TraceHash), hashText(again.TraceHash)))
	case r.Verdict != again.Verdict || r.Check != again.Check:
		return unequal(r, fmt.Sprintf("%v %s, then %v %s", r.Verdict, r.Check, again.Verdict, again.Check))
	}
	return r
}

func unequal(r *sim.Result, how string) *sim.Result {
	out := *r
	out.Verdict, out.Check, out.Err = sim.Harness, nondeterminism, fmt.Errorf("two runs of one plan differ: %s", how)
	return &out
}
