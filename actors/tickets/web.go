package tickets

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/models"
)

// WebOptions are those of the web servers. They are the same on all of them.
type WebOptions struct {
	Queue    string   // host
	Trackers []string // hosts; none if jobs have no tickets
	// Index is the host of the index, if workers call back; Hosts are those of the web
	// servers, any of which takes a callback.
	Index string
	Hosts []string
	// Deadline is when a page is answered at the latest, by the clock of the host: with
	// TryAgain if nothing else is known. Default 150 ms.
	Deadline time.Duration
	// Pages is the most pages under way at a time, Callbacks the most callbacks. One
	// more is answered Busy. Default 256 and 64.
	Pages, Callbacks int
	// Patience is how long a web server works on a callback before it leaves it to the
	// next try of the worker. Default 5 s.
	Patience time.Duration
	// Retry is the time until a request to another service is sent again. It doubles up
	// to eight times that. Default 30 ms.
	Retry time.Duration
}

func (o WebOptions) withDefaults() WebOptions {
	for _, d := range []struct {
		value *time.Duration
		def   time.Duration
	}{{&o.Deadline, 150 * time.Millisecond}, {&o.Patience, 5 * time.Second}, {&o.Retry, 30 * time.Millisecond}} {
		if *d.value <= 0 {
			*d.value = d.def
		}
	}
	if o.Pages <= 0 {
		o.Pages = 256
	}
	if o.Callbacks <= 0 {
		o.Callbacks = 64
	}
	return o
}

// A PageAnswered is the fact that a web server answered a page.
type PageAnswered struct {
	Status   Status
	Took     time.Duration // by the clock of its host
	Deadline time.Duration
}

// States that a web server notes.
const (
	// SawTryAgain: a page was answered before its outcome was known.
	SawTryAgain actors.Sometimes = "tickets.try-again"
	// SawBusy: a callback was refused because there were too many.
	SawBusy actors.Sometimes = "tickets.busy"
)

// NewWeb makes the actor of a web server. It has no state but what is under way, so
// any of them can answer any page and take any callback, and a crash loses nothing
// that was promised. A page is answered by its deadline, whatever its job takes.
func NewWeb(o WebOptions) actors.Producer {
	o = o.withDefaults()
	return func(env actors.Env) actor.Actor {
		return &web{
			env: env, options: o, courier: newCourier(env, WebActor),
			pages: map[uint64]*page{}, calls: map[string]*call{}, seen: map[actors.Sometimes]bool{},
		}
	}
}

type web struct {
	env     actors.Env
	options WebOptions
	courier courier
	last    uint64 // number of the last page or callback
	pages   map[uint64]*page
	calls   map[string]*call // by the name of the job
	seen    map[actors.Sometimes]bool
}

// A page is one that was asked for and is not answered.
type page struct {
	n      uint64
	began  time.Duration
	errand uint64 // that it waits for
	cancel func() // its deadline
	answer func(Status, Ticket) (to Return, msg any)
}

// overdue is the timer of a page.
type overdue struct{ n uint64 }

// Receive implements actor.Actor.
func (w *web) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case submit:
		w.submit(m)
	case poll:
		w.poll(m)
	case callback:
		w.callback(m)
	case answer:
		if m.Status != Busy {
			w.courier.answered(m.Back, m)
		}
	case queueAnswer:
		w.courier.answered(m.Back, m)
	case found:
		w.courier.answered(m.Back, m)
	case sendAgain:
		w.courier.again(m.n)
	case overdue:
		if p := w.pages[m.n]; p != nil {
			w.saw(SawTryAgain)
			w.end(p, TryAgain, Ticket{})
		}
	case callOver:
		w.callOver(m)
	}
}

// submit makes a ticket, hands the job to the queue and answers with the ticket, in
// this order: a ticket that is told is there, and its job is kept.
func (w *web) submit(m submit) {
	p := w.begin(func(s Status, t Ticket) (Return, any) {
		return m.Back, submitted{Back: m.Back, Status: s, Ticket: t.ID}
	})
	if p == nil {
		return
	}
	if len(w.options.Trackers) == 0 {
		w.enqueue(p, m.Job, Ticket{})
		return
	}
	p.errand = w.track(ask{Verb: create, Key: m.Job.Name}, func(a answer) {
		if a.Status != OK || a.Ticket.State.Final() {
			w.end(p, a.Status, a.Ticket) // refused, or submitted before and over
			return
		}
		w.enqueue(p, m.Job, a.Ticket)
	})
}

