package harness_test

import (
	"testing"

	"github.com/simrun/simrun/sim"
)

// R105, R109, R122: the sum-of-primes service holds its promises over
// TCP and the wall clock too.
func TestPrimesScenariosPassLive(t *testing.T) {
	for _, name := range []string{"primes/plain", "primes/affinity", "primes/queue"} {
		s := catalogued(t, name)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := runLive(t, s, sim.NewPlan(s, 1))
			if r.Verdict != sim.Pass {
				t.Fatalf("%v, %s: %v", r.Verdict, r.Check, r.Err)
			}
			if len(r.History.Operations) == 0 {
				t.Error("nobody has done anything")
			}
		})
	}
}
