package scenarios

import (
	"slices"

	"github.com/simrun/simrun/sim"
)

// All returns the catalogue, in the order in which it is listed.
func All() []sim.Scenario {
	return slices.Concat(storeScenarios(), groupScenarios(), ticketsScenarios(), primesScenarios(), NonBugs())
}

// storeScenarios look for bugs of the store.
func storeScenarios() []sim.Scenario {
	return []sim.Scenario{
		storeCalm(),
		storeLossy(),
		storeUnwaited(),
		storeWindow(),
		storeFriends(),
		storeBench(),
		storePartition(),
		storePowerLoss(),
		storeChaos(),
		storeReplicated(),
		storeUnrestricted(),
		storeRefused(),
		storeOverload(),
		storeLying(),
	}
}

// ticketsScenarios look for bugs of the ticket service and what is around it.
func ticketsScenarios() []sim.Scenario {
	return []sim.Scenario{
		ticketsPlain(),
		ticketsCallback(),
		ticketsHybrid(),
		ticketsPhotos(),
		ticketsPhotosUnrestricted(),
		ticketsLog(),
		ticketsCollapse(),
	}
}
