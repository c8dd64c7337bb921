package simcli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/simrun/simrun/internal/view"
	"github.com/simrun/simrun/live/harness"
	"github.com/simrun/simrun/sim"
)

// hostVariable is set in the environment of a process that is one host of a live run.
// As a worker of a campaign it is the program itself, with the same arguments.
const hostVariable = "SIMRUN_HOST"

// liveFolder is where live runs have their folders unless --dir says otherwise.
const liveFolder = defaultFolder + "/live"

// liveFlags are the flags of simrun live.
type liveFlags struct {
	runs      int
	limit     time.Duration
	seed      seedFlag
	processes bool
	faults    bool
	tls       bool
	dir       string
	keep      bool
	json      bool
}

func (c *command) live() *cobra.Command {
	var f liveFlags
	cmd := &cobra.Command{
		Use:   "live SCENARIO",
		Short: "run a scenario for real: TCP, files, the wall clock, and faults",
		Long: "Run a scenario for real: all its hosts on loopback, in this process or, with --processes, each in one of its\n" +
			"own. The clients carry out the operations of a plan that the seed draws; hosts are killed, started again and\n" +
			"paused, links delay, lose and break, messages are lost, doubled and late, as far as the scenario says that this may happen; then everything heals, is\n" +
			"read back, and is judged by the checks of the simulated runs.\n" +
			"Each run has a folder with its plan, a recording, the disks of its hosts and their certificates. It is removed after a run that passed, unless\n" +
			"--dir names the folder it is in.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.scenario(args[0])
			if err != nil {
				return err
			}
			if s.Script != nil {
				return fmt.Errorf("scenario %s tells one story, moment by moment: it runs in the simulated world only", s.Name)
			}
			if err := f.complete(cmd.Flags().Changed("dir")); err != nil {
				return err
			}
			return c.liveRuns(cmd.Context(), f, s)
		},
	}
	cmd.Flags().IntVar(&f.runs, "runs", 0, "runs, one after the other; default: 1, or as many as begin within --time")
	cmd.Flags().DurationVar(&f.limit, "time", 0, "time in which runs begin")
	cmd.Flags().Var(&f.seed, "seed", "the first seed, decimal or 0x...; default: a random one, which is printed")
	cmd.Flags().BoolVar(&f.processes, "processes", false, "every host is a process of its own")
	cmd.Flags().BoolVar(&f.faults, "faults", false, "faults also in a scenario that has none of its own")
	cmd.Flags().BoolVar(&f.tls, "tls", false, "hosts talk TLS 1.3 and prove who they are, with certificates made for the run")
	cmd.Flags().StringVar(&f.dir, "dir", liveFolder, "folder for the folders of the runs")
	cmd.Flags().BoolVar(&f.json, "json", false, "print one JSON object for each failure, and a summary as the last line")
	return cmd
}

// complete checks the flags and fills in what was left open.
func (f *liveFlags) complete(keep bool) error {
	switch {
	case f.runs < 0:
		return fmt.Errorf("--runs %d: a number of runs is positive", f.runs)
	case f.limit < 0:
		return fmt.Errorf("--time %v: a time is positive", f.limit)
	}
	if f.runs == 0 && f.limit == 0 {
		f.runs = 1
	}
	f.keep = keep
	f.seed.draw()
	return nil
}

// liveRuns runs seeds of a scenario live, one after the other: they share the machine
// with nothing but their own hosts.
func (c *command) liveRuns(ctx context.Context, f liveFlags, s sim.Scenario) error {
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return fmt.Errorf("folder %s: %w", f.dir, cause(err))
	}
	camp := &campaign{scenarios: []sim.Scenario{s}, base: f.seed.value, runs: f.runs, limit: f.limit, jobs: 1, tallies: []*tally{newTally(s)}}
	bar := newProgress(c.err, camp, f.json)
	if f.json {
		printJSON(c.out, campaignObject{Schema: schema, Type: "live", Build: build(), Seed: f.seed.value, Scenarios: []string{s.Name}, Command: f.command(s), TLS: &f.tls})
	} else {
		fmt.Fprintf(c.out, "%s: %s, seeds from %#x\n  %s\n", build(), f.where(), f.seed.value, view.Clean(f.command(s)))
	}
	began := startClock()
	var broken error
	for n := uint64(0); ctx.Err() == nil && !f.enough(n, began); n++ {
		r, folder, err := c.liveRun(ctx, f, s, f.seed.value+n)
		if err != nil {
			broken = err
			break
		}
		camp.mu.Lock()
		camp.only = r.outcome
		camp.tallies[0].add(r.outcome)
		camp.mu.Unlock()
		if r.outcome.failed() || f.runs == 1 || r.Verdict == sim.Inconclusive {
			c.tellLive(bar, f, r, folder)
		}
	}
	bar.stop()
	if broken != nil {
		return broken
	}
	sum := summarise(camp, began, ctx.Err() != nil)
	if f.json {
		sum.TLS = &f.tls
		printJSON(c.out, sum)
	} else {
		fmt.Fprint(c.out, "\n", table(camp), "\n", f.conclusion(camp, sum))
	}
	return exit(camp.verdict())
}

// enough reports that no further run may begin.
func (f *liveFlags) enough(done uint64, began stopwatch) bool {
	return f.runs > 0 && done >= uint64(f.runs) || f.limit > 0 && time.Since(began.wall) >= f.limit
}

// where says what runs the hosts, and how they talk.
func (f *liveFlags) where() string {
	where := "live, all hosts in this process"
	if f.processes {
		where = "live, every host a process"
	}
	return where + f.over()
}

