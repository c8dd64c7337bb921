package scenarios

import (
	"time"

	"github.com/simrun/simrun/actors/primes"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// primesFaults is what goes wrong in most scenarios of the service. The 150 ms in which a
// server answers a submission, late by the share of JitterMax, are within 200 ms.
func primesFaults() faults.Profile {
	return faults.Profile{
		DelayMin: time.Millisecond, DelayMax: 20 * time.Millisecond,
		DropMax: 100, DuplicateMax: 200, LateMax: 3 * time.Second,
		DiskMax: 5 * time.Millisecond, DriftMax: 40, FIFO: 300, Random: 200,
		OffsetMax: 288 * time.Second, JitterMax: 250, CorruptMax: 10, CapacityMin: 4,
		Span: time.Second, DownMin: 10 * time.Millisecond, DownMax: 1500 * time.Millisecond,
		Counts: faults.Counts{
			faults.Crash: 3, faults.PowerLoss: 2, faults.Stop: 1, faults.Pause: 2, faults.Slow: 1,
			faults.Partition: 1, faults.Cut: 2, faults.Isolate: 1, faults.Ring: 1, faults.Clog: 1, faults.Swizzle: 1, faults.Reset: 1,
			faults.DropMessage: 4, faults.Replay: 6, faults.ClockStep: 2, faults.Heal: 1,
		},
		Messages: []string{
			"primes.submit", "primes.poll", "primes.response", "primes.create", "primes.create", "primes.created",
			"primes.renew", "primes.settle", "primes.settled", "primes.pong",
		},
		ClientCrashes: 1,
	}
}

// primesPlain is the service as it was specified: identical servers behind a balancer
// without affinity, and a response store for all of them, which is in memory in half
// of the runs and replicated in the others.
func primesPlain() sim.Scenario {
	p := primesHosts(primesFaults(), "sv", "rs", "lb", "janitor", "daemon", store.CoordinatorHost)
	p.Honest = []string{store.CoordinatorHost} // see package group
	// Only the daemons of the replicated store have disks that may be lost.
	p.Counts[faults.Wipe], p.Counts[faults.Destroy], p.Counts[faults.Rot] = 5, 1, 3
	p.Counts[faults.SyncError], p.Counts[faults.WriteError], p.Counts[faults.SlowDisk] = 1, 1, 1
	return primesScenario(sim.Scenario{
		Name: "primes/plain",
		Doc:  "identical servers, no affinity, one response store: servers, store, network and clocks fail",
		Knobs: func(d *faults.Draw) sim.Knobs {
			// A client of a synchronous server does not wait for a long job.
			slice, sync := []string{"1ms", "10ms", "40ms", "120ms"}[d.IntN("slice", 4)], "no"
			if d.Permille("sync", 200) {
				slice, sync = "1ms", "yes"
			}
			return sim.Knobs{}.
				With("store", []primes.StoreKind{primes.Shared, primes.Shared, primes.Replicated}[d.IntN("store", 3)]).
				With("servers", d.Between("servers", 1, 4)).
				With("ttl", []string{"600ms", "1s", "2s"}[d.IntN("ttl", 3)]).
				With("lease", []string{"400ms", "1s", "2s"}[d.IntN("lease", 3)]).
				With("slice", slice).
				With("sync", sync)
		},
		Profile: p,
		Sometimes: []string{
			sawResubmission, sawDiedMidJob, sawRecompute, sawMissing,
			string(primes.SawExpiry), string(primes.SawLost), string(primes.SawServerDropped), string(primes.SawTooLong),
			string(primes.SawTryAgain), string(store.SawTransferFinished),
		},
	})
}
