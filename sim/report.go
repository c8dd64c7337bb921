package sim

import (
	"fmt"
	"strings"
	"time"

	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/internal/view"
)

// failureInfo is what a report of a failure says besides the result.
type failureInfo struct {
	found    *Plan  // as drawn, before it was shrunk; nil for a saved plan
	file     string // where the plan is
	notSaved error  // why it is in no file
	command  string // that shows the failure again
	trace    bool   // print every event
}

// failureText tells of a failure: what is wrong, the shortest story, where it is
// saved, how to see it again.
func failureText(s Scenario, r *Result, info failureInfo) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %v: %s\n", s.Name, r.Verdict, view.Clean(r.Check))
	if r.Err != nil {
		for line := range strings.Lines(r.Err.Error()) {
			fmt.Fprintf(&b, "  %s\n", view.Clean(strings.ReplaceAll(strings.TrimRight(line, "\n"), "\t", "    ")))
		}
	}
	var events []trace.Event
	if r.TraceHash != 0 { // else a run came to no end, or not twice to the same
		Trace(s, r.Plan, func(e trace.Event) { events = append(events, e) })
	}
	if story := view.Story(events, failureOf(r)); story != "" {
		b.WriteString("\n===== STORY =====\n" + story)
	}
	if info.trace {
		b.WriteString("\n===== TRACE =====\n")
		writeEvents(&b, events)
	}
	b.WriteString("\n===== PLAN =====\n")
	b.WriteString(planText(r.Plan))
	if info.found != nil {
		fmt.Fprintf(&b, "found by seed %#x with %s\n", info.found.Seed, planSize(*info.found))
	}
	if info.notSaved != nil {
		fmt.Fprintf(&b, "not saved: %v\n", info.notSaved)
	} else {
		fmt.Fprintf(&b, "saved in %s\n", info.file)
	}
	fmt.Fprintf(&b, "\n===== SEE IT AGAIN =====\n%s\n", info.command)
	return b.String()
}

// failureOf says what the story of a result has to explain.
func failureOf(r *Result) view.Failure {
	f := view.Failure{Check: r.Check}
	if r.Err != nil {
		f.Why = r.Err.Error()
	}
	for _, op := range r.Suspects {
		f.Operations = append(f.Operations, op.ID.String())
	}
	return f
}

// maxPlanLines is how much of a plan a report prints.
const maxPlanLines = 40

func planText(p Plan) string {
	lines := strings.SplitAfter(p.String(), "\n")
	lines = lines[:len(lines)-1]
	left := len(lines) - maxPlanLines
	if left > 0 {
		lines = lines[:maxPlanLines]
	}
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(view.Clean(strings.TrimSuffix(line, "\n")) + "\n")
	}
	if left > 0 {
		fmt.Fprintf(&b, "(%d more lines)\n", left)
	}
	return b.String()
}

func planSize(p Plan) string {
	return counted(len(p.Ops), "operation") + " and " + counted(len(p.Faults), "fault")
}

func counted(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// traceText is every event of a run, one a line.
func traceText(s Scenario, p Plan) string {
	var events []trace.Event
	Trace(s, p, func(e trace.Event) { events = append(events, e) })
	var b strings.Builder
	writeEvents(&b, events)
	return b.String()
}

func writeEvents(b *strings.Builder, events []trace.Event) {
	for _, e := range events {
		fmt.Fprintf(b, "%12v  %-10s %s\n", e.At.Round(time.Microsecond), view.Clean(e.Host), view.Words(e))
	}
}
