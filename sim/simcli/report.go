package simcli

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/simrun/simrun/internal/view"
	"github.com/simrun/simrun/sim"
)

// failureOf says what the story of a result has to explain.
func failureOf(r *sim.Result) view.Failure {
	f := view.Failure{Check: r.Check}
	if r.Err != nil {
		f.Why = r.Err.Error()
	}
	for _, op := range r.Suspects {
		f.Operations = append(f.Operations, op.ID.String())
	}
	return f
}

// headline says what a run came to.
func headline(r *sim.Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v  %s seed %#x", r.Verdict, view.Clean(r.Plan.Scenario), r.Plan.Seed)
	if r.Check != "" {
		fmt.Fprintf(&b, "  check %s", view.Clean(r.Check))
	}
	b.WriteByte('\n')
	if r.Err != nil {
		// The text of an error may have lines of its own: a stack.
		b.WriteString(indent(cleanLines(r.Err.Error())))
	}
	return b.String()
}

// cleanLines makes a text of some lines fit for a terminal.
func cleanLines(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(view.Clean(strings.ReplaceAll(strings.TrimRight(line, "\n"), "\t", "    ")) + "\n")
	}
	return b.String()
}

// tell tells of a failure: what is wrong, the story, where it is kept, how to see
// it again.
func tell(f finding) string {
	var b strings.Builder
	found := *f.result
	found.Plan.Seed = f.seed // shrinking may have changed it
	b.WriteString("\n" + headline(&found))
	if story := view.Story(f.events, failureOf(f.result)); story != "" {
		b.WriteString("\n" + indent(story) + "\n")
	}
	if f.full != "" {
		fmt.Fprintf(&b, "  shrunk to %s (%s as found)\n", size(f.result.Plan), f.full)
	}
	command := "simrun replay " + f.plan
	if f.plan == "" {
		command = again(f.scenario.Name, f.seed, f.policy)
	}
	fmt.Fprintf(&b, "  see it again: %s\n", command)
	return b.String()
}

func indent(text string) string {
	return "  " + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n  ") + "\n"
}

// size says how much a plan decides.
func size(p sim.Plan) string {
	s := counted(len(p.Ops), "operation") + ", " + counted(len(p.Faults), "fault")
	if n := len(p.Deviations); n > 0 {
		s += ", " + counted(n, "message") + " with a fate of their own"
	}
	return s
}

// table shows a campaign, a scenario a row.
func table(c *campaign) string {
	rows := [][]string{{"SCENARIO", "RUNS", "RUNS/S", "OPS", "ACKED", "FAULTS", "VIOLATIONS", "INCONCLUSIVE", "SOMETIMES"}}
	line := func(name string, t *tally, reached, expected int, rate float64) {
		rows = append(rows, []string{
			name, fmt.Sprint(t.runs), fmt.Sprintf("%.0f", rate), fmt.Sprint(t.ops), fmt.Sprint(t.acked), fmt.Sprint(t.faultsFired()),
			fmt.Sprint(t.violations), fmt.Sprint(t.inconclusive), fmt.Sprintf("%d/%d", reached, expected),
		})
	}
	reached, expected := 0, 0
	for _, t := range c.tallies {
		n := len(t.scenario.Sometimes)
		r := n - len(t.unreached())
		reached, expected = reached+r, expected+n
		line(t.scenario.Name, t, r, n, c.rate(t))
	}
	if len(c.tallies) > 1 {
		all := c.total()
		line("all", all, reached, expected, c.rate(all))
	}
	return view.Table(rows)
}

// conclusion is the last lines: what to be wary of, and the verdict.
func conclusion(c *campaign, s summary) string {
	var b strings.Builder
	for _, kind := range slices.Sorted(maps.Keys(c.kept)) {
		if n := c.kept[kind]; n > tellMost {
			fmt.Fprintf(&b, "%s: %d failures like those above; plans of up to %d are in %s\n", view.Clean(kind), n-tellMost, keepMost, c.folder.path)
		}
	}
	for _, t := range c.tallies {
		if names := t.unreached(); len(names) > 0 && t.runs > 0 {
			fmt.Fprintf(&b, "%s: never reached in %s: %s\n", t.scenario.Name, counted(t.runs, "run"), view.Clean(strings.Join(names, ", ")))
		}
		for _, what := range t.vacuous() {
			fmt.Fprintf(&b, "%s: %s\n", t.scenario.Name, view.Clean(what))
		}
	}
	if c.deadly {
		fmt.Fprintf(&b, "ended early: %d runs took their process with them\n", s.Crashed)
	}
	if s.Interrupted {
		b.WriteString("interrupted; this is what was found so far\n")
	}
	fmt.Fprintf(&b, "%s: %s, %s of simulated time in %.1f s, %d run twice and compared\n",
		s.Verdict, counted(s.Runs, "run"), simulated(s.SimSeconds), s.WallSeconds, s.Doubled)
	if s.WallSeconds > 0 {
		fmt.Fprintf(&b, "%.0f runs a second, %.1f %% of their time in checks\n", float64(s.Runs)/s.WallSeconds, 100*s.CheckShare)
	}
	return b.String()
}

// simulated prints a long time in the unit that fits.
func simulated(seconds float64) string {
	switch {
	case seconds >= 2*86400:
		return fmt.Sprintf("%.1f days", seconds/86400)
	case seconds >= 2*3600:
		return fmt.Sprintf("%.1f hours", seconds/3600)
	case seconds >= 120:
		return fmt.Sprintf("%.1f minutes", seconds/60)
	}
	return fmt.Sprintf("%.1f s", seconds)
}
