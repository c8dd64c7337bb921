package scenarios

import (
	"fmt"
	"maps"
	"time"

	"github.com/simrun/simrun/actors/primes"
	"github.com/simrun/simrun/sim"
)

// checkLeases holds the service to failing a job for lost only when nobody has renewed
// its lease for as long as the lease is, by a clock that may be fast.
func checkLeases(o *sim.Observation) error {
	type renewal struct{ host, id string }
	lease := primesOptions(o.Knobs).Timing.Lease * 1000 / (1000 + clockDrift)
	asked := map[renewal][]time.Duration{} // and not answered
	renewed := map[string]time.Duration{}  // not before, by id
	proof := map[renewal]time.Duration{}   // that of an entry whose lease was over
	lapsed := map[renewal]time.Duration{}
	for _, n := range o.Notes {
		switch f := n.Fact.(type) {
		case sim.Down:
			maps.DeleteFunc(asked, func(at renewal, _ []time.Duration) bool { return at.host == n.Host })
		case primes.Renewing:
			at := renewal{n.Host, f.ID}
			asked[at] = append(asked[at], n.At)
		case primes.Renewed:
			at := renewal{n.Host, f.ID}
			if open := asked[at]; len(open) > 0 {
				// Should another one have been answered, this one was not asked later.
				renewed[f.ID], asked[at] = max(renewed[f.ID], open[0]), open[1:]
			}
		case primes.Lapsed:
			at := renewal{n.Host, f.ID}
			lapsed[at] = n.At
			proof[at] = -lease
			if began, ok := renewed[f.ID]; ok {
				proof[at] = began
			}
		case primes.Ended:
			at := renewal{n.Host, f.ID}
			over, ok := lapsed[at]
			if ok && f.Status == primes.Failed && over-proof[at] < lease {
				return fmt.Errorf("request %s failed for lost at %v, and was renewed %v before its lease of %v was taken for over",
					f.ID, n.At, over-proof[at], primesOptions(o.Knobs).Timing.Lease)
			}
			delete(lapsed, at)
		}
	}
	return nil
}
