package simcli

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/simrun/simrun/internal/view"
	"github.com/simrun/simrun/sim"
)

const (
	// defaultFolder is where a campaign writes to unless --out says otherwise.
	defaultFolder = ".simrun"
	// defaultLimit is how long a campaign takes that is given no bound.
	defaultLimit = 20 * time.Second
	// endsWithin is the wall time that no run needs, even on a busy machine: the
	// limits of a scenario end it long before.
	endsWithin = 60 * time.Second
	// memoryMiB is the memory that no run needs.
	memoryMiB = 2048
)

// runFlags are the flags of simrun run.
type runFlags struct {
	runs     int
	limit    time.Duration
	seed     seedFlag
	jobs     int
	policy   policyFlag
	json     bool
	out      string
	watchdog time.Duration
	memory   int
}

func (c *command) run() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run [SCENARIO...]",
		Short: "run many seeds of some scenarios, or of all",
		Long: "Run many seeds of some scenarios, or of all, on all cores. Failures are shrunk, saved and explained.\n" +
			"The runs are carried out by processes of their own: one that dies is a failure of its seed, and the others go on.\n" +
			"Without --runs and --time it takes about 20 seconds.",
		RunE: func(cmd *cobra.Command, args []string) error {
			scenarios := c.scenarios
			if len(args) > 0 {
				scenarios = nil
			}
			for _, name := range args {
				s, err := c.scenario(name)
				if err != nil {
					return err
				}
				scenarios = append(scenarios, s)
			}
			if len(scenarios) == 0 {
				return fmt.Errorf("this program has no scenarios")
			}
			if err := f.complete(); err != nil {
				return err
			}
			return c.campaign(cmd.Context(), f, scenarios)
		},
	}
	cmd.Flags().IntVar(&f.runs, "runs", 0, "runs of each scenario")
	cmd.Flags().DurationVar(&f.limit, "time", 0, "wall time in which runs begin")
	cmd.Flags().Var(&f.seed, "seed", "the first seed, decimal or 0x...; default: a random one, which is printed")
	cmd.Flags().IntVar(&f.jobs, "jobs", runtime.GOMAXPROCS(0), "runs at a time")
	cmd.Flags().Var(&f.policy, "policy", "timed or random; default: as each seed draws it")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object for each failure, and a summary as the last line")
	cmd.Flags().StringVar(&f.out, "out", defaultFolder, "folder for failures and running seeds")
	cmd.Flags().DurationVar(&f.watchdog, "watchdog", endsWithin, "wall time after which a run counts as one that does not end")
	cmd.Flags().IntVar(&f.memory, "memory", memoryMiB, "MiB after which a run counts as one that needs too much")
	return cmd
}

// complete checks the flags and fills in what was left open.
func (f *runFlags) complete() error {
	switch {
	case f.runs < 0:
		return fmt.Errorf("--runs %d: a number of runs is positive", f.runs)
	case f.limit < 0:
		return fmt.Errorf("--time %v: a time is positive", f.limit)
	case f.jobs < 1:
		return fmt.Errorf("--jobs %d: at least one run at a time", f.jobs)
	case f.watchdog <= 0:
		return fmt.Errorf("--watchdog %v: a time is positive", f.watchdog)
	case f.memory < 1:
		return fmt.Errorf("--memory %d: a number of MiB is positive", f.memory)
	}
	if f.runs == 0 && f.limit == 0 {
		f.limit = defaultLimit
	}
	f.seed.draw()
	return nil
}

