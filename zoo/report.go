package zoo

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/simrun/simrun/internal/view"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// A report is one line of JSON that a build says about a run. A run that passed has
// only Seed and Tried, and is told of now and then.
type report struct {
	Seed    seed   `json:"seed"`
	Tried   int    `json:"tried,omitempty"`   // seeds of the hunt up to this one
	Verdict string `json:"verdict,omitempty"` // as sim.Verdict prints it
	Check   string `json:"check,omitempty"`
	Why     string `json:"why,omitempty"`
	Kill    bool   `json:"kill,omitempty"` // for the right reason
	Size    *size  `json:"size,omitempty"` // of the plan, unless the run passed
	Plan    string `json:"plan,omitempty"` // that a seed was shrunk to
}

// whyMax is how much of a reason is kept, in characters.
const whyMax = 300

// reportOf tells of a run that was judged by the checks of a hunt.
func reportOf(r *sim.Result, checks []string) report {
	out := report{Seed: seed(r.Plan.Seed), Verdict: r.Verdict.String(), Check: r.Check,
		Kill: r.Verdict == sim.Violation && slices.Contains(checks, r.Check)}
	if r.Verdict != sim.Pass {
		out.Size = &size{issued(r.Plan), len(r.Plan.Faults)}
	}
	if r.Err != nil {
		first, _, _ := strings.Cut(r.Err.Error(), "\n")
		out.Why = view.Cut(first, whyMax)
	}
	return out
}

// passed reports that nothing was wrong with a run, not even beyond the promise.
func (r report) passed() bool { return r.Verdict == "" || r.Verdict == sim.Pass.String() }

// apart is the name under which a failure that is no kill is counted; "" for a run
// that did not fail.
func (r report) apart() string {
	switch {
	case r.Kill || r.passed() || r.Verdict == sim.ExpectedLoss.String():
		return ""
	case r.Verdict == sim.Violation.String():
		return r.Check
	}
	return strings.ToLower(r.Verdict) + ": " + r.Check
}

// outcome is the verdict and what made it.
func (r report) outcome() string {
	if r.Check == "" {
		return r.Verdict
	}
	return r.Verdict + ": " + r.Check
}

// only returns a scenario with those of its checks that are named; with all if none
// is. The Model stays on, and so does what sim watches over itself.
func only(s sim.Scenario, checks []string) sim.Scenario {
	if len(checks) == 0 {
		return s
	}
	var kept []sim.Check
	for _, c := range s.Checks {
		if slices.Contains(checks, c.Name) {
			kept = append(kept, c)
		}
	}
	s.Checks = kept
	return s
}

// issued counts the operations of a plan, without the lines that issue none.
func issued(p sim.Plan) int {
	n := 0
	for _, op := range p.Ops {
		if _, ok := op.Do.(models.Op); ok {
			n++
		}
	}
	return n
}

// A seed is written as in plans, so that every reader of JSON has all of its bits.
type seed uint64

func (s seed) String() string { return fmt.Sprintf("%#x", uint64(s)) }

// MarshalText writes a seed in hexadecimal.
func (s seed) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a seed, also a decimal one.
func (s *seed) UnmarshalText(text []byte) error {
	v, err := strconv.ParseUint(string(text), 0, 64)
	if err != nil {
		return fmt.Errorf("%q is no seed", text)
	}
	*s = seed(v)
	return nil
}
