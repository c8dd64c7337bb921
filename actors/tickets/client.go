package tickets

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/models"
)

// ClientActor is the name of the actor of a browser's host that a Client talks to.
const ClientActor = "client"

// ClientOptions are those of a browser. A zero field has the default.
type ClientOptions struct {
	// Webs are the hosts of the web servers.
	Webs []string
	// Patience is how long one request may take before the browser tries another web
	// server. Default 1 s.
	Patience time.Duration
	// Tries is how often a job is submitted, at most, before that is given up. Default 8.
	Tries int
	// Poll is the time between the first polls of a ticket. It grows by half each time,
	// up to PollMost, and each wait is up to a quarter shorter or longer, so that
	// browsers that began together do not poll together. Default 200 ms and 5 s.
	Poll, PollMost time.Duration
	// Polls is how often one watch asks about a ticket, at most. Default 100.
	Polls int
}

func (o ClientOptions) withDefaults() ClientOptions {
	for _, d := range []struct {
		value *time.Duration
		def   time.Duration
	}{{&o.Patience, time.Second}, {&o.Poll, 200 * time.Millisecond}, {&o.PollMost, 5 * time.Second}} {
		if *d.value <= 0 {
			*d.value = d.def
		}
	}
	if o.Tries <= 0 {
		o.Tries = 8
	}
	if o.Polls <= 0 {
		o.Polls = 100
	}
	return o
}

// The facts of a browser.
type (
	// A Submitted is the fact that a browser asked a web server to take a job.
	Submitted struct {
		Job string
		Try int // from 1
	}
	// A PollSent is the fact that a browser asked about a ticket, or about a job if
	// Ticket is 0. N is a number of the host's incarnation Boot.
	PollSent struct {
		Boot, N uint64
		Watch   uint64 // which of the browser's watches it is for
		Most    int    // polls of one watch
		Ticket  ID
		Job     string
		Gap     time.Duration // the least time since the poll before it
	}
	// A PollAnswered is the fact that a browser was told what is known of it.
	PollAnswered struct {
		Boot, N uint64
		Ticket  Ticket
	}
)

// SawResubmission is noted by a browser that submits a job again.
const SawResubmission actors.Sometimes = "tickets.resubmission"

// NewClientActor makes the actor of a browser. Nothing but answers to its own requests
// reaches it from outside.
func NewClientActor(o ClientOptions) actors.Producer {
	o = o.withDefaults()
	return func(env actors.Env) actor.Actor {
		return &client{env: env, options: o, requests: map[uint64]*request{}, watches: map[uint64]*watch{}}
	}
}

type client struct {
	env      actors.Env
	options  ClientOptions
	last     uint64
	requests map[uint64]*request // that are under way, by the number of the latest try
	watches  map[uint64]*watch

	lastWatch uint64
	again     bool // a job was submitted again
}

// A request is a submission or a poll that waits for its answer.
type request struct {
	job    Job // of a submission
	try    int
	from   *actor.PID // the program that submits; nil for a poll
	watch  *watch     // that polls; nil for a submission
	cancel func()
}

// A watch polls one ticket until it is final, cannot be found, or is given up.
type watch struct {
	id     uint64
	ticket ID
	job    string
	hidden bool // jobs have no tickets: NotFound means not yet
	polls  int
	gap    time.Duration
	over   bool
	result Watched
	from   *actor.PID // the program that waits
	cancel func()     // the next poll
	stop   func()     // the end of the wait
}

// What a Client says to its actor, on the same host.
type (
	submitJob  struct{ Job Job }
	submitDone struct {
		Status Status
		Ticket ID
	}
	startWatch struct {
		Ticket ID
		Job    string
		Hidden bool
	}
	watchBegun struct{ ID uint64 }
	awaitWatch struct {
		ID  uint64
		For time.Duration // 0: for ever
	}
	cancelWatch struct{ ID uint64 }
)

// Watched is how a watch ended. With Status OK the ticket is final; with NotFound
// nobody knows it, or no longer; with TryAgain the watch was given up or cancelled; with
// Busy it goes on, and only the wait was over.
type Watched struct {
	Status Status
	Ticket Ticket
}

func init() {
	actors.Message("tickets.submit-job", submitJob{})
	actors.Message("tickets.submit-done", submitDone{})
	actors.Message("tickets.start-watch", startWatch{})
	actors.Message("tickets.watch-begun", watchBegun{})
	actors.Message("tickets.await-watch", awaitWatch{})
	actors.Message("tickets.cancel-watch", cancelWatch{})
	actors.Message("tickets.watched", Watched{})
}

// Timers of a browser.
type (
	noAnswer  struct{ n uint64 }
	submitNow struct{ r *request }
	pollNow   struct{ watch uint64 }
	waitOver  struct{ watch uint64 }
)

