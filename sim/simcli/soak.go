package simcli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/internal/view"
	"github.com/simrun/simrun/live/harness"
	"github.com/simrun/simrun/sim"
)

// soakFlags are the flags of simrun soak.
type soakFlags struct {
	limit     time.Duration
	every     time.Duration
	seed      seedFlag
	processes bool
	tls       bool
	dir       string
	keep      bool
	json      bool
}

func (c *command) soak() *cobra.Command {
	var f soakFlags
	cmd := &cobra.Command{
		Use:   "soak SCENARIO",
		Short: "load a system for real, for as long as you like, while its hosts are killed",
		Long: "Load a system for real, round after round, while its servers are killed and started again: in this process or,\n" +
			"with --processes, by SIGKILL, each in a process of its own. Each round works on new keys, is read back, judged and\n" +
			"forgotten, so the time is not limited by memory. It fails if an acknowledged operation is lost, if a client does not\n" +
			"come to an end, or if a process holds more memory, goroutines or descriptors the longer it takes.\n" +
			"An interrupt ends it with the verdict of the rounds so far.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := c.scenario(args[0])
			if err != nil {
				return err
			}
			if s.Workload.Rounds == nil {
				return fmt.Errorf("scenario %s has no rounds for a soak; those that have: %s", s.Name, strings.Join(c.withRounds(), ", "))
			}
			if f.limit <= 0 || f.every <= 0 {
				return errors.New("--time and --every are positive")
			}
			f.keep = cmd.Flags().Changed("dir")
			f.seed.draw()
			return c.runSoak(cmd.Context(), f, s)
		},
	}
	cmd.Flags().DurationVar(&f.limit, "time", time.Minute, "time in which rounds begin")
	cmd.Flags().DurationVar(&f.every, "every", 3*time.Second, "mean time between two kills")
	cmd.Flags().Var(&f.seed, "seed", "decides which hosts are killed when, decimal or 0x...; default: a random one, which is printed")
	cmd.Flags().BoolVar(&f.processes, "processes", false, "every host is a process of its own")
	cmd.Flags().BoolVar(&f.tls, "tls", false, "hosts talk TLS 1.3 and prove who they are, with certificates made for the soak")
	cmd.Flags().StringVar(&f.dir, "dir", liveFolder, "folder for the folder of the soak, which goes if it passed, unless --dir is given")
	cmd.Flags().BoolVar(&f.json, "json", false, "print a JSON object for each sample, and a summary as the last line")
	return cmd
}

// withRounds names the scenarios that can be soaked.
func (c *command) withRounds() (names []string) {
	for _, s := range c.scenarios {
		if s.Workload.Rounds != nil {
			names = append(names, s.Name)
		}
	}
	return names
}

func (c *command) runSoak(ctx context.Context, f soakFlags, s sim.Scenario) error {
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return fmt.Errorf("folder %s: %w", f.dir, cause(err))
	}
	folder, err := newRunFolder(filepath.Join(f.dir, fileName(s.Name, f.seed.value)))
	if err != nil {
		return err
	}
	soak := harness.Soak{Scenario: s, Dir: filepath.Join(folder, "disks"), Time: f.limit, Every: f.every, Seed: f.seed.value}
	if err := os.Mkdir(soak.Dir, 0o755); err != nil {
		return fmt.Errorf("folder %s: %w", folder, cause(err))
	}
	if f.tls {
		soak.Certs = filepath.Join(folder, certsFolder)
	}
	if f.processes {
		if soak.Process, err = hostProcess(); err != nil {
			return err
		}
	}
	if f.json {
		printJSON(c.out, campaignObject{Schema: schema, Type: "soak", Build: build(), Seed: f.seed.value, Scenarios: []string{s.Name}, Command: f.command(s), TLS: &f.tls})
	} else {
		where := "all hosts in this process"
		if f.processes {
			where = "every host a process"
		}
		if f.tls {
			where += ", over TLS"
		}
		fmt.Fprintf(c.out, "%s: soak, %s, seed %#x\n  %s\n", build(), where, f.seed.value, view.Clean(f.command(s)))
	}
	var last atomic.Pointer[harness.Sample]
	began := time.Now()
	bar := newBar(c.err, f.json, f.limit.Milliseconds(), func() int64 { return time.Since(began).Milliseconds() }, func() string {
		s := last.Load()
		if s == nil {
			return ""
		}
		return fmt.Sprintf(" %s, %s, %s", counted(s.Rounds, "round"), counted(s.Ops, "operation"), counted(s.Kills, "kill"))
	})
	soak.Sampled = func(s harness.Sample) {
		last.Store(&s)
		if f.json {
			printJSON(c.out, sampleObjectOf(s))
		}
	}
	r, err := soak.Run(ctx)
	bar.stop()
	if err != nil {
		return errors.Join(err, os.RemoveAll(folder))
	}
	return c.tellSoak(f, s, r, folder)
}

