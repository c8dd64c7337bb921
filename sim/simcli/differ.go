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
	if r.Check != foreignGoroutine && again.Check == foreignGoroutine {
		return again
	}
	return differ(r, again.TraceHash, again.Verdict, again.Check, "two runs of one plan differ: ")
}

// compareElsewhere is compare with a run of another process.
func compareElsewhere(r *sim.Result, o outcome) *sim.Result {
	if o.Check == foreignGoroutine {
		return r
	}
	how := "the runs of one plan in two processes differ: "
	if o.Check == deathCheck || o.Check == watchdogCheck || o.Check == memoryCheck {
		return unequal(r, how+o.Why)
	}
	return differ(r, o.TraceHash, o.Verdict, o.Check, how)
}

func differ(r *sim.Result, hash uint64, verdict sim.Verdict, check, how string) *sim.Result {
	switch {
	case r.Check == foreignGoroutine:
		return r
	case r.TraceHash != hash:
		return unequal(r, fmt.Sprintf("%strace hash %s, then %s", how, hashText(r.TraceHash), hashText(hash)))
	case r.Verdict != verdict || r.Check != check:
		return unequal(r, fmt.Sprintf("%s%v %s, then %v %s", how, r.Verdict, r.Check, verdict, check))
	}
	return r
}

func unequal(r *sim.Result, how string) *sim.Result {
	out := *r
	out.Verdict, out.Check, out.Err = sim.Harness, nondeterminism, fmt.Errorf("%s", how)
	return &out
}
