package simcli

import (
	"context"
	"fmt"
	"io"

	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/sim"
)

// A finding is a run that failed, and what was made of it.
type finding struct {
	scenario sim.Scenario
	seed     uint64
	result   *sim.Result   // shrunk, if it could be
	events   []trace.Event // of result; nil for the later ones of many alike
	plan     string        // the file of result.Plan; "" if it was not saved
	alike    int           // which one it is of its scenario and check, from 1
	full     string        // the file of the plan as it was found; "" if it was not shrunk
}

// explain shrinks a failure, unless there were enough like it, and saves what came of
// it.
func (c *campaign) explain(ctx context.Context, f *finding) (err error) {
	s, r := f.scenario, f.result
	name := fileName(s.Name, f.seed)
	if r.Check == nondeterminism && f.alike <= shrinkMost {
		c.quiet.Lock()
		r.Err = fmt.Errorf("%w; %s", r.Err, sim.Parting(s, r.Plan))
		c.quiet.Unlock()
	}
	if r.Verdict == sim.Violation && f.alike <= shrinkMost {
		if f.full, err = c.folder.savePlan(name+".full.plan", r.Plan); err != nil {
			return err
		}
		c.quiet.Lock()
		f.result = sim.Shrink(ctx, s, r)
		_, f.events = traced(s, f.result.Plan)
		c.quiet.Unlock()
	}
	if f.plan, err = c.folder.savePlan(name+".plan", f.result.Plan); err != nil {
		return err
	}
	if f.events != nil {
		_, err = c.folder.save(name+".trace", func(w io.Writer) error { return writeTrace(w, f.result, f.events) })
	}
	return err
}

// savePlan saves a plan, unless it is one that no text can say, such as that of a
// run which failed before it was drawn: its seed has to do.
func (f *folder) savePlan(name string, p sim.Plan) (string, error) {
	if p.Validate() != nil {
		return "", nil
	}
	return f.save(name, func(w io.Writer) error {
		_, err := p.WriteTo(w)
		return err
	})
}

// writeTrace writes the trace of a run.
func writeTrace(w io.Writer, r *sim.Result, events []trace.Event) error {
	f := failureOf(r)
	t, err := trace.NewWriter(w, trace.Header{
		Scenario: r.Plan.Scenario, Seed: r.Plan.Seed, Plan: r.Plan.String(),
		Verdict: r.Verdict.String(), Check: f.Check, Why: f.Why, Operations: f.Operations,
	})
	if err != nil {
		return err
	}
	for _, e := range events {
		if err := t.Write(e); err != nil {
			return err
		}
	}
	return t.Close()
}
