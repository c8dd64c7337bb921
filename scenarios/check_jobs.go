package scenarios

import (
	"fmt"
	"slices"

	"github.com/simrun/simrun/actors/primes"
	"github.com/simrun/simrun/sim"
)

// checkJobs holds the queue to delivering every job that it took until a server was
// done with it, which it is when the result is stored; and the durable one to taking
// none in vain: each is computed or given up, however often.
func checkJobs(o *sim.Observation) error {
	var order []string
	held := map[string]bool{}
	done := map[string]bool{}  // computed or given up
	known := map[string]bool{} // was stored at some time
	open := map[string]bool{}  // is stored, and has no result
	for _, n := range o.Notes {
		switch f := n.Fact.(type) {
		case primes.StoreBegan:
			clear(open)
		case primes.Created:
			// What comes back after a loss is a late message, which nobody waits for.
			open[f.ID] = !known[f.ID]
			known[f.ID] = true
		case primes.Ended:
			open[f.ID] = false
		case primes.Evicted:
			open[f.ID] = false
		case primes.Queued:
			if !slices.Contains(order, f.ID) {
				order = append(order, f.ID)
			}
			held[f.ID] = true
		case primes.Computed:
			done[f.ID] = true
		case primes.GaveUp:
			done[f.ID] = true
		case primes.Removed:
			switch {
			case !done[f.ID]:
				return fmt.Errorf("job %s was acknowledged before anybody had done it", f.ID)
			case open[f.ID]:
				return fmt.Errorf("job %s was acknowledged before its result was stored", f.ID)
			}
			held[f.ID] = false
		}
	}
	if o.Knobs.String("queue", "") != string(primes.Durable) {
		return nil
	}
	for _, id := range order {
		// One that is done may have gone while its queue could not say so any more.
		if held[id] && !done[id] {
			return fmt.Errorf("job %s was queued durably, and nobody has done it", id)
		}
	}
	return nil
}