// Receive implements actor.Actor.
func (c *client) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case submitJob:
		c.submit(&request{job: m.Job, from: ctx.Sender()})
	case submitNow:
		c.submit(m.r)
	case startWatch:
		c.lastWatch++
		w := &watch{id: c.lastWatch, ticket: m.Ticket, job: m.Job, hidden: m.Hidden, gap: c.options.Poll}
		c.watches[w.id] = w
		ctx.Respond(watchBegun{ID: w.id})
		c.poll(w)
	case pollNow:
		if w := c.watches[m.watch]; w != nil {
			c.poll(w)
		}
	case awaitWatch:
		c.await(m, ctx.Sender())
	case waitOver:
		if w := c.watches[m.watch]; w != nil && w.from != nil {
			c.tell(w, Watched{Status: Busy})
		}
	case cancelWatch:
		if w := c.watches[m.ID]; w != nil && !w.over {
			c.finish(w, Watched{Status: TryAgain})
			delete(c.watches, w.id)
		}
	case submitted:
		if r := c.take(m.Back); r != nil && r.watch == nil {
			c.submitted(r, m.Status, m.Ticket)
		}
	case polled:
		if r := c.take(m.Back); r != nil && r.watch != nil {
			c.polled(r.watch, m)
		}
	case noAnswer:
		if r := c.take(Return{Boot: c.env.Boot, N: m.n}); r == nil {
			return
		} else if r.watch == nil {
			c.submitted(r, TryAgain, 0)
		} else {
			c.later(r.watch)
		}
	}
}

// ask sends a request to one of the web servers; msg is given the way back.
func (c *client) ask(r *request, msg func(back Return) any) {
	c.last++
	n := c.last
	c.requests[n] = r
	r.cancel = c.env.Clock.After(c.options.Patience, noAnswer{n})
	web := c.options.Webs[c.env.Rand.IntN(len(c.options.Webs))]
	m := msg(Return{To: c.env.Host + "/" + ClientActor, Boot: c.env.Boot, N: n})
	c.env.Send(c.env.PID(web+"/"+WebActor), m)
}

// take returns the request that is answered, once. Other answers are late, doubled, or
// for an earlier incarnation.
func (c *client) take(back Return) *request {
	r := c.requests[back.N]
	if r == nil || back.Boot != c.env.Boot {
		return nil
	}
	r.cancel()
	delete(c.requests, back.N)
	return r
}

func (c *client) submit(r *request) {
	r.try++
	if r.try > 1 && !c.again {
		c.again = true
		c.env.Note(SawResubmission)
	}
	c.env.Note(Submitted{Job: r.job.Name, Try: r.try})
	c.ask(r, func(back Return) any { return submit{Back: back, Job: r.job} })
}

// submitted ends a submission, or tries again later: under the same name, so that it
// stays one job.
func (c *client) submitted(r *request, s Status, ticket ID) {
	if (s == TryAgain || s == Busy) && r.try < c.options.Tries {
		c.env.Clock.After(c.jitter(c.options.Poll<<min(r.try-1, 4)), submitNow{r})
		return
	}
	c.env.Send(r.from, submitDone{Status: s, Ticket: ticket})
}

// poll asks about a ticket, unless the watch is over or has asked often enough.
func (c *client) poll(w *watch) {
	switch {
	case w.over:
		return
	case w.polls == c.options.Polls:
		c.finish(w, Watched{Status: TryAgain})
		return
	}
	w.polls++
	c.ask(&request{watch: w}, func(back Return) any {
		c.env.Note(PollSent{
			Boot: back.Boot, N: back.N, Watch: w.id, Most: c.options.Polls, Ticket: w.ticket, Job: w.job,
			Gap: c.options.Poll * 3 / 4,
		})
		return poll{Back: back, Ticket: w.ticket, Name: w.job}
	})
}

func (c *client) polled(w *watch, m polled) {
	if m.Status == OK || m.Status == NotFound {
		c.env.Note(PollAnswered{Boot: m.Back.Boot, N: m.Back.N, Ticket: m.Ticket})
	}
	switch {
	case w.over:
	case m.Status == OK && m.Ticket.State.Final():
		c.finish(w, Watched{Ticket: m.Ticket})
	case m.Status == NotFound && !w.hidden:
		c.finish(w, Watched{Status: NotFound, Ticket: Ticket{ID: w.ticket, State: models.NoTicket}})
	default:
		c.later(w)
	}
}

// later polls again after a while.
func (c *client) later(w *watch) {
	if w.over {
		return
	}
	w.cancel = c.env.Clock.After(c.jitter(w.gap), pollNow{w.id})
	w.gap = min(w.gap+w.gap/2, c.options.PollMost)
}

// jitter is about d: up to a quarter more or less.
func (c *client) jitter(d time.Duration) time.Duration {
	return d*3/4 + time.Duration(c.env.Rand.Int64N(int64(d/2)+1))
}

// finish ends a watch; it asks no more.
func (c *client) finish(w *watch, result Watched) {
	w.over, w.result = true, result
	if w.cancel != nil {
		w.cancel()
	}
	if w.from != nil {
		c.tell(w, result)
	}
}

// await has a program wait for a watch. This actor keeps the time, so that an end that
// comes together with the end of the wait is not lost.
func (c *client) await(m awaitWatch, from *actor.PID) {
	w := c.watches[m.ID]
	if w == nil {
		c.env.Send(from, Watched{Status: TryAgain})
		return
	}
	w.from = from
	if w.over {
		c.tell(w, w.result)
	} else if m.For > 0 {
		w.stop = c.env.Clock.After(m.For, waitOver{w.id})
	}
}

// tell ends a wait. A watch whose end was told is forgotten.
func (c *client) tell(w *watch, result Watched) {
	c.env.Send(w.from, result)
	w.from = nil
	if w.stop != nil {
		w.stop()
		w.stop = nil
	}
	if w.over {
		delete(c.watches, w.id)
	}
}
