package scenarios

import (
	"fmt"
	"slices"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/group"
	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// ticketScenario completes a scenario of a site. Its knobs, with what they are if the
// scenario draws no others, are in ticketOptions.
func ticketScenario(s sim.Scenario, site tickets.Site) sim.Scenario {
	s.Topology = func(k sim.Knobs) actors.Topology { return tickets.Topology(ticketOptions(k, site)) }
	// One worker may have to try two dozen jobs of three seconds several times.
	s.Limits.Settle = 5 * time.Minute
	s.Workload = sim.Workload{
		Generate: func(d *faults.Draw, k sim.Knobs) []sim.Op { return submissions(d, k, site) },
		Final:    func(_ sim.Knobs, ops []sim.Op) []sim.Op { return followAll(ops, site) },
		Parse:    parseTicketLine,
		Client:   newTicketClient(site),
	}
	s.Oracle = func(k sim.Knobs) sim.Oracle { return newTicketOracle(ticketOptions(k, site)) }
	s.Checks = slices.Concat(beforeLoss(s.Oracle, false, []sim.Check{
		{Name: "ticket", Func: checkTickets},
		{Name: "linearizable", Func: checkTicketHistory},
		{Name: "once", Func: checkOutcomesOnce},
		{Name: "jobs", Func: checkQueuedJobs},
		{Name: "pages", Func: checkPages},
	}), beforeLoss(s.Oracle, true, s.Checks))
	return s
}

// ticketKnobs draws a site: small limits and short times, so that a few jobs reach
// what otherwise takes thousands and minutes.
func ticketKnobs(d *faults.Draw) sim.Knobs {
	jobLease := time.Duration(d.Between("job lease", 2, 10)) * 100 * time.Millisecond
	return sim.Knobs{}.
		With("trackers", []int{1, 3, 3, 3, 5}[d.IntN("trackers", 5)]).
		With("webs", d.Between("webs", 1, 3)).
		With("workers", d.Between("workers", 1, 3)).
		With("clients", d.Between("clients", 1, 3)).
		With("ttl", time.Duration(d.Between("ttl", 10, 40))*100*time.Millisecond).
		With("lease", time.Duration(d.Between("lease", 10, 30))*100*time.Millisecond).
		With("tickets", []int{2, 8, 1000, 1000}[d.IntN("tickets", 4)]).
		With("jobs", []int{1, 2, 4, 100, 100}[d.IntN("jobs", 5)]).
		With("durable", []string{"yes", "yes", "yes", "no"}[d.IntN("durable", 4)]).
		With("joblease", jobLease).
		With("deliveries", d.Between("deliveries", 2, 6)).
		With("parallel", d.Between("parallel", 1, 3)).
		With("callbacks", []int{1, 2, 64}[d.IntN("callbacks", 3)])
}

func ticketOptions(k sim.Knobs, site tickets.Site) tickets.Options {
	lease, jobLease := ticketLeaseOf(k), k.Duration("joblease", 500*time.Millisecond)
	var monitor *tickets.MonitorOptions
	if site == tickets.HybridSite {
		m := monitorOptions(k)
		monitor = &m
	}
	return tickets.Options{
		Monitor:  monitor,
		Site:     site,
		Trackers: k.Int("trackers", 3),
		Webs:     k.Int("webs", 2),
		Workers:  k.Int("workers", 2),
		Clients:  k.Int("clients", 2),
		Tracker: tickets.TrackerOptions{
			Limits: tickets.TrackerLimits{TTL: ttlOf(k), Lease: lease, Tickets: k.Int("tickets", 1000)},
			Group:  group.Config{Tick: 20 * time.Millisecond, SnapshotBytes: 4 << 10, Keep: 8},
		},
		Queue: tickets.QueueOptions{
			Limits:  tickets.QueueLimits{Jobs: k.Int("jobs", 100), Lease: jobLease, Deliveries: deliveriesOf(k)},
			Durable: k.String("durable", "yes") == "yes",
			Renew:   lease / 5, Snapshot: 2 << 10,
		},
		Worker: tickets.WorkerOptions{Parallel: k.Int("parallel", 2), Renew: jobLease / 3, Retry: 60 * time.Millisecond},
		Web:    tickets.WebOptions{Callbacks: k.Int("callbacks", 64), Patience: time.Second, Deadline: k.Duration("deadline", 0)},
		Client: tickets.ClientOptions{Patience: 400 * time.Millisecond, Tries: 6, Poll: 100 * time.Millisecond, PollMost: 500 * time.Millisecond, Polls: 40},
	}
}

func ticketLeaseOf(k sim.Knobs) time.Duration { return k.Duration("lease", 2*time.Second) }

func ttlOf(k sim.Knobs) time.Duration { return k.Duration("ttl", 2*time.Second) }

func deliveriesOf(k sim.Knobs) int { return k.Int("deliveries", 5) }

// jobsMost is how many jobs a client submits, at most.
const jobsMost = 8

// submissions draws the lines of the browsers: jobs that are submitted and awaited,
// patiently or not.
func submissions(d *faults.Draw, k sim.Knobs, site tickets.Site) []sim.Op {
	var out []sim.Op
	longest := []int{20, 300, 1500, 3000}[d.IntN("longest", 4)] // milliseconds of work
	for c := range k.Int("clients", 2) {
		name := fmt.Sprintf("c%d", c)
		d := d.Sub("client", c)
		n := 0
		line := func(do fmt.Stringer, numbered bool) {
			op := sim.Op{Client: name, Do: do}
			if numbered {
				n++
				op.N = n
			}
			out = append(out, op)
		}
		var open []string
		window := d.Between("window", 1, 4)
		for i := range d.Between("jobs", 3, jobsMost) {
			d := d.Sub("job", i)
			job := tickets.Job{
				Name: fmt.Sprintf("%s-%d", name, i+1), Work: time.Duration(d.Between("work", 1, longest)) * time.Millisecond,
				Poison: d.Permille("poison", 100),
			}
			line(SubmitJob{Job: job}, true)
			open = append(open, job.Name)
			if d.Permille("again", 100) {
				line(SubmitJob{Job: job}, true) // a user who reloads the page
			}
			for len(open) >= window {
				which := d.Sub("which", len(open))
				at := which.IntN("which", len(open))
				waitFor(which, line, open[at], site)
				open = slices.Delete(open, at, at+1)
			}
			if d.Permille("pause", 300) {
				line(Sleep{For: time.Duration(d.Between("pause length", 1, 600)) * time.Millisecond}, false)
			}
		}
		for i, job := range open {
			waitFor(d.Sub("rest", i), line, job, site)
		}
		if len(open) > 0 && site != tickets.CallbackSite && d.Permille("look again", 500) {
			// After the TTL the ticket is gone.
			line(Sleep{For: ttlOf(k) * time.Duration(d.Between("how long", 5, 15)) / 10}, false)
			line(AwaitJob{Name: open[0]}, true)
		}
	}
	return out
}

// waitFor awaits a job for ever, for a while, or until the user loses interest.
func waitFor(d *faults.Draw, line func(fmt.Stringer, bool), job string, site tickets.Site) {
	if site != tickets.CallbackSite && d.Permille("patient", 600) {
		line(AwaitJob{Name: job}, true)
		return
	}
	line(AwaitJob{Name: job, For: time.Duration(d.Between("patience", 1, 2000)) * time.Millisecond}, true)
	if d.Permille("cancel", 500) {
		line(CancelJob{Name: job}, false)
	}
}

// followAll has every job looked at once everything has healed: first until it is over,
// then until its ticket is forgotten. Without tickets nobody can say of a job that there
// is none, so there the queue is looked at.
func followAll(ops []sim.Op, site tickets.Site) []sim.Op {
	var out []sim.Op
	line := func(do fmt.Stringer) { out = append(out, sim.Op{Client: "final", Do: do}) }
	if site == tickets.CallbackSite {
		line(DrainQueue{})
		line(ListJobs{})
		return out
	}
	var names []string
	for _, op := range ops {
		if do, ok := op.Do.(SubmitJob); ok && !slices.Contains(names, do.Job.Name) {
			names = append(names, do.Job.Name)
		}
	}
	for _, name := range names {
		line(FollowJob{Name: name})
	}
	if site == tickets.HybridSite {
		line(ListJobs{})
	}
	for _, name := range names {
		line(ForgetJob{Name: name})
	}
	if site == tickets.HybridSite {
		line(AwaitNoAlarm{})
	}
	return out
}

// withTrackers adds what may happen to the disks of a tracker. What would hit another
// host is beyond the budget: see ticketOracle.
func withTrackers(p faults.Profile) faults.Profile {
	p.Counts[faults.Wipe], p.Counts[faults.Destroy], p.Counts[faults.Rot] = 6, 1, 4
	p.Counts[faults.Misread], p.Counts[faults.ReadError] = 1, 1
	return p
}

// ticketProfile is what may go wrong on any site. A deadline of 150 ms that fires late
// by the share of JitterMax is still within 200 ms.
func ticketProfile() faults.Profile {
	return faults.Profile{
		DelayMin: time.Millisecond, DelayMax: 15 * time.Millisecond,
		DropMax: 200, DuplicateMax: 300, LateMax: 5 * time.Second,
		DiskMax: 10 * time.Millisecond, DriftMax: 40, FIFO: 300, Random: 150,
		OffsetMax: 288 * time.Second, JitterMax: 250, CorruptMax: 10,
		Span: 4 * time.Second, DownMin: 5 * time.Millisecond, DownMax: 3 * time.Second,
		Counts: faults.Counts{
			faults.Crash: 5, faults.PowerLoss: 4, faults.Stop: 1, faults.Pause: 4, faults.Slow: 2,
			faults.Partition: 2, faults.Cut: 2, faults.Isolate: 2, faults.Ring: 1, faults.Clog: 2, faults.Swizzle: 1,
			faults.Reset: 3, faults.DropMessage: 5, faults.Replay: 6,
			faults.SlowDisk: 2, faults.SyncError: 1, faults.WriteError: 1, faults.DiskFull: 1, faults.ReadOnly: 1,
			faults.ClockStep: 2, faults.Heal: 1,
		},
		PowerLossAll: 100, ClientCrashes: 1,
		Clients: []string{"c"},
	}
}
