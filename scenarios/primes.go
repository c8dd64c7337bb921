package scenarios

import (
	"fmt"
	"strconv"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/primes"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// primesScenarios look for bugs of the sum-of-primes service.
func primesScenarios() []sim.Scenario {
	return []sim.Scenario{primesPlain(), primesAffinity(), primesQueue(), primesThrottle()}
}

// primesScenario completes a scenario of the sum-of-primes service. Its knobs, with
// what they are if the scenario draws no others: servers 3, clients 3, progress 0,
// store shared, queue none, affinity no, sync no, ttl 1s, lease 1s, slice 2ms,
// entries, jobs, rate and burst as in primes.Limits.
func primesScenario(s sim.Scenario) sim.Scenario {
	s.Topology = func(k sim.Knobs) actors.Topology { return primes.Topology(primesOptions(k)) }
	if s.Workload.Generate == nil {
		s.Workload.Generate = generatePrimes
	}
	s.Workload.Final = emptyStores
	s.Workload.Parse = parsePrimesLine
	s.Workload.Client = newPrimesClient
	s.Model = primesModel()
	s.Oracle = func(k sim.Knobs) sim.Oracle { return newPrimesOracle(primesOptions(k)) }
	s.Checks = beforeLoss(s.Oracle, false, append([]sim.Check{
		{Name: "responses", Func: checkResponses},
		{Name: "leases", Func: checkLeases},
		{Name: "resubmission", Func: checkResubmissions},
		{Name: "polls", Func: checkPolls},
		{Name: "pages", Func: checkPrimesPages},
	}, s.Checks...))
	return s
}

func primesOptions(k sim.Knobs) primes.Options {
	lease, ttl := k.Duration("lease", time.Second), k.Duration("ttl", time.Second)
	return primes.Options{
		Servers:  k.Int("servers", 3),
		Clients:  k.Int("clients", 3),
		Progress: k.Int("progress", 0),
		Store:    primes.StoreKind(k.String("store", string(primes.Shared))),
		Queue:    primes.QueueKind(k.String("queue", string(primes.NoQueue))),
		Affinity: k.String("affinity", "no") == "yes",
		Sync:     k.String("sync", "no") == "yes",
		Timing: primes.Timing{
			TTL: ttl, Lease: lease, Renew: lease / 4, Sweep: ttl / 4, Retry: 60 * time.Millisecond,
			Patience: 150 * time.Millisecond, Health: 80 * time.Millisecond, Slice: k.Duration("slice", 2*time.Millisecond),
		},
		Limits: primes.Limits{
			Slice: primesSlice, Slices: primesSlices,
			Entries: k.Int("entries", 0), Jobs: k.Int("jobs", 0), Rate: k.Int("rate", 0), Burst: k.Int("burst", 0),
			Queue: k.Int("room", 0), QueueLog: 400, Deliveries: 3, Parallel: 2,
		},
		Responses: store.Options{
			Daemons: 3,
			Timing:  store.Timing{Heartbeat: 100 * time.Millisecond, Lease: 500 * time.Millisecond, Retry: 40 * time.Millisecond},
			Client:  store.ClientOptions{Resubmit: true},
		},
	}
}

const (
	primesSlice  = 50 // numbers in a slice
	primesSlices = 12 // of a job, more than which a server gives up
	// primesMax is the widest range that a server does not give up.
	primesMax = primesSlice * primesSlices
)

// primesHosts names the hosts that faults may hit, in any Profile.
func primesHosts(p faults.Profile, servers ...string) faults.Profile {
	p.Servers = servers
	p.Clients = []string{"c"}
	return p
}

// primesModel says what a sum is. Nothing that one call does changes another.
func primesModel() linearizability.Model {
	return linearizability.Spec[struct{}, Sum, string]{
		Key: func(s Sum) string { return fmt.Sprintf("[%d, %d)", s.A, s.B) },
		Apply: func(state struct{}, s Sum) (struct{}, string) {
			if s.A <= 0 || s.B <= 0 || s.A >= s.B || s.B > primes.RangeMax {
				return state, "400"
			}
			return state, strconv.FormatInt(models.SumOfPrimes(s.A, s.B), 10)
		},
	}.Model()
}

// emptyStores waits until everything has expired and every job is done: nothing stays for ever.
func emptyStores(k sim.Knobs, _ []sim.Op) []sim.Op {
	var ops []sim.Op
	for _, path := range primesOptions(k).CensusPaths() {
		ops = append(ops, sim.Op{Client: "final", Do: Empty{Store: path}})
	}
	return ops
}

// generatePrimes draws a few calls for each client, most of them of the library.
func generatePrimes(d *faults.Draw, k sim.Knobs) []sim.Op {
	var ops []sim.Op
	for c := range k.Int("clients", 3) {
		client := fmt.Sprintf("c%d", c)
		n := 0
		for i := range d.Sub(client, 0).Between("calls", 1, 5) {
			d := d.Sub(client, i+1)
			if d.Permille("pause", 300) {
				ops = append(ops, sim.Op{Client: client, Do: Sleep{For: time.Duration(d.IntN("pause length", 500)) * time.Millisecond}})
			}
			if d.Permille("look", 100) {
				ops = append(ops, sim.Op{Client: client, Do: Look{ID: "sv1-0-1"}})
			}
			n++
			ops = append(ops, sim.Op{Client: client, N: n, Do: drawCall(d)})
		}
	}
	return ops
}

// drawCall draws a range, which is wrong or too wide now and then.
func drawCall(d *faults.Draw) fmt.Stringer {
	a := int64(d.Between("a", 1, 1000))
	b := a + int64(d.Between("width", 1, primesMax))
	switch {
	case d.Permille("wrong", 60):
		return []Sum{{A: b, B: a}, {A: a, B: a}, {A: -a, B: b}, {A: 0, B: b}, {A: a, B: primes.RangeMax + 1}}[d.IntN("which", 5)]
	case d.Permille("too wide", 40):
		return Sum{A: a, B: a + 2*primesMax}
	case d.Permille("watch", 250):
		return Watch{A: a, B: b}
	case d.Permille("cancelled", 100):
		return Sum{A: a, B: b, For: time.Duration(d.Between("patience", 1, 400)) * time.Millisecond}
	}
	return Sum{A: a, B: b}
}