// tellSoak prints what a soak came to and keeps what shows a failure.
func (c *command) tellSoak(f soakFlags, s sim.Scenario, r *harness.SoakReport, folder string) error {
	result := &sim.Result{Plan: sim.Plan{Scenario: s.Name, Seed: f.seed.value}, Verdict: r.Verdict, Check: r.Check, Err: r.Err, Suspects: r.Suspects}
	events := make([]trace.Event, len(r.Notes))
	for i, n := range r.Notes {
		events[i] = sim.NoteEvent(n)
		events[i].Seq, events[i].At = n.Seq, n.At
	}
	var err error
	saved := ""
	switch {
	case len(events) > 0:
		saved = filepath.Join(folder, "round.trace")
		err = saveTrace(saved, result, events)
	case r.Verdict == sim.Pass && !f.keep:
		err = os.RemoveAll(folder)
	}
	if err != nil {
		return brokenError{fmt.Errorf("folder %s: %w", folder, cause(err))}
	}
	if f.json {
		printJSON(c.out, soakSummaryOf(f, s, r, saved))
		return exit(r.Verdict)
	}
	var b strings.Builder
	b.WriteString("\n")
	if r.Verdict != sim.Pass {
		b.WriteString(headline(result))
		if story := view.Story(events, failureOf(result)); story != "" {
			b.WriteString("\n" + indent(story))
		}
		fmt.Fprintf(&b, "  disks are in %s\n", folder)
		if saved != "" {
			fmt.Fprintf(&b, "  see the round: simrun view %s\n", saved)
		}
		b.WriteString("\n")
	}
	b.WriteString(soakTable(r))
	if r.Interrupted {
		b.WriteString("\ninterrupted; the round that was under way is not judged")
	}
	kills := 0
	for _, n := range r.Kills {
		kills += n
	}
	fmt.Fprintf(&b, "\n%v: %s, %s, %d acknowledged, %s, %.1f s\n",
		r.Verdict, counted(r.Rounds, "round"), counted(r.Ops, "operation"), r.Acked, counted(kills, "kill"), r.Took.Seconds())
	fmt.Fprint(c.out, b.String())
	return exit(r.Verdict)
}

// command is what was asked for, with all that was drawn or left open.
func (f *soakFlags) command(s sim.Scenario) string {
	text := fmt.Sprintf("simrun soak %s --seed %s --time %v --every %v", s.Name, f.seed.String(), f.limit, f.every)
	if f.processes {
		text += " --processes"
	}
	if f.tls {
		text += " --tls"
	}
	return text
}

// hostProcess makes the commands that start this program again as a host of a live
// run.
func hostProcess() (func() *exec.Cmd, error) {
	path, err := executable()
	if err != nil {
		return nil, fmt.Errorf("processes of hosts: %w", err)
	}
	return func() *exec.Cmd {
		cmd := exec.Command(path)
		cmd.Args = arguments
		cmd.Env = append(os.Environ(), hostVariable+"=1")
		return cmd
	}, nil
}
