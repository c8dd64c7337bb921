package tickets_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/group"
	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// A site is a system whose browsers c0, c1, ... run one program each.
type site struct {
	options  tickets.Options
	net      faults.Net
	service  time.Duration
	programs []actors.Program
}

// newSite has short times, so that a test is a few virtual seconds.
func newSite(kind tickets.Site, programs ...actors.Program) site {
	return site{
		options: tickets.Options{
			Site:    kind,
			Tracker: tickets.TrackerOptions{Limits: tickets.TrackerLimits{TTL: 20 * time.Second, Lease: 3 * time.Second}, Group: group.Config{Tick: 20 * time.Millisecond}},
			Queue:   tickets.QueueOptions{Limits: tickets.QueueLimits{Lease: time.Second}, Durable: true, Renew: 500 * time.Millisecond},
			Worker:  tickets.WorkerOptions{Parallel: 2, Renew: 300 * time.Millisecond, Retry: 60 * time.Millisecond},
			Web:     tickets.WebOptions{Patience: time.Second},
			Client:  tickets.ClientOptions{Patience: 400 * time.Millisecond, Tries: 50, Poll: 100 * time.Millisecond, PollMost: 500 * time.Millisecond, Polls: 1000},
		},
		net:      faults.Net{DelayMin: time.Millisecond, DelayMax: 10 * time.Millisecond, DiskMax: 5 * time.Millisecond},
		programs: programs,
	}
}

func (s site) scenario() sim.Scenario {
	o := s.options
	o.Clients, o.Programs = len(s.programs), s.programs
	return sim.Scenario{
		Name:     "test/site",
		Topology: func(sim.Knobs) actors.Topology { return tickets.Topology(o) },
		Profile:  faults.Profile{Clients: []string{"c"}},
		Service:  s.service,
		Limits:   sim.Limits{Time: time.Hour, Settle: 10 * time.Minute},
	}
}

func (s site) plan(seed uint64, schedule ...faults.Fault) sim.Plan {
	p := sim.NewPlan(s.scenario(), seed)
	p.Policy, p.Net, p.Faults = sim.Timed, s.net, schedule
	return p
}

// run is one run that must pass.
func (s site) run(t *testing.T, seed uint64, schedule ...faults.Fault) *sim.Result {
	t.Helper()
	r := sim.Run(s.scenario(), s.plan(seed, schedule...))
	if r.Verdict != sim.Pass {
		t.Fatalf("seed %d: %v %s: %v", seed, r.Verdict, r.Check, r.Err)
	}
	return r
}

// sloppy is a network on which most things can happen.
var sloppy = faults.Net{
	DelayMin: time.Millisecond, DelayMax: 15 * time.Millisecond, Drop: 100, Duplicate: 300, DiskMax: 5 * time.Millisecond,
}

// factsOf returns the notes of one type, in order.
func factsOf[T any](r *sim.Result) []T {
	var out []T
	for _, n := range r.Notes {
		if f, ok := n.Fact.(T); ok {
			out = append(out, f)
		}
	}
	return out
}

// sees reports whether a state was noted.
func sees(r *sim.Result, want actors.Sometimes) bool { return r.Stats.Sometimes[string(want)] > 0 }

// accepted submits a job until it is accepted.
func accepted(c *tickets.Client, job tickets.Job) tickets.ID {
	for {
		if id, status := c.Submit(job); status == tickets.OK {
			return id
		}
	}
}

// submitAll has one browser submit n jobs and then watch them all to their end. It fails
// unless they end as they must.
func submitAll(n int, work time.Duration, site tickets.Site) actors.Program {
	return func(env actors.Env) error {
		c := tickets.NewClient(env)
		var watches []*tickets.Watch
		for i := range n {
			job := tickets.Job{Name: fmt.Sprintf("%s-%d", env.Host, i), Work: work}
			id := accepted(c, job)
			watches = append(watches, c.Watch(id, job.Name, site))
		}
		for i, w := range watches {
			got, _ := w.Wait(0)
			if got.Status != tickets.OK || got.Ticket.State != models.TicketFinished {
				return fmt.Errorf("job %d: %+v", i, got)
			}
		}
		return nil
	}
}

// at is a fault that begins at a time.
func at(d time.Duration, kind faults.Kind, length time.Duration, hosts ...string) faults.Fault {
	return faults.Fault{At: d, Kind: kind, For: length, Hosts: hosts}
}
