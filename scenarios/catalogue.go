package scenarios

import "github.com/simrun/simrun/sim"

// All returns the catalogue, in the order in which it is listed.
func All() []sim.Scenario {
	return append(storeScenarios(), NonBugs()...)
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
