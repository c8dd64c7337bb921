package tickets

import (
	"fmt"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// WorkerActor is the name of a worker's actor on its host.
const WorkerActor = "worker"

// WorkerOptions are those of a worker.
type WorkerOptions struct {
	Queue    string   // host
	Trackers []string // hosts; none if jobs have no tickets
	// Parallel is how many jobs a worker has at a time, at most. Default 4.
	Parallel int
	// Renew is the period in which it renews its leases. Default a third of the default
	// lease of a job.
	Renew time.Duration
	// Retry is the time until a request is sent again. It doubles up to eight times
	// that. Default 200 ms.
	Retry time.Duration
}

func (o WorkerOptions) withDefaults() WorkerOptions {
	if o.Parallel <= 0 {
		o.Parallel = 4
	}
	if o.Renew <= 0 {
		o.Renew = DefaultQueueLimits.Lease / 3
	}
	if o.Retry <= 0 {
		o.Retry = 200 * time.Millisecond
	}
	return o
}

// The facts of a worker.
type (
	// A WorkerBegan is the fact that a worker has started, with nothing to do.
	WorkerBegan struct{ Parallel int }
	// A WorkBegan is the fact that a worker carries a job out.
	WorkBegan struct {
		Job   string
		Token Token
	}
	// A WorkEnded is the fact that a worker can tell the outcome of a job, or that the
	// job cannot be done.
	WorkEnded struct {
		Job   string
		Token Token
	}
	// An OutcomeSent is the fact that somebody begins to tell the tracker how a job has
	// ended; N is a number of that actor's, or 0 if it does not wait for an answer.
	OutcomeSent struct {
		Boot, N uint64
		Ticket  ID
		Job     string
		Failed  bool
		Text    string
	}
	// An OutcomeAnswered is the fact that the tracker has said what it makes of it.
	OutcomeAnswered struct {
		Boot, N uint64
		Status  Status
		Ticket  Ticket
	}
)

// States that a worker notes.
const (
	// SawCallbackRefused: a web server was at its limit and refused a callback for now.
	SawCallbackRefused actors.Sometimes = "tickets.callback-refused"
	// SawCallbackRepeated: a callback was not answered, and another web server was tried.
	SawCallbackRepeated actors.Sometimes = "tickets.callback-repeated"
)

// NewWorker makes the actor of a worker, such as an image processor: it takes as many
// jobs as it can do at a time, and no more. To work is to let the time pass that a job
// needs. It keeps a job until its outcome is told and the queue knows. What it has in
// memory is lost by a crash; the queue hands it to another worker.
func NewWorker(o WorkerOptions) actors.Producer {
	o = o.withDefaults()
	return func(env actors.Env) actor.Actor {
		return &worker{env: env, options: o, courier: newCourier(env, WorkerActor), runs: map[string]*run{}, seen: map[actors.Sometimes]bool{}}
	}
}

type worker struct {
	env     actors.Env
	options WorkerOptions
	courier courier
	runs    map[string]*run // by the name of the job
	names   []string        // their names, in the order in which they began
	asking  bool            // for more jobs
	seen    map[actors.Sometimes]bool
}

// A run is one job that a worker has.
type run struct {
	task  task
	token Token // under which it is carried out
	began time.Duration
	next  *delivery // of the same job: the queue took it for lost
}

// Timers of a worker.
type (
	worked struct {
		job   string
		began time.Duration
	}
	renewHeld struct{}
)

// Receive implements actor.Actor.
func (w *worker) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		w.env.Note(WorkerBegan{Parallel: w.options.Parallel})
		w.take()
		w.env.Clock.After(w.options.Renew, renewHeld{})
	case given:
		w.courier.answered(m.Back, m)
	case queueAnswer:
		w.courier.answered(m.Back, m)
	case answer:
		if m.Status != Busy {
			w.courier.answered(m.Back, m)
		}
	case calledBack:
		w.calledBack(m)
	case sendAgain:
		if e := w.courier.open[m.n]; e != nil {
			if _, ok := e.msg.(callback); ok {
				w.saw(SawCallbackRepeated)
			}
		}
		w.courier.again(m.n)
	case worked:
		if r := w.runs[m.job]; r != nil && r.began == m.began {
			w.worked(r)
		}
	case renewHeld:
		w.renew()
		w.env.Clock.After(w.options.Renew, renewHeld{})
	}
}

// take asks for as many jobs as there is room for.
func (w *worker) take() {
	free := w.options.Parallel - len(w.runs)
	if w.asking || free <= 0 {
		return
	}
	w.asking = true
	w.courier.send(paths([]string{w.options.Queue}, QueueActor), w.options.Retry, func(back Return) any {
		return take{Back: back, Free: free}
	}, func(a any) {
		w.asking = false
		for _, d := range a.(given).Deliveries {
			w.begin(d)
		}
		w.take()
	})
}

