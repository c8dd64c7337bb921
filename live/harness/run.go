package harness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/simrun/simrun/sim"
)

// Options say how a scenario runs. The zero value is ready.
type Options struct {
	// Dir is an empty folder for the disks of the hosts, which are left there. ""
	// has a temporary one, which is removed.
	Dir string
	// Time bounds the work of the clients, before the Limits.Settle of the scenario
	// begins, in which they must come to an end. 0 is the Limits.Time of the scenario, or
	// a minute if it has none.
	Time time.Duration
	// Record is an empty folder to which the run is recorded, for [ReadRecording]; what
	// it costs and what it lacks of a host that was killed is said at live.Options. ""
	// records nothing.
	Record string
	// Certs is a folder to which an authority writes certificates for this run, and the
	// hosts talk TLS 1.3 and prove who they are; it is made if it is not there. "" has plain
	// connections.
	Certs string
	// Log receives what the actors log; nil discards it.
	Log *slog.Logger
	// Faults has the network and the faults of the plan carried out, as far as that is
	// possible live, see [Plan]. Otherwise nothing is broken on purpose.
	Faults bool
	// Process makes the command that starts a process which comes to [Host]. With it each
	// host is a process of its own, which needs Linux, and all facts that the actors note
	// have to be registered with actors.Facts. Nil runs all hosts in this process.
	Process func() *exec.Cmd
}

const defaultTime = time.Minute

// stopTime bounds the end of the programs that are left after a run. Those that
// block through their Env end at once.
const stopTime = 10 * time.Second

// finalHost is the host whose client reads everything back at the end, as in sim.
const finalHost = "final"

// Run carries out the operations of the plan: those of each client one after the
// other, on its host; meanwhile, with Options.Faults, its faults. When all programs
// have ended, or the last fault is over, everything heals; then, when all programs have
// ended, the Final operations follow on the host "final". It judges what was observed by
// the Model and the Checks of the scenario. A failure of the system has the check of the
// simulator: "actor panic", "program" (an error of a program), "liveness" (one that did
// not end in time), or "halt", which in sim a restart would follow; a process that
// nobody has ended has "process". If ctx ends first, the run is Inconclusive,
// "interrupted". The error is for a run that could not begin.
//
// The Result has no TraceHash. Stats.Virtual is the time on the wall from the
// start of the hosts to the end of the last program.
func Run(ctx context.Context, s sim.Scenario, p sim.Plan, o Options) (*sim.Result, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	if o.Process != nil && !processesHere {
		return nil, fmt.Errorf("scenario %s: hosts as processes need Linux", s.Name)
	}
	if o.Time <= 0 {
		o.Time = cmp.Or(s.Limits.Time, defaultTime)
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
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("scenario %s: folder of the disks: %w", s.Name, err)
	}
	o.Dir = dir
	if o.Record != "" {
		if o.Record, err = filepath.Abs(o.Record); err == nil {
			err = recordPlan(o.Record, p)
		}
		if err != nil {
			return nil, fmt.Errorf("scenario %s: recording: %w", s.Name, err)
		}
	}
	if o.Certs != "" {
		if o.Certs, err = filepath.Abs(o.Certs); err != nil {
			return nil, fmt.Errorf("scenario %s: folder of the certificates: %w", s.Name, err)
		}
	}
	r := newRun(s, p, o, limitsOf(s))
	if err := r.drive(ctx); err != nil {
		return nil, fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	failed := r.result.Verdict != 0
	r.judge()
	if o.Record != "" {
		if err := recordResult(o.Record, r, failed); err != nil {
			return nil, fmt.Errorf("scenario %s: recording: %w", s.Name, err)
		}
	}
	return r.result, nil
}

// limitsOf returns the limits of a scenario, with the defaults that matter live.
func limitsOf(s sim.Scenario) sim.Limits {
	limits := s.Limits
	if limits.Settle <= 0 {
		limits.Settle = sim.DefaultLimits.Settle
	}
	if limits.CheckSteps <= 0 {
		limits.CheckSteps = sim.DefaultLimits.CheckSteps
	}
	return limits
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

// drive runs the system to the end of the last program, or to the first failure.
func (r *run) drive(ctx context.Context) (err error) {
	if err := r.prepare(); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.end()) }()
	if err := r.boot(ctx); err != nil || r.over {
		return err
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for !r.over {
		r.agenda.carryOut(r.clock())
		r.advance()
		if r.over {
			break
		}
		timer.Reset(r.agenda.next(r.deadline) - r.clock())
		select {
		case do := <-r.events:
			do()
		case <-r.warmed:
			r.warmUp()
		case <-timer.C:
		case <-ctx.Done():
			r.fail(sim.Inconclusive, "interrupted", fmt.Errorf("%s had not ended: %w", r.late(), ctx.Err()))
		}
		if !r.over && r.clock() >= r.deadline {
			r.expire()
		}
	}
	r.result.Stats.Virtual = r.clock()
	r.takeFailure() // one that nobody has come to look at
	return nil
}
