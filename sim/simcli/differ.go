package simcli

import (
	"fmt"

	"github.com/simrun/simrun/sim"
)

// nondeterminism is the check that fails when two runs of one plan differ.
const nondeterminism = "nondeterminism"

// sameSteps reports that two runs did the same.
func sameSteps(a, b *sim.Result) bool { return a.TraceHash == b.TraceHash }

// sameVerdict reports that two runs were judged alike.
func sameVerdict(a, b *sim.Result) bool { return a.Verdict == b.Verdict && a.Check == b.Check }

// compare returns r, the result of a plan, or Harness if another run of the plan
// came to something else: then it is no counterexample and no pass.
func compare(r, again *sim.Result) *sim.Result {
	switch {
	case !sameSteps(r, again):
		return unequal(r, fmt.Sprintf("trace hash %s, then %s", hashText(r.TraceHash), hashText(again.TraceHash)))
	case !sameVerdict(r, again):
		return unequal(r, fmt.Sprintf("%v %s, then %v %s", r.Verdict, r.Check, again.Verdict, again.Check))
	}
	return r
}

func unequal(r *sim.Result, how string) *sim.Result {
	out := *r
	out.Verdict, out.Check, out.Err = sim.Harness, nondeterminism, fmt.Errorf("two runs of one plan differ: %s", how)
	return &out
}
