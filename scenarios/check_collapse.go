package scenarios

import (
	"fmt"
	"time"

	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/sim"
)

// checkConnections holds the asynchronous tier to having no connection to the
// database while the remote service works for the page, and to never running out of
// them. The synchronous tier does both.
func checkConnections(o *sim.Observation) error {
	held := map[tickets.ConnectionHeld]bool{}
	idle := map[string]bool{}
	for _, n := range o.Notes {
		switch f := n.Fact.(type) {
		case tickets.ConnectionHeld:
			held[f] = true
		case tickets.ConnectionFreed:
			delete(held, tickets.ConnectionHeld(f))
		case tickets.JobRuns:
			if f.Tier == tickets.AsyncTier && held[tickets.ConnectionHeld(f)] {
				return fmt.Errorf("page %d of the asynchronous tier has a connection to the database while its job runs, at %v", f.Page, n.At)
			}
		case tickets.TierLoad:
			idle[f.Tier] = time.Duration(f.Messages)*collapseStep < time.Second/2
		case tickets.PoolLoad:
			switch {
			case f.Taken < f.Size:
			case f.Tier == tickets.AsyncTier:
				return fmt.Errorf("the asynchronous tier has all its %d connections taken, at %v", f.Size, n.At)
			case idle[f.Tier]:
				o.Sometimes(sawStarvation)
			}
		}
	}
	return nil
}

// checkRecovery compares how many users a second get what they want at the end with
// how many did before the trigger. The asynchronous tier must be back at 90 %. It says
// nothing about plans that are not the whole story.
func checkRecovery(o *sim.Observation) error {
	g, ok := goodput(o)
	if !ok {
		return nil
	}
	for _, tier := range []string{tickets.SyncTier, tickets.AsyncTier} {
		before, during, after := g[tier].before, g[tier].during, g[tier].after
		switch {
		case tier == tickets.SyncTier && after*2 < before:
			o.Sometimes(sawSyncCollapse)
		case tier == tickets.SyncTier:
		case after*10 < before*9:
			return fmt.Errorf("the asynchronous tier served %.1f users a second before the trigger and %.1f after it", before, after)
		case during*10 < before*9:
			o.Sometimes(sawAsyncRecovery)
		}
	}
	return nil
}

// Served is how many users of a tier got what they wanted, a second: before the
// trigger, while it lasts, and at the end.
type served struct{ before, during, after float64 }

// goodput measures both tiers, unless lines of the load are missing.
func goodput(o *sim.Observation) (map[string]served, bool) {
	var starts [5]time.Duration
	for i := range 4 {
		if i >= len(o.Ops) {
			return nil, false
		}
		l, ok := o.Ops[i].Do.(LoadLine)
		if !ok || l.For < time.Second {
			return nil, false
		}
		starts[i+1] = starts[i] + l.For
	}
	if first, last := o.Ops[0].Do.(LoadLine), o.Ops[3].Do.(LoadLine); len(o.Ops) != 4 || first.PerSecond == 0 || first.PerSecond != last.PerSecond {
		return nil, false
	}
	// The first seconds serve nobody yet, and the last one may be cut short.
	mean := func(tier string, from, until time.Duration) float64 {
		sum, n := 0, 0
		for _, note := range o.Notes {
			if f, ok := note.Fact.(tickets.TierSecond); ok && f.Tier == tier && note.At > from && note.At <= until {
				sum, n = sum+f.Good, n+1
			}
		}
		return float64(sum) / float64(max(n, 1))
	}
	out := map[string]served{}
	for _, tier := range []string{tickets.SyncTier, tickets.AsyncTier} {
		out[tier] = served{
			before: mean(tier, starts[0]+3*time.Second, starts[1]),
			during: mean(tier, starts[1], starts[2]),
			after:  mean(tier, starts[3], starts[4]),
		}
	}
	return out, true
}
