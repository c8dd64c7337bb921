package scenarios

import (
	"fmt"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// A TicketTold is the fact that a job was accepted and its ticket told.
type TicketTold struct {
	Job    string
	Ticket tickets.ID
}

// A SubmitEnded is the fact that a client learned what became of a submission.
type SubmitEnded struct {
	Job    string
	Status tickets.Status
}

// JobsListed is the fact that the index was read at the end.
type JobsListed struct{ Jobs []string }

// lookAgain is the pause between two looks at what the system has not done yet.
const lookAgain = 100 * time.Millisecond

// A ticketClient carries out the lines of one browser.
type ticketClient struct {
	env     actors.Env
	rec     *linearizability.Recorder
	site    tickets.Site
	client  *tickets.Client
	tickets map[string]tickets.ID     // of jobs that were accepted
	watches map[string]*tickets.Watch // that were begun and not heard of
}

// newTicketClient returns the Client function of a Workload.
func newTicketClient(site tickets.Site) func(actors.Env, *linearizability.Recorder) func(sim.Op) error {
	return func(env actors.Env, rec *linearizability.Recorder) func(sim.Op) error {
		c := &ticketClient{
			env: env, rec: rec, site: site, client: tickets.NewClient(env),
			tickets: map[string]tickets.ID{}, watches: map[string]*tickets.Watch{},
		}
		return c.do
	}
}

func (c *ticketClient) do(op sim.Op) error {
	switch do := op.Do.(type) {
	case SubmitJob:
		c.submit(op.N, do.Job)
	case AwaitJob:
		c.rec.Call(op.N, models.TicketOp{Verb: models.TicketQuery, Job: do.Name})
		got, ok := c.watch(do.Name).Wait(do.For)
		if ok {
			delete(c.watches, do.Name)
		}
		c.rec.Return(op.N, awaited(got, ok))
	case CancelJob:
		if w := c.watches[do.Name]; w != nil {
			w.Cancel()
			w.Wait(0)
			delete(c.watches, do.Name)
		}
	case FollowJob:
		c.follow(do.Name)
	case ForgetJob:
		c.forget(do.Name)
	case DrainQueue:
		c.drain()
	case ListJobs:
		jobs, err := tickets.Done(c.env, time.Second)
		for err != nil {
			jobs, err = tickets.Done(c.env, time.Second)
		}
		c.env.Note(JobsListed{Jobs: jobs})
	case AwaitNoAlarm:
		awaitNoAlarm(c.env)
	case Sleep:
		c.env.Clock.Sleep(do.For)
	case Point:
		c.env.Note(actors.Point(do.Name))
	default:
		return fmt.Errorf("no line of a browser: %v", op.Do)
	}
	return nil
}

// submit records a submission. Whatever is not accepted may have happened all the
// same: one of several tries, or in part.
func (c *ticketClient) submit(n int, job tickets.Job) {
	c.rec.Call(n, models.TicketOp{Verb: models.TicketCreate, Job: job.Name})
	ticket, status := c.client.Submit(job)
	c.env.Note(SubmitEnded{Job: job.Name, Status: status})
	if status != tickets.OK {
		c.rec.Return(n, linearizability.Outcome{Certainty: linearizability.Unknown})
		return
	}
	c.tickets[job.Name] = ticket
	c.env.Note(TicketTold{Job: job.Name, Ticket: ticket})
	c.rec.Return(n, linearizability.Outcome{Output: models.Ticket{}})
}

// watch begins to watch a job, unless it does already: its ticket, or its name if the
// ticket was not told.
func (c *ticketClient) watch(job string) *tickets.Watch {
	w := c.watches[job]
	if w == nil {
		w = c.client.Watch(c.tickets[job], job, c.site)
		c.watches[job] = w
	}
	return w
}

func awaited(got tickets.Watched, ok bool) linearizability.Outcome {
	if !ok || got.Status == tickets.TryAgain {
		return linearizability.Outcome{Certainty: linearizability.Unknown}
	}
	return linearizability.Outcome{Output: got.Ticket.Value()}
}

// follow waits until the end of a job is known. If that never comes, the run ends at
// its settle limit.
func (c *ticketClient) follow(job string) {
	for {
		got, _ := c.client.Watch(0, job, c.site).Wait(0)
		if got.Status != tickets.TryAgain {
			return
		}
	}
}

// forget waits until a ticket has expired.
func (c *ticketClient) forget(job string) {
	for {
		got, _ := c.client.Watch(0, job, c.site).Wait(0)
		if got.Status == tickets.NotFound {
			return
		}
		c.env.Clock.Sleep(lookAgain)
	}
}

// drain waits until the queue has no job.
func (c *ticketClient) drain() {
	for {
		if n, err := tickets.QueueLength(c.env, time.Second); err == nil && n == 0 {
			return
		}
		c.env.Clock.Sleep(lookAgain)
	}
}
