package scenarios

import (
	"github.com/simrun/simrun/actors/primes"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// primesQueue has jobs wait in a queue of its own, in memory or on disk, from which the
// servers lease them; in half of the runs progress services take the polls.
func primesQueue() sim.Scenario {
	p := primesFaults()
	// There is one queue with one disk: what rots is lost, which nobody promised.
	p.Counts[faults.SyncError], p.Counts[faults.WriteError], p.Counts[faults.ReadError] = 1, 1, 1
	p.Counts[faults.SlowDisk], p.Counts[faults.DiskFull] = 1, 1
	p.Messages = append(p.Messages, "primes.enqueue", "primes.queued", "primes.lease", "primes.leased", "primes.ack", "primes.extend", "primes.nack")
	return primesScenario(sim.Scenario{
		Name: "primes/queue",
		Doc:  "jobs wait in a queue, in memory or durable, and are delivered at least once; polls go to a progress service",
		Knobs: func(d *faults.Draw) sim.Knobs {
			return sim.Knobs{}.
				With("queue", []primes.QueueKind{primes.InMemory, primes.Durable, primes.Durable}[d.IntN("queue", 3)]).
				With("progress", d.Between("progress", 0, 2)).
				With("servers", d.Between("servers", 1, 4)).
				With("room", []int{2, 100}[d.IntN("room", 2)]).
				With("ttl", []string{"600ms", "1s", "2s"}[d.IntN("ttl", 3)]).
				With("lease", []string{"400ms", "1s"}[d.IntN("lease", 2)]).
				With("slice", []string{"1ms", "10ms", "40ms"}[d.IntN("slice", 3)])
		},
		Profile: primesHosts(p, "sv", "lb", "rs", "qu", "pg"),
		Checks:  []sim.Check{{Name: "jobs", Func: checkJobs}},
		Sometimes: []string{
			sawResubmission, sawRecompute, sawMissing,
			string(primes.SawExpiry), string(primes.SawLost), string(primes.SawRecomputed), string(primes.SawDuplicate), string(primes.SawTooLong),
		},
	})
}
