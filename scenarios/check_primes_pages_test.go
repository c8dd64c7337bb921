package scenarios

import (
	"testing"
	"time"

	"github.com/simrun/simrun/actors/primes"
	"github.com/simrun/simrun/sim"
)

// TestPrimesPagesCheck: a submission that is answered late is found, unless its server
// was held up meanwhile. R100.
func TestPrimesPagesCheck(t *testing.T) {
	slow := primes.Answered{Took: 300 * time.Millisecond}
	for _, c := range []struct {
		name  string
		facts []any
		wrong bool
	}{
		{"in time", []any{"sv1", primes.Answered{Took: pageLimit}}, false},
		{"late", []any{"sv1", slow}, true},
		{"late by a pause of the server", []any{"sv1", sim.FaultBegan{Text: "1ms pause sv1 for 2s"}, "sv1", slow}, false},
		{"late by a pause of another", []any{"sv1", sim.FaultBegan{Text: "1ms pause sv2 for 2s"}, "sv1", slow}, true},
	} {
		if err := checkPrimesPages(&sim.Observation{Notes: notes(c.facts...)}); (err != nil) != c.wrong {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