// campaign runs the scenarios and prints what came of it.
func (c *command) campaign(ctx context.Context, f runFlags, scenarios []sim.Scenario) error {
	folder, err := openFolder(f.out)
	if err != nil {
		return err
	}
	defer folder.close()
	if err := c.adopt(folder); err != nil {
		return err
	}
	camp := &campaign{
		scenarios: scenarios, base: f.seed.value, runs: f.runs, limit: f.limit, jobs: f.jobs,
		policy: sim.Policy(f.policy), watchdog: f.watchdog, memory: f.memory, folder: folder,
	}
	bar := newProgress(c.err, camp, f.json)
	camp.printed = printer{bar, c.err}
	camp.found = func(n notice) {
		if f.json {
			printJSON(c.out, n.Object)
			return
		}
		if n.Alike <= tellMost {
			bar.print(c.out, n.Text)
		}
	}
	// What decides the campaign is said before anything can go wrong in it.
	if f.json {
		printJSON(c.out, f.object(scenarios))
	} else {
		fmt.Fprintf(c.out, "%s: %s, seeds from %#x, %d at a time, results in %s\n  %s\n",
			build(), counted(len(scenarios), "scenario"), f.seed.value, f.jobs, f.out, view.Clean(f.command(scenarios)))
	}
	begin := startClock()
	err = camp.run(ctx)
	bar.stop()
	sum := summarise(camp, begin, ctx.Err() != nil)
	if err != nil {
		sum.Verdict = sim.Harness.String()
	}
	if f.json {
		printJSON(c.out, sum)
	} else {
		fmt.Fprint(c.out, "\n", table(camp), "\n", conclusion(camp, sum))
	}
	if err != nil {
		return brokenError{err}
	}
	return exit(camp.verdict())
}

// command is the campaign as a command, with all that was drawn or left open.
func (f *runFlags) command(scenarios []sim.Scenario) string {
	words := []string{"simrun run"}
	for _, s := range scenarios {
		words = append(words, s.Name)
	}
	words = append(words, "--seed", f.seed.String())
	if f.runs > 0 {
		words = append(words, "--runs", strconv.Itoa(f.runs))
	}
	if f.limit > 0 {
		words = append(words, "--time", f.limit.String())
	}
	words = append(words, "--jobs", strconv.Itoa(f.jobs))
	if f.policy != "" {
		words = append(words, "--policy", string(f.policy))
	}
	out := f.out
	if strings.ContainsAny(out, " \"'`$&|;<>()*?[]#~\\") {
		out = strconv.Quote(out)
	}
	words = append(words, "--watchdog", f.watchdog.String(), "--memory", strconv.Itoa(f.memory), "--out", out)
	return strings.Join(words, " ")
}

// campaignObject is the first line of a campaign with --json.
type campaignObject struct {
	Schema    int      `json:"schema"`
	Type      string   `json:"type"`
	Build     string   `json:"build"`
	Seed      uint64   `json:"seed"`
	Scenarios []string `json:"scenarios"`
	Command   string   `json:"command"`
	TLS       *bool    `json:"tls,omitempty"` // of live runs
}

func (f *runFlags) object(scenarios []sim.Scenario) campaignObject {
	o := campaignObject{Schema: schema, Type: "campaign", Build: build(), Seed: f.seed.value, Command: f.command(scenarios)}
	for _, s := range scenarios {
		o.Scenarios = append(o.Scenarios, s.Name)
	}
	return o
}

// collectLess has garbage collected less often until the function it returns is
// called, unless the user decides: what a run allocates dies with it, so this
// costs a few megabytes and makes a campaign about 1.4 times faster.
func collectLess() (restore func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	before := debug.SetGCPercent(400)
	return func() { debug.SetGCPercent(before) }
}

// adopt names the seeds that a killed campaign was running, keeps them in a list,
// and only then removes the files they were in.
func (c *command) adopt(f *folder) error {
	var list strings.Builder
	for _, r := range f.orphans {
		command := again(r.Scenario, r.Seed, sim.Policy(r.Policy))
		fmt.Fprintf(c.err, "simrun: a killed campaign was running %s seed %#x: %s\n", view.Clean(r.Scenario), r.Seed, command)
		fmt.Fprintf(&list, "%s  # %s\n", command, view.Clean(r.Build))
	}
	return f.adopt(list.String())
}

// verdict judges the campaign; one run has its own verdict.
func (c *campaign) verdict() sim.Verdict {
	if c.total().runs == 1 {
		return c.only.Verdict
	}
	return verdict(c.tallies)
}

// total adds up all scenarios.
func (c *campaign) total() *tally {
	sum := newTally(sim.Scenario{})
	for _, t := range c.tallies {
		sum.merge(t)
	}
	return sum
}

// build names the program: what a seed means depends on it.
var build = sync.OnceValue(func() string {
	name := "simrun"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return name
	}
	var revision, modified string
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			revision = s.Value[:min(12, len(s.Value))]
		case "vcs.modified":
			if s.Value == "true" {
				modified = "+changes"
			}
		}
	}
	if revision != "" {
		name += " " + revision + modified
	}
	return name + " " + info.GoVersion
})

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
