package scenarios

import (
	"slices"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// storeScenario completes a scenario of the store whose clients are those of a
// Load. Its knobs, with what they are if the scenario draws no others: daemons 3,
// tolerate 1, partitions 4, spaces and clients as in the Load, lease 500ms,
// snapshot 1000; batch, chunk and configs are those of store.Limits, outstanding
// that of store.ClientOptions.
func storeScenario(s sim.Scenario, load Load) sim.Scenario {
	s.Topology = func(k sim.Knobs) actors.Topology { return store.Topology(storeOptions(k, load)) }
	s.Oracle = func(k sim.Knobs) sim.Oracle { return newStoreOracle(storeOptions(k, load)) }
	s.Workload = load.Workload()
	s.Workload.Final = settledReads
	s.Model = StoreModel(storeSpaces...)
	s.Checks = append([]sim.Check{
		{Name: "configuration", Func: checkConfigurations},
		{Name: "disk", Func: checkDisks},
		{Name: "replicas", Func: checkReplicas},
		{Name: "once", Func: checkOnce},
		{Name: "client", Func: checkClients},
		{Name: "resources", Func: checkResources},
		{Name: "refusals", Func: checkRefusals},
		{Name: "states", Func: noteStates},
	}, s.Checks...)
	return s
}

func storeOptions(k sim.Knobs, load Load) store.Options {
	durability, err := store.ParseDurability(k.String("durability", "synced"))
	if err != nil {
		panic(err.Error())
	}
	lease := max(k.Duration("lease", 500*time.Millisecond), 60*time.Millisecond) // two heartbeats, and more
	return store.Options{
		Timing:        store.Timing{Heartbeat: max(lease/5, 25*time.Millisecond), Lease: lease, Retry: lease / 12},
		Coordinators:  k.Int("coordinators", 1),
		Daemons:       k.Int("daemons", 3),
		Clients:       k.Int("clients", load.Clients),
		Spaces:        StoreSpaces(k.Int("spaces", load.Spaces), k.Int("tolerate", 1), k.Int("partitions", 4)),
		Durability:    durability,
		SnapshotEvery: k.Int("snapshot", 1000),
		Limits:        store.Limits{Batch: k.Int("batch", 0), Chunk: k.Int("chunk", 0), Configs: k.Int("configs", 0)},
		Client:        store.ClientOptions{Retry: k.Duration("retry", 0), Outstanding: k.Int("outstanding", 0), Resubmit: k.String("resubmit", "no") == "yes"},
		Patience:      k.Duration("patience", 0),
	}
}

// settledReads waits until the system is whole again and then reads every key. If
// it is not whole by then, it has to become so after the reads.
func settledReads(k sim.Knobs, ops []sim.Op) []sim.Op {
	settle := []sim.Op{{Client: "final", Do: Settle{}}}
	return slices.Concat(settle, finalReads(k, ops), settle)
}

const (
	// settlePatience is how long the system may take to be whole after everything
	// has healed, before somebody looks at what is there of it.
	settlePatience = 20 * time.Second
	// readPatience is how long such a look may take.
	readPatience = time.Second
)

// A Settled is the fact that the system was found whole.
type Settled struct{}

// An Unsettled is the fact that the system is not whole though everything has
// healed. If it never becomes so that is a failure, unless copies were destroyed
// beyond what the system promised to survive.
type Unsettled struct{ Why string }

// storeHosts names the hosts that faults may hit, in any Profile.
func storeHosts(p faults.Profile) faults.Profile {
	p.Servers = []string{"daemon", store.CoordinatorHost}
	p.Honest = []string{store.CoordinatorHost} // see package group
	p.Clients = []string{"c"}
	return p
}
