package simcli

import (
	"context"
	"fmt"
	"io"

	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/internal/view"
	"github.com/simrun/simrun/sim"
)

// A finding is a run that failed, and what was made of it.
type finding struct {
	scenario sim.Scenario
	seed     uint64
	policy   sim.Policy    // in the place of the drawn one; "": none
	parting  func() string // says where two runs of the plan differ
	result   *sim.Result   // shrunk, if it could be
	events   []trace.Event // of result; nil for the later ones of many alike
	plan     string        // the file of result.Plan; "" if it was not saved
	alike    int           // which one it is of its scenario and check, from 1
	full     string        // the file of the plan as it was found; "" if it was not shrunk
}

// explain shrinks a failure, unless there were enough like it, and saves what came of
// it.
func (f *finding) explain(ctx context.Context, to *folder) (err error) {
	s, r := f.scenario, f.result
	name := fileName(s.Name, f.seed)
	if r.Check == nondeterminism && f.alike <= shrinkMost {
		r.Err = fmt.Errorf("%w; %s", r.Err, f.parting())
	}
	if r.Verdict == sim.Violation && f.alike <= shrinkMost {
		if f.full, err = to.savePlan(name+".full.plan", r.Plan); err != nil {
			return err
		}
		f.result = sim.Shrink(ctx, s, r)
		_, f.events = traced(s, f.result.Plan)
	}
	if f.plan, err = to.savePlan(name+".plan", f.result.Plan); err != nil {
		return err
	}
	if f.events != nil {
		_, err = to.save(name+".trace", func(w io.Writer) error { return writeTrace(w, f.result, f.events) })
	}
	return err
}

// notice tells of the finding.
func (f finding) notice() *notice {
	return &notice{Alike: f.alike, Text: tell(f), Object: runObjectOf(f)}
}

// again is the command that runs a seed of a scenario alone.
func again(scenario string, seed uint64, policy sim.Policy) string {
	command := fmt.Sprintf("simrun run %s --seed %#x --runs 1", view.Clean(scenario), seed)
	if policy != "" {
		command += " --policy " + view.Clean(string(policy))
	}
	return command
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
