package sim

import (
	"slices"
	"strconv"
	"strings"
	"time"
)

// manyOps is how many operations make a plan that probably waits for a limit of
// the system to be reached, such as a log that is long enough to be rotated.
const manyOps = 30

// lowerKnobs makes the numbers and durations among the knobs smaller, one after
// the other, and reports whether it could. It leaves a system that makes no
// progress as it is: a smaller one may lack what progress takes.
func (sh *shrinker) lowerKnobs() bool {
	before := sh.best
	if before.Check == "liveness" {
		return false
	}
	for i, k := range before.Plan.Knobs {
		for halved := true; halved; {
			halved = slices.ContainsFunc(halves(sh.best.Plan.Knobs[i].Value), func(value string) bool { return sh.setKnob(i, value) })
		}
		if n, err := strconv.Atoi(sh.best.Plan.Knobs[i].Value); err == nil && n > 1 && k.Value == sh.best.Plan.Knobs[i].Value {
			sh.setKnob(i, strconv.Itoa(n-1))
		}
	}
	return sh.best != before
}

// setKnob proposes another value of a knob. The topology must still be possible and
// have the hosts that the plan names.
func (sh *shrinker) setKnob(i int, value string) bool {
	p := sh.best.Plan
	p.Knobs = slices.Clone(p.Knobs)
	p.Knobs[i].Value = value
	return sh.valid(p) && sh.edit(func(p *Plan) { p.Knobs[i].Value = value })
}

// halves lists one and half of a number, or of a duration in milliseconds, if they
// are smaller than it; nothing for other values.
func halves(value string) (list []string) {
	if n, err := strconv.Atoi(value); err == nil {
		for _, m := range []int{1, n / 2} {
			if 1 <= m && m < n {
				list = append(list, strconv.Itoa(m))
			}
		}
		return slices.Compact(list)
	}
	if d, err := time.ParseDuration(value); err == nil {
		for _, e := range []time.Duration{time.Millisecond, (d / 2).Truncate(time.Millisecond)} {
			if 0 < e && e < d {
				list = append(list, e.String())
			}
		}
	}
	return slices.Compact(list)
}

// readable reports whether a plan of the scenario can be read from its text.
func readable(s Scenario, p Plan) bool {
	_, err := ReadPlan(strings.NewReader(p.String()), s)
	return err == nil
}
