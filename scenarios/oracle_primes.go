package scenarios

import (
	"slices"
	"strings"

	"github.com/simrun/simrun/actors/primes"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/linearizability"
)

// A primesOracle counts the disks of a service whose responses are in the replicated
// store, with the oracle of that. The balancer, the servers and the janitor keep nothing
// on a disk, but there may be no other, so none of them is spared for good.
type primesOracle struct{ *storeOracle }

// newPrimesOracle returns the oracle of a service. One whose responses are in memory has
// promised nothing about what it loses with that.
func newPrimesOracle(o primes.Options) primesOracle {
	if o.Store != primes.Replicated {
		return primesOracle{newStoreOracle(store.Options{})}
	}
	return primesOracle{newStoreOracle(o.ReplicatedStore())}
}

// Spares implements sim.Oracle.
func (o primesOracle) Spares(disks bool, hosts ...string) bool {
	if disks && slices.ContainsFunc(hosts, func(h string) bool { return !storesResponses(h) }) {
		return false
	}
	hosts = slices.DeleteFunc(slices.Clone(hosts), func(h string) bool { return !storesResponses(h) })
	return o.storeOracle.Spares(disks, hosts...)
}

// storesResponses reports whether a host belongs to the replicated store.
func storesResponses(host string) bool { return coordinates(host) || strings.HasPrefix(host, "daemon") }

// Remains implements sim.Oracle: what was seen before the store lost anything for good.
func (o primesOracle) Remains(h linearizability.History) (linearizability.History, []linearizability.OpID) {
	return seenBefore(h, o.broken())
}

// broken is since when a record that was answered for is nowhere, 0 for never.
func (o primesOracle) broken() int64 {
	at := o.coordinators.broken
	for _, l := range o.budget.Losses() {
		if at == 0 || l.At < at {
			at = l.At
		}
	}
	return at
}
