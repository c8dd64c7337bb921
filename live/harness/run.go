package harness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/live"
	"github.com/simrun/simrun/sim"
)

// Options say how a scenario runs. The zero value is ready.
type Options struct {
	// Dir is an empty folder for the disks of the hosts, which are left there. ""
	// has a temporary one, which is removed.
	Dir string
	// Time bounds the work of the clients, before the Limits.Settle of the scenario
	// begins, in which they must come to an end. 0 is a minute.
	Time time.Duration
	// Log receives what the actors log; nil discards it.
	Log *slog.Logger
}

const defaultTime = time.Minute

// stopTime bounds the end of the programs that are left after a run. Those that
// block through their Env end at once.
const stopTime = 10 * time.Second

// finalHost is the host whose client reads everything back at the end, as in sim.
const finalHost = "final"

// Run carries out the operations of the plan: those of each client one after the
// other, on its host; then, when all programs have ended, the Final ones on the
// host "final". It judges what was observed by the Model and the Checks of the
// scenario. A failure of the system has the check of the simulator: "actor panic",
// "program" (an error of a program), "liveness" (one that did not end in time), or
// "halt", which in sim a restart would follow. If ctx ends first, the run is
// Inconclusive, "interrupted". The error is for a run that could not begin.
//
// The Result has no TraceHash. Stats.Virtual is the time on the wall from the
// start of the hosts to the end of the last program.
func Run(ctx context.Context, s sim.Scenario, p sim.Plan, o Options) (*sim.Result, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	if o.Time <= 0 {
		o.Time = defaultTime
	}
	limits := s.Limits
	if limits.Settle <= 0 {
		limits.Settle = sim.DefaultLimits.Settle
	}
	if limits.CheckSteps <= 0 {
		limits.CheckSteps = sim.DefaultLimits.CheckSteps
	}
	if o.Dir == "" {
		dir, err := os.MkdirTemp("", "simrun-live-")
		if err != nil {
			return nil, fmt.Errorf("scenario %s: folder of the disks: %w", s.Name, err)
		}
		defer os.RemoveAll(dir)
		o.Dir = dir
	} else if err := checkEmpty(o.Dir); err != nil {
		return nil, fmt.Errorf("scenario %s: folder of the disks: %w", s.Name, err)
	}
	r := &run{scenario: s, plan: p, opts: o, limits: limits, facts: newFacts(), result: &sim.Result{Plan: p}}
	if err := r.drive(ctx); err != nil {
		return nil, fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	r.judge()
	return r.result, nil
}

// checkEmpty refuses a folder that an earlier run may have used: what is in it was
// never written in the history of this one.
func checkEmpty(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	switch names, err := f.Readdirnames(1); {
	case err == io.EOF:
		return nil
	case err != nil:
		return err
	default:
		return fmt.Errorf("%s is not empty: it has %s", dir, names[0])
	}
}

// A run is one call of Run.
type run struct {
	scenario sim.Scenario
	plan     sim.Plan
	opts     Options
	limits   sim.Limits
	world    *live.World
	facts    *facts
	result   *sim.Result
}

// drive runs the system to the end of the last program, or to the first failure.
func (r *run) drive(ctx context.Context) error {
	top := r.scenario.Topology(r.plan.Knobs)
	clients, err := r.clients(top)
	if err != nil {
		return err
	}
	began := time.Now()
	r.world, err = live.Start(top, live.Options{Dir: r.opts.Dir, Log: r.opts.Log, Note: r.facts.add})
	if err != nil {
		r.facts.close()
		check := stopOf(err)
		if check == "" {
			return err
		}
		r.fail(sim.Violation, check, err)
		return nil
	}
	defer r.end(top)
	for _, c := range clients {
		if err := r.world.Run(c.name, r.workload(c)); err != nil && r.world.Err() == nil {
			return err
		}
	}
	if r.wait(ctx, max(r.scenario.Profile.Span, r.opts.Time)+r.limits.Settle) && r.hasFinal(top) {
		c := client{finalHost, r.scenario.Workload.Final(r.plan.Knobs, r.plan.Ops)}
		if err := r.world.Run(c.name, r.workload(c)); err != nil && r.world.Err() == nil {
			return err
		}
		r.wait(ctx, r.limits.Settle)
	}
	r.result.Stats.Virtual = time.Since(began)
	return nil
}

// A client is a host with the operations it carries out.
type client struct {
	name string
	ops  []sim.Op
}

// clients returns the clients of the plan, in the order of the topology.
func (r *run) clients(top actors.Topology) ([]client, error) {
	byName := map[string][]sim.Op{}
	for _, op := range r.plan.Ops {
		byName[op.Client] = append(byName[op.Client], op)
	}
	var all []client
	for _, h := range top.Hosts {
		if ops := byName[h.Name]; len(ops) > 0 {
			all = append(all, client{h.Name, ops})
			delete(byName, h.Name)
		}
	}
	for _, op := range r.plan.Ops {
		if byName[op.Client] != nil {
			return nil, fmt.Errorf("operation %s#%d: the topology has no host %s", op.Client, op.N, op.Client)
		}
	}
	return all, nil
}

func (r *run) hasFinal(top actors.Topology) bool {
	for _, h := range top.Hosts {
		if h.Name == finalHost {
			return r.scenario.Workload.Final != nil
		}
	}
	return false
}

// workload is the program of one client.
func (r *run) workload(c client) actors.ProgramDef {
	return actors.ProgramDef{Name: "workload", Run: func(env actors.Env) error {
		do := r.scenario.Workload.Client(env, linearizability.NewRecorder(c.name, env.Note))
		for _, op := range c.ops {
			if err := do(op); err != nil {
				return fmt.Errorf("%s#%d %v: %w", op.Client, op.N, op.Do, err)
			}
		}
		return nil
	}}
}

// wait reports whether all programs ended within the limit and nothing failed.
func (r *run) wait(ctx context.Context, limit time.Duration) bool {
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if r.world.Wait(within) == nil {
		return true
	}
	late := r.world.Running()
	switch err := r.world.Err(); {
	case err != nil:
		r.fail(sim.Violation, cmp.Or(stopOf(err), "program"), err)
	case ctx.Err() != nil:
		r.fail(sim.Inconclusive, "interrupted", fmt.Errorf("%s had not ended: %w", strings.Join(late, ", "), ctx.Err()))
	case len(late) == 0: // the last one ended with the limit
		return true
	default:
		r.fail(sim.Violation, "liveness", fmt.Errorf("%s had not ended after %v", strings.Join(late, ", "), limit))
	}
	return false
}

// end pulls the plug: what the actors do from here on is not part of the run.
func (r *run) end(top actors.Topology) {
	r.facts.close()
	for _, h := range top.Hosts {
		_ = r.world.Crash(h.Name) // one that is down already has failed the run
	}
	ctx, cancel := context.WithTimeout(context.Background(), min(stopTime, r.limits.Settle))
	defer cancel()
	if err := r.world.Stop(ctx); err != nil {
		// Only a run that has failed leaves programs to stop.
		r.result.Err = errors.Join(r.result.Err, err)
	}
}

// fail sets the verdict; the first one stays.
func (r *run) fail(v sim.Verdict, check string, err error) {
	if r.result.Verdict == 0 {
		r.result.Verdict, r.result.Check, r.result.Err = v, check, err
	}
}

// stopOf names the check of what stopped a host, "" if nothing did.
func stopOf(err error) string {
	for _, c := range []struct {
		cause error
		check string
	}{
		{live.ErrPanic, "actor panic"},
		{live.ErrHalted, "halt"},
		{live.ErrMailboxFull, "mailbox full"},
	} {
		if errors.Is(err, c.cause) {
			return c.check
		}
	}
	return ""
}
