package simcli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/simrun/simrun/internal/view"
	"github.com/simrun/simrun/sim"
)

// Main runs the command with the arguments of the process over a set of scenarios
// and returns the exit code. Further commands are added as they are; one whose error
// has a method Verdict has said all there is to say and decides the exit code, and one
// whose error has a method ExitCode decides it too.
func Main(scenarios []sim.Scenario, more ...*cobra.Command) int {
	if os.Getenv(workerVariable) != "" {
		return work(scenarios, os.Stdin, os.Stdout)
	}
	if os.Getenv(hostVariable) != "" {
		return beHost(scenarios)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first signal asks the command to end with what it has; a second one
	// finds the default handler and ends the process at once.
	context.AfterFunc(ctx, stop)
	return execute(ctx, os.Args[1:], os.Stdout, os.Stderr, scenarios, more...)
}

// execute is Main without the process around it.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer, scenarios []sim.Scenario, more ...*cobra.Command) int {
	c := &command{scenarios: scenarios, out: stdout, err: stderr}
	root := &cobra.Command{
		Use:                "simrun",
		Short:              "run actors in a simulated world, find what breaks, replay it",
		SilenceErrors:      true,
		SilenceUsage:       true,
		DisableSuggestions: true,
		CompletionOptions:  cobra.CompletionOptions{DisableDefaultCmd: true},
	}
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.AddCommand(c.list(), c.plan(), c.run(), c.live(), c.soak(), c.replay(), c.shrink(), c.view(), c.plot(), c.certs())
	root.AddCommand(more...)
	err := c.validate()
	if err == nil {
		err = root.ExecuteContext(ctx)
	}
	if err == nil {
		return 0
	}
	var said interface {
		error
		Verdict() sim.Verdict
	}
	if errors.As(err, &said) {
		return said.Verdict().ExitCode()
	}
	fmt.Fprintln(stderr, "simrun:", view.Clean(err.Error()))
	var broken brokenError
	if errors.As(err, &broken) {
		return sim.Harness.ExitCode()
	}
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	return 2
}

// A command holds what all commands need.
type command struct {
	scenarios []sim.Scenario
	out, err  io.Writer
}

// exitVerdict is the error of a command that has said all there is to say and
// ends with the exit code of a verdict.
type exitVerdict sim.Verdict

func (v exitVerdict) Error() string { return sim.Verdict(v).String() }

// Verdict is what the exit code comes from.
func (v exitVerdict) Verdict() sim.Verdict { return sim.Verdict(v) }

// exit turns a verdict into the error that ends a command with its code.
func exit(v sim.Verdict) error {
	if v.ExitCode() == 0 {
		return nil
	}
	return exitVerdict(v)
}

// A brokenError is a failure of the harness itself, after the first run began.
// Every other error is one of usage.
type brokenError struct{ error }

func (b brokenError) Unwrap() error { return b.error }

// validate refuses scenarios that cannot be told apart or run.
func (c *command) validate() error {
	seen := map[string]bool{}
	for _, s := range c.scenarios {
		if err := s.Validate(); err != nil {
			return err
		}
		if seen[s.Name] {
			return fmt.Errorf("scenario %s: two have this name", s.Name)
		}
		seen[s.Name] = true
	}
	return nil
}

// scenario finds a scenario by name.
func (c *command) scenario(name string) (sim.Scenario, error) {
	names := make([]string, 0, len(c.scenarios))
	for _, s := range c.scenarios {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	if near := nearest(name, names); near != "" {
		return sim.Scenario{}, fmt.Errorf("no scenario %q; did you mean %s?", name, near)
	}
	return sim.Scenario{}, fmt.Errorf("no scenario %q; `simrun list` shows all", name)
}
