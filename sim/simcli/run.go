package simcli

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
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
}

func (c *command) run() *cobra.Command {
	var f runFlags
	cmd := &cobra.Command{
		Use:   "run [SCENARIO...]",
		Short: "run many seeds of some scenarios, or of all",
		Long: "Run many seeds of some scenarios, or of all, on all cores. Failures are shrunk, saved and explained.\n" +
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
	}
	if f.runs == 0 && f.limit == 0 {
		f.limit = defaultLimit
	}
	if !f.seed.set {
		// Short enough to be typed, and exact in every reader of JSON.
		f.seed = seedFlag{value: uint64(rand.Uint32()), set: true}
	}
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
		policy: sim.Policy(f.policy), watchdog: f.watchdog, folder: folder,
	}
	bar := newProgress(c.err, camp, f.json)
	camp.found = func(fd finding) {
		if f.json {
			printJSON(c.out, runObjectOf(fd))
			return
		}
		if fd.alike <= tellMost {
			bar.print(c.out, report(fd))
		}
	}
	if !f.json {
		fmt.Fprintf(c.out, "%s: %s, seeds from %#x, %d at a time, results in %s\n",
			build(), counted(len(scenarios), "scenario"), f.seed.value, f.jobs, f.out)
	}
	defer collectLess()()
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
		again := fmt.Sprintf("simrun run %s --seed %#x --runs 1", view.Clean(r.Scenario), r.Seed)
		if r.Policy != "" {
			again += " --policy " + view.Clean(r.Policy)
		}
		fmt.Fprintf(c.err, "simrun: a killed campaign was running %s seed %#x: %s\n", view.Clean(r.Scenario), r.Seed, again)
		list.WriteString(again + "\n")
	}
	return f.adopt(list.String())
}

// verdict judges the campaign; one run has its own verdict.
func (c *campaign) verdict() sim.Verdict {
	if c.only != nil && c.total().runs == 1 {
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
func build() string {
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
}

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
