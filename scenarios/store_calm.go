package scenarios

import "github.com/simrun/simrun/sim"

// storeCalm is the store on a good day. It also runs live.
func storeCalm() sim.Scenario {
	return storeScenario(sim.Scenario{
		Name: "store/calm",
		Doc:  "the replicated store without faults",
	}, Load{Clients: 3, Ops: 90, Keys: 4, Spaces: 2, Window: 16, Unwaited: 100})
}
