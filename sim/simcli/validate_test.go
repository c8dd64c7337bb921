package simcli

import (
	"bytes"
	"testing"
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// A scenario that cannot be run is refused before any run, in one line.
func TestImpossibleProfilesAreRefusedInOneLine(t *testing.T) {
	for _, test := range []struct {
		want string
		edit func(p *faults.Profile)
	}{
		{"simrun: scenario tiny/bad: profile: DelayMin 1s is above DelayMax 5ms\n", func(p *faults.Profile) { p.DelayMin = time.Second }},
		{"simrun: scenario tiny/bad: profile: -1 times crash\n", func(p *faults.Profile) { p.Counts[faults.Crash] = -1 }},
		{"simrun: scenario tiny/bad: profile: drop-message or replay without Messages to choose from\n", func(p *faults.Profile) { p.Counts[faults.DropMessage] = 1 }},
		{"simrun: scenario tiny/bad: profile: pause without a DownMax that ends it\n", func(p *faults.Profile) { p.Counts, p.DownMin, p.DownMax = faults.Counts{faults.Pause: 1}, 0, 0 }},
	} {
		s := tiny("tiny/bad", "cannot be run")
		test.edit(&s.Profile)
		var out, errs bytes.Buffer
		if code := execute(t.Context(), []string{"list"}, &out, &errs, []sim.Scenario{s}); code != 2 || out.Len() > 0 || errs.String() != test.want {
			t.Errorf("exit code %d, %q, %q; want 2 and %q", code, out.String(), errs.String(), test.want)
		}
	}
}
