package sim

import (
	"fmt"
	"strings"

	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/internal/view"
)

// nondeterminism is the Check of a run that is no function of its plan.
const nondeterminism = "nondeterminism"

// confirm has the plan of a result run again. If the runs differ, the result is
// neither a counterexample nor a pass but nondeterminism, and the new one says
// where they part.
func confirm(s Scenario, r *Result, run func(Plan) *Result) *Result {
	again := run(r.Plan)
	switch {
	case again.Check == stuckCheck:
		return again
	case again.TraceHash == r.TraceHash && again.Verdict == r.Verdict:
		return r
	}
	return broken(r.Plan, nondeterminism, fmt.Errorf("two runs of one plan differ: %s", Parting(s, r.Plan)))
}

// confirmPlan draws the plan of a seed again and returns nil, or the result that
// says where the two differ.
func confirmPlan(s Scenario, p Plan) *Result {
	first, second := strings.SplitAfter(p.String(), "\n"), strings.SplitAfter(NewPlan(s, p.Seed).String(), "\n")
	for i, line := range first {
		if i >= len(second) || line != second[i] {
			other := ""
			if i < len(second) {
				other = second[i]
			}
			return broken(p, nondeterminism, fmt.Errorf("two plans of seed %#x differ: line %d is %q, then %q",
				p.Seed, i+1, strings.TrimSuffix(line, "\n"), strings.TrimSuffix(other, "\n")))
		}
	}
	return nil
}

// maxPartings is how many pairs of runs Parting compares: two runs that differed
// once need not differ again.
const maxPartings = 8

// Parting describes the first event in which two runs of a plan differ. It runs the
// plan up to eight times twice.
func Parting(s Scenario, p Plan) string {
	for range maxPartings {
		if text := parting(s, p); text != "" {
			return text
		}
	}
	return "not in an event of the trace, and not every time"
}

// parting compares two runs; "" if they do not differ.
func parting(s Scenario, p Plan) string {
	var first []trace.Event
	Trace(s, p, func(e trace.Event) { first = append(first, e) })
	return PartingFrom(s, p, first)
}

// PartingFrom runs a plan and describes the first event in which the run differs
// from the events of another one, which may have been of another process; "" if it
// does not.
func PartingFrom(s Scenario, p Plan, first []trace.Event) string {
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
	if text == "" && n < len(first) {
		return fmt.Sprintf("the second ends after event %d, the first goes on with %s", n, eventText(first[n]))
	}
	return text
}

func eventText(e trace.Event) string {
	return fmt.Sprintf("\"%v %s %s\"", e.At, view.Clean(e.Host), view.Words(e))
}