// over names what is between the hosts if it is not bare TCP.
func (f *liveFlags) over() string {
	if f.tls {
		return ", over TLS"
	}
	return ""
}

// command is what was asked for, with all that was drawn or left open.
func (f *liveFlags) command(s sim.Scenario) string {
	words := []string{"simrun live", s.Name, "--seed", f.seed.String()}
	if f.runs > 0 {
		words = append(words, "--runs", strconv.Itoa(f.runs))
	}
	if f.limit > 0 {
		words = append(words, "--time", f.limit.String())
	}
	if f.processes {
		words = append(words, "--processes")
	}
	if f.faults {
		words = append(words, "--faults")
	}
	if f.tls {
		words = append(words, "--tls")
	}
	return strings.Join(words, " ")
}

// A liveResult is a run and what a campaign has to know of it.
type liveResult struct {
	*sim.Result
	outcome outcome
}

// liveRun runs one seed. The folder of the run is there, with its plan, before it
// begins.
func (c *command) liveRun(ctx context.Context, f liveFlags, s sim.Scenario, seed uint64) (liveResult, string, error) {
	p := harness.Plan(s, seed, f.processes, f.faults)
	folder, err := newRunFolder(filepath.Join(f.dir, fileName(s.Name, seed)))
	if err != nil {
		return liveResult{}, "", err
	}
	disks, recording := filepath.Join(folder, "disks"), filepath.Join(folder, recordingFolder)
	if err := errors.Join(os.Mkdir(disks, 0o755), os.Mkdir(recording, 0o755), os.WriteFile(filepath.Join(folder, planName), []byte(p.String()), 0o644)); err != nil {
		return liveResult{}, "", fmt.Errorf("folder %s: %w", folder, err)
	}
	o := harness.Options{Dir: disks, Record: recording, Faults: true}
	if f.tls {
		o.Certs = filepath.Join(folder, certsFolder)
	}
	if f.processes {
		if o.Process, err = hostProcess(); err != nil {
			return liveResult{}, "", err
		}
	}
	began := time.Now()
	r, err := harness.Run(ctx, s, p, o)
	if err != nil {
		return liveResult{}, "", errors.Join(err, os.RemoveAll(folder))
	}
	result := liveResult{r, outcomeOf(r, time.Since(began), false)}
	if !f.keep && (r.Verdict == sim.Pass || r.Verdict == sim.ExpectedLoss || ctx.Err() != nil) {
		if err := os.RemoveAll(folder); err != nil {
			return liveResult{}, "", fmt.Errorf("folder %s: %w", folder, err)
		}
		folder = ""
	}
	return result, folder, nil
}

// planName is the plan in the folder of a run, and certsFolder has the certificates.
const (
	planName    = "run.plan"
	certsFolder = "certs"
)

// newRunFolder makes a folder of this name, or with a number behind it if there are
// runs of the same seed already.
func newRunFolder(path string) (string, error) {
	for n := 1; ; n++ {
		name := path
		if n > 1 {
			name += "." + strconv.Itoa(n)
		}
		err := os.Mkdir(name, 0o755)
		if err == nil {
			return name, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return "", fmt.Errorf("folder %s: %w", name, cause(err))
		}
	}
}

// tellLive tells of a run, and where to look at what is left of it.
func (c *command) tellLive(bar *progress, f liveFlags, r liveResult, folder string) {
	plan := ""
	if folder != "" {
		plan = filepath.Join(folder, planName)
	}
	if f.json {
		if r.outcome.failed() {
			o := resultObject("run", r.Result)
			o.Plan = plan
			printJSON(c.out, o)
		}
		return
	}
	var b strings.Builder
	b.WriteString("\n" + headline(r.Result))
	for _, op := range r.Suspects {
		fmt.Fprintf(&b, "    %s\n", view.Clean(op.String()))
	}
	for _, a := range r.Applied {
		fmt.Fprintf(&b, "  %8.3fs to %8.3fs  %s\n", a.From.Seconds(), a.To.Seconds(), view.Clean(a.Text))
	}
	fmt.Fprintf(&b, "  %s, %d acknowledged, %s, %d messages, %.1f s\n",
		counted(r.Stats.Ops, "operation"), r.Stats.Acked, counted(len(r.Applied), "fault"), r.Stats.Messages, r.Stats.Virtual.Seconds())
	if folder != "" {
		fmt.Fprintf(&b, "  plan, recording and disks are in %s\n  see it again: simrun replay %s\n", folder, folder)
	}
	bar.print(c.out, b.String())
}

// conclusion is the last lines: what to be wary of, and the verdict.
func (f *liveFlags) conclusion(c *campaign, s summary) string {
	var b strings.Builder
	if s.Interrupted {
		b.WriteString("interrupted; this is what was found so far\n")
	}
	if s.ExpectedLoss > 0 {
		fmt.Fprintf(&b, "%s lost what every copy of was destroyed\n", counted(s.ExpectedLoss, "run"))
	}
	fmt.Fprintf(&b, "%s: %s%s, %s, %.1f s\n", s.Verdict, counted(s.Runs, "live run"), f.over(), counted(c.total().faultsFired(), "fault"), s.WallSeconds)
	return b.String()
}

// beHost is one host of a live run. SIGTERM stops it gracefully.
func beHost(scenarios []sim.Scenario) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	if err := harness.Host(ctx, scenarios); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return sim.Harness.ExitCode()
	}
	return 0
}
