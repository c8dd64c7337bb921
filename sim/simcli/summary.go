package simcli

import (
	"fmt"
	"strings"
	"time"

	"github.com/simrun/simrun/internal/view"
	"github.com/simrun/simrun/sim"
)

// A summary is the last line of a campaign with --json.
type summary struct {
	Schema           int            `json:"schema"`
	Type             string         `json:"type"`
	Verdict          string         `json:"verdict"`
	Build            string         `json:"build"` // what the seeds mean depends on it
	Seed             uint64         `json:"seed"`  // the first one
	Runs             int            `json:"runs"`
	Violations       int            `json:"violations"`
	Inconclusive     int            `json:"inconclusive"`
	ExpectedLoss     int            `json:"expected_loss"`
	Nondeterministic int            `json:"nondeterministic"` // part of harness
	Harness          int            `json:"harness"`
	Crashed          int            `json:"crashed"` // part of harness: runs that took their process with them
	Interrupted      bool           `json:"interrupted"`
	Doubled          int            `json:"doubled"`    // runs that were run twice and compared
	Calm             int            `json:"calm"`       // runs without a fault
	Overlapped       int            `json:"overlapped"` // runs in which an acknowledged operation overlaps a fault
	Ops              int            `json:"ops"`
	Acked            int            `json:"acked"`
	Unwaited         int            `json:"unwaited"`
	Events           int64          `json:"events"`
	Messages         int64          `json:"messages"`
	Faults           map[string]int `json:"faults"`    // how many began, by kind
	InFlight         map[string]int `json:"in_flight"` // how many of them while an operation was open
	Sometimes        map[string]int `json:"sometimes"` // runs that reached it; expected ones are always there
	Limits           map[string]int `json:"limits"`    // inconclusive runs by what they ran into
	WallSeconds      float64        `json:"wall_s"`
	CPUSeconds       float64        `json:"cpu_s"`
	CheckShare       float64        `json:"check_share"` // of the time of runs, spent in checking what came of them
	SimSeconds       float64        `json:"sim_s"`
	MaxRSSMB         float64        `json:"max_rss_mb"`
	Scenarios        []row          `json:"scenarios"`
	TraceHash        string         `json:"trace_hash,omitempty"` // of a campaign of one run
	TLS              *bool          `json:"tls,omitempty"`        // of live runs
}

// A row is a scenario's part of a summary.
type row struct {
	Scenario     string   `json:"scenario"`
	Runs         int      `json:"runs"`
	RunsPerS     float64  `json:"runs_per_s"`
	Ops          int      `json:"ops"`
	Acked        int      `json:"acked"`
	Faults       int      `json:"faults"`
	Violations   int      `json:"violations"`
	Inconclusive int      `json:"inconclusive"`
	Unreached    []string `json:"unreached"` // of its Sometimes
	Vacuous      []string `json:"vacuous"`   // what makes the runs worth less than they seem
}

// runObject is the line of a failed run with --json.
type runObject struct {
	Schema    int      `json:"schema"`
	Type      string   `json:"type"`
	Scenario  string   `json:"scenario"`
	Seed      uint64   `json:"seed"`
	Verdict   string   `json:"verdict"`
	Check     string   `json:"check"`
	Why       string   `json:"why,omitempty"`
	Plan      string   `json:"plan"`
	TraceHash string   `json:"trace_hash"`
	Story     []string `json:"story,omitempty"`
	Missing   []string `json:"missing,omitempty"` // of a recording
}

func hashText(h uint64) string { return fmt.Sprintf("%#016x", h) }

func runObjectOf(f finding) runObject {
	o := resultObject("run", f.result)
	o.Scenario, o.Seed, o.Plan = f.scenario.Name, f.seed, f.plan
	o.Story = lines(view.Story(f.events, failureOf(f.result)))
	return o
}

func resultObject(kind string, r *sim.Result) runObject {
	o := runObject{
		Schema: schema, Type: kind, Scenario: r.Plan.Scenario, Seed: r.Plan.Seed,
		Verdict: r.Verdict.String(), Check: r.Check, TraceHash: hashText(r.TraceHash),
	}
	if r.Err != nil {
		o.Why = r.Err.Error()
	}
	return o
}

func lines(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// A stopwatch is where a campaign began.
type stopwatch struct {
	wall time.Time
	cpu  time.Duration
}

func startClock() stopwatch {
	cpu, _ := usage()
	return stopwatch{wall: time.Now(), cpu: cpu}
}

func summarise(c *campaign, began stopwatch, interrupted bool) summary {
	t := c.total()
	cpu, maxRSS := usage()
	s := summary{
		Schema: schema, Type: "summary", Verdict: c.verdict().String(), Seed: c.base,
		Runs: t.runs, Violations: t.violations, Inconclusive: t.inconclusive, ExpectedLoss: t.expectedLoss,
		Nondeterministic: t.nondeterministic, Harness: t.harness, Crashed: t.crashed, Interrupted: interrupted,
		Doubled: t.doubled, Calm: t.calm, Overlapped: t.overlapped, Build: build(),
		Ops: t.ops, Acked: t.acked, Unwaited: t.unwaited, Events: t.events, Messages: t.messages,
		Faults: map[string]int{}, InFlight: map[string]int{}, Sometimes: t.sometimes, Limits: t.limits,
		WallSeconds: time.Since(began.wall).Seconds(), CPUSeconds: (cpu - began.cpu).Seconds(),
		SimSeconds: t.simulated.Seconds(), MaxRSSMB: float64(maxRSS) / (1 << 20),
	}
	for kind, n := range t.faults {
		s.Faults[kind], s.InFlight[kind] = n.Fired, n.InFlight
	}
	for _, t := range c.tallies {
		s.Scenarios = append(s.Scenarios, row{
			Scenario: t.scenario.Name, Runs: t.runs, RunsPerS: c.rate(t), Ops: t.ops, Acked: t.acked,
			Faults: t.faultsFired(), Violations: t.violations, Inconclusive: t.inconclusive,
			Unreached: append([]string{}, t.unreached()...), Vacuous: append([]string{}, t.vacuous()...),
		})
	}
	if t.busy > 0 {
		s.CheckShare = t.checking.Seconds() / t.busy.Seconds()
	}
	if t.runs == 1 {
		s.TraceHash = hashText(c.only.TraceHash)
	}
	return s
}

// rate is how many runs of a scenario there would be a second if the campaign had
// no other.
func (c *campaign) rate(t *tally) float64 {
	if t.busy <= 0 {
		return 0
	}
	return float64(t.runs) * float64(c.jobs) / t.busy.Seconds()
}