// begin starts a job. One that it has already goes on.
func (w *worker) begin(d delivery) {
	name := d.Task.Job.Name
	if r := w.runs[name]; r != nil {
		r.next = &d
		return
	}
	if len(w.runs) >= w.options.Parallel {
		w.settle(name, d.Token, false, true, func() {})
		return
	}
	r := &run{task: d.Task, token: d.Token, began: w.env.Clock.Now()}
	w.runs[name] = r
	w.names = append(w.names, name)
	if d.Dead != "" {
		w.tell(r, outcome{Job: name, Ticket: r.task.Ticket, Failed: true, Text: d.Dead})
		return
	}
	w.env.Note(WorkBegan{Job: name, Token: d.Token})
	w.env.Clock.After(d.Task.Job.Work, worked{job: name, began: r.began})
}

// worked is reached when a job has had the time it needs.
func (w *worker) worked(r *run) {
	name := r.task.Job.Name
	w.env.Note(WorkEnded{Job: name, Token: r.token})
	if r.task.Job.Poison {
		w.settle(name, r.token, false, false, func() {
			w.end(name)
			if r.next != nil {
				w.begin(*r.next)
			}
		})
		return
	}
	text := fmt.Sprintf("%s by %s under %d.%d", name, w.env.Host, r.token.Boot, r.token.N)
	w.tell(r, outcome{Job: name, Ticket: r.task.Ticket, Text: text})
}

// tell has somebody know how a job has ended, and then gives the job back.
func (w *worker) tell(r *run, o outcome) {
	told := func(any) { w.done(o.Job) }
	switch {
	case len(r.task.Callback) > 0:
		w.courier.send(paths(r.task.Callback, WebActor), w.options.Retry, func(back Return) any {
			return callback{Back: back, Outcome: o}
		}, told)
	case o.Ticket != 0:
		tellTracker(w.env, &w.courier, w.options.Trackers, w.options.Retry, o, told)
	default:
		told(nil)
	}
}

// tellTracker has the tracker know an outcome, and notes both ends of that.
func tellTracker(env actors.Env, c *courier, trackers []string, retry time.Duration, o outcome, done func(a any)) uint64 {
	return c.send(paths(trackers, TrackerActor), retry, func(back Return) any {
		env.Note(OutcomeSent{Boot: back.Boot, N: back.N, Ticket: o.Ticket, Job: o.Job, Failed: o.Failed, Text: o.Text})
		m := ask{Back: back, Verb: complete, Ticket: o.Ticket, Text: o.Text}
		if o.Failed {
			m.Verb = fail
		}
		return m
	}, func(a any) {
		said := a.(answer)
		env.Note(OutcomeAnswered{Boot: said.Back.Boot, N: said.Back.N, Status: said.Status, Ticket: said.Ticket})
		done(a)
	})
}

// calledBack ends a callback, unless the web server could not take it now.
func (w *worker) calledBack(m calledBack) {
	if m.Status != Busy {
		w.courier.answered(m.Back, m)
	} else {
		w.saw(SawCallbackRefused)
	}
}

func (w *worker) saw(s actors.Sometimes) {
	if !w.seen[s] {
		w.seen[s] = true
		w.env.Note(s)
	}
}

// done gives a job back whose outcome is told, under all its tokens.
func (w *worker) done(name string) {
	r := w.runs[name]
	w.settle(name, r.token, true, false, func() {
		if r.next == nil {
			w.end(name)
			return
		}
		r.token, r.next = r.next.Token, nil
		w.done(name)
	})
}

// settle gives a job back, and does something once the queue knows.
func (w *worker) settle(job string, token Token, done, untouched bool, known func()) {
	w.courier.send(paths([]string{w.options.Queue}, QueueActor), w.options.Retry, func(back Return) any {
		return settle{Back: back, Job: job, Token: token, Done: done, Untouched: untouched}
	}, func(any) { known() })
}

// end forgets a job and makes room for another.
func (w *worker) end(name string) {
	delete(w.runs, name)
	w.names = slices.DeleteFunc(w.names, func(n string) bool { return n == name })
	w.take()
}

// renew tells the queue which jobs it still has, and the tracker how far they are.
// Neither answers: the next one comes soon.
func (w *worker) renew() {
	var held []holding
	for _, name := range w.names {
		r := w.runs[name]
		if r.next != nil {
			held = append(held, holding{Job: name, Token: r.next.Token})
		} else {
			held = append(held, holding{Job: name, Token: r.token})
		}
		if r.task.Ticket == 0 {
			continue
		}
		percent := uint8(100)
		if passed := w.env.Clock.Now() - r.began; passed < r.task.Job.Work {
			percent = uint8(100 * passed / r.task.Job.Work)
		}
		to := w.options.Trackers[w.env.Rand.IntN(len(w.options.Trackers))]
		w.env.Send(w.env.PID(to+"/"+TrackerActor), ask{Verb: progress, Ticket: r.task.Ticket, Percent: percent})
	}
	if held != nil {
		w.env.Send(w.env.PID(w.options.Queue+"/"+QueueActor), renewLeases{Held: held})
	}
}
