package scenarios

import (
	"github.com/simrun/simrun/actors/primes"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// primesAffinity keeps the responses in the memory of the servers, which have room for a
// few, so polls must go to the server that has the response. What is lost with a server
// is computed again, because the clients submit it again.
func primesAffinity() sim.Scenario {
	return primesScenario(sim.Scenario{
		Name: "primes/affinity",
		Doc:  "responses in the memory of each server, with room for few, and a balancer that follows the cookie",
		Knobs: func(d *faults.Draw) sim.Knobs {
			return sim.Knobs{}.
				With("store", primes.Local).
				With("affinity", "yes").
				With("servers", d.Between("servers", 1, 4)).
				With("entries", d.Between("entries", 2, 6)).
				With("ttl", []string{"600ms", "1s", "2s"}[d.IntN("ttl", 3)]).
				With("lease", "1s").
				With("slice", []string{"1ms", "10ms", "40ms"}[d.IntN("slice", 3)])
		},
		Profile: primesHosts(primesFaults(), "sv", "lb"),
		Sometimes: []string{
			sawResubmission, sawDiedMidJob, sawRecompute, sawMissing,
			string(primes.SawExpiry), string(primes.SawOwnerGone), string(primes.SawEvicted),
		},
	})
}
