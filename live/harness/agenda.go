package harness

import (
	"slices"
	"time"
)

// An agenda is what is to be done, by the clock of the run.
type agenda []due

type due struct {
	at time.Duration
	do func()
}

func (a *agenda) at(t time.Duration, do func()) { *a = append(*a, due{t, do}) }

// next is when something is due, at most until.
func (a *agenda) next(until time.Duration) time.Duration {
	for _, d := range *a {
		until = min(until, d.at)
	}
	return until
}

// carryOut does what is due, in the order of the times, also what is added on the way.
func (a *agenda) carryOut(now time.Duration) {
	for {
		first := -1
		for i, d := range *a {
			if d.at <= now && (first < 0 || d.at < (*a)[first].at) {
				first = i
			}
		}
		if first < 0 {
			return
		}
		do := (*a)[first].do
		*a = slices.Delete(*a, first, first+1)
		do()
	}
}
