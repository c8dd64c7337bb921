package sim

import (
	"context"

	"github.com/leanovate/gopter"
)

// Property is the scenario as a property for suites that are built on gopter.
// Gopter draws the seed of a plan; a failure is run twice and shrunk by Shrink
// before it is returned, so that gopter prints the smallest plan known as the
// argument, and the drawn one as the original. Inconclusive runs are undecided.
func Property(s Scenario) gopter.Prop {
	return func(params *gopter.GenParameters) *gopter.PropResult {
		if err := s.Validate(); err != nil {
			return &gopter.PropResult{Status: gopter.PropError, Error: err}
		}
		found := NewPlan(s, params.NextUint64())
		r := Run(s, found)
		if r.Verdict == Violation || r.Verdict == Harness {
			r = confirm(s, r, func(p Plan) *Result { return Run(s, p) })
		}
		switch r.Verdict {
		case Pass, ExpectedLoss:
			return &gopter.PropResult{Status: gopter.PropTrue}
		case Inconclusive:
			return &gopter.PropResult{Status: gopter.PropUndecided, Labels: []string{r.Check}}
		case Harness:
			return &gopter.PropResult{Status: gopter.PropError, Error: r.Err, Labels: []string{r.Check}, Args: planArgs(r.Plan, found)}
		}
		r = Shrink(context.Background(), s, r)
		return &gopter.PropResult{
			Status: gopter.PropFalse,
			Labels: []string{s.Name + ": " + r.Check + ": " + r.Err.Error()},
			Args:   planArgs(r.Plan, found),
		}
	}
}

// planArgs shows two plans as gopter's argument and original argument.
func planArgs(plan, found Plan) []*gopter.PropArg {
	return []*gopter.PropArg{{
		Label:            "plan",
		Arg:              plan,
		ArgFormatted:     "\n" + plan.String(),
		OrigArg:          found,
		OrigArgFormatted: "\n" + found.String(),
		Shrinks:          len(found.Ops) + len(found.Faults) - len(plan.Ops) - len(plan.Faults),
	}}
}
