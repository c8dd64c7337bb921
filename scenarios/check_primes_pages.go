package scenarios

import (
	"fmt"
	"time"

	"github.com/simrun/simrun/actors/primes"
	"github.com/simrun/simrun/sim"
)

// checkPrimesPages holds the servers to answering a submission at once, whatever the job
// takes and whoever is gone, unless the host of the server was held up.
func checkPrimesPages(o *sim.Observation) error {
	var held []holdup
	for _, n := range o.Notes {
		switch f := n.Fact.(type) {
		case sim.FaultBegan:
			held = appendHoldup(held, n, f)
		case primes.Answered:
			if f.Took > pageLimit && !wasHeld(held, n.Host, n.At-time.Duration(skewed*float64(f.Took)), n.At) {
				return fmt.Errorf("%s at %v: a submission was answered after %v, later than %v", n.Host, n.At, f.Took, pageLimit)
			}
		}
	}
	return nil
}