// enqueue hands a job over. Without room for it the ticket has failed; if the tracker
// does not hear of that, it fails as lost.
func (w *web) enqueue(p *page, j Job, t Ticket) {
	todo := task{Job: j, Ticket: t.ID}
	if w.options.Index != "" {
		todo.Callback = w.callbackHosts()
	}
	p.errand = w.courier.send(paths([]string{w.options.Queue}, QueueActor), w.options.Retry, func(back Return) any {
		return enqueue{Back: back, Task: todo}
	}, func(a any) {
		status := a.(queueAnswer).Status
		if status != OK && t.ID != 0 {
			text := "refused: " + status.String()
			w.env.Note(OutcomeSent{Boot: w.env.Boot, Ticket: t.ID, Job: j.Name, Failed: true, Text: text})
			w.env.Send(w.env.PID(w.anyTracker()), ask{Verb: fail, Ticket: t.ID, Text: text})
		}
		w.end(p, status, t)
	})
}

// callbackHosts are those to call back: this one first, but any of them will do.
func (w *web) callbackHosts() []string {
	hosts := []string{w.env.Host}
	for _, h := range w.options.Hosts {
		if h != w.env.Host {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

// poll asks the tracker or, without one, the index, which knows a job once it is over.
func (w *web) poll(m poll) {
	p := w.begin(func(s Status, t Ticket) (Return, any) {
		return m.Back, polled{Back: m.Back, Status: s, Ticket: t}
	})
	if p == nil {
		return
	}
	if len(w.options.Trackers) > 0 {
		p.errand = w.track(ask{Verb: query, Ticket: m.Ticket, Key: m.Name}, func(a answer) { w.end(p, a.Status, a.Ticket) })
		return
	}
	p.errand = w.courier.send(paths([]string{w.options.Index}, IndexActor), w.options.Retry, func(back Return) any {
		return lookUp{Back: back, Job: m.Name}
	}, func(a any) {
		f := a.(found)
		w.end(p, f.Status, f.Outcome.ticket(f.Status))
	})
}

// ticket is what an outcome from the index would say as a ticket.
func (o outcome) ticket(s Status) Ticket {
	switch {
	case s != OK:
		return Ticket{}
	case o.Failed:
		return Ticket{ID: o.Ticket, State: models.TicketFailed, Text: o.Text}
	}
	return Ticket{ID: o.Ticket, State: models.TicketFinished, Text: o.Text}
}

// track asks the tracker.
func (w *web) track(m ask, done func(answer)) uint64 {
	return w.courier.send(paths(w.options.Trackers, TrackerActor), w.options.Retry, func(back Return) any {
		m.Back = back
		return m
	}, func(a any) { done(a.(answer)) })
}

func (w *web) anyTracker() string {
	return w.options.Trackers[w.env.Rand.IntN(len(w.options.Trackers))] + "/" + TrackerActor
}

// begin starts a page, or answers Busy and returns nil.
func (w *web) begin(answer func(Status, Ticket) (Return, any)) *page {
	w.last++
	p := &page{n: w.last, began: w.env.Clock.Now(), answer: answer}
	if len(w.pages) >= w.options.Pages {
		w.reply(p, Busy, Ticket{})
		return nil
	}
	w.pages[p.n] = p
	p.cancel = w.env.Clock.After(w.options.Deadline, overdue{p.n})
	return p
}

// end answers a page, once.
func (w *web) end(p *page, s Status, t Ticket) {
	w.courier.drop(p.errand)
	p.cancel()
	delete(w.pages, p.n)
	w.reply(p, s, t)
}

func (w *web) reply(p *page, s Status, t Ticket) {
	to, msg := p.answer(s, t)
	w.env.Note(PageAnswered{Status: s, Took: w.env.Clock.Now() - p.began, Deadline: w.options.Deadline})
	w.env.Send(w.env.PID(to.To), msg)
}

func (w *web) saw(s actors.Sometimes) {
	if !w.seen[s] {
		w.seen[s] = true
		w.env.Note(s)
	}
}
