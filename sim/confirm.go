package sim

import (
	"fmt"

	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/internal/view"
)

// confirm runs the plan of a failure again. If the runs differ, the failure is no
// counterexample but nondeterminism, and the result says where they part.
func confirm(s Scenario, r *Result) *Result {
	if again := Run(s, r.Plan); again.TraceHash == r.TraceHash && again.Verdict == r.Verdict {
		return r
	}
	return &Result{
		Plan:    r.Plan,
		Verdict: Harness,
		Check:   "nondeterminism",
		Err:     fmt.Errorf("two runs of one plan differ: %s", Parting(s, r.Plan)),
	}
}

// Parting describes the first event in which two runs of a plan differ. It runs the
// plan twice, and two runs that differ once need not differ again.
func Parting(s Scenario, p Plan) string {
	var first []trace.Event
	Trace(s, p, func(e trace.Event) { first = append(first, e) })
	n, text := 0, ""
	Trace(s, p, func(e trace.Event) {
		switch {
		case text != "":
		case n == len(first):
			text = fmt.Sprintf("the first ends after event %d, the second goes on with %s", n, eventText(e))
		case e != first[n]:
			text = fmt.Sprintf("event %d is %s, then %s", e.Seq, eventText(first[n]), eventText(e))
		}
		n++
	})
	switch {
	case text != "":
		return text
	case n < len(first):
		return fmt.Sprintf("the second ends after event %d, the first goes on with %s", n, eventText(first[n]))
	}
	return "not in an event of the trace, and not every time"
}

func eventText(e trace.Event) string {
	return fmt.Sprintf("\"%v %s %s\"", e.At, view.Clean(e.Host), view.Words(e))
}
