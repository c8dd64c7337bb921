package tickets

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// QueueOptions are those of a queue.
type QueueOptions struct {
	Limits QueueLimits
	// Durable keeps jobs on the disk of the host, through the actor JournalActor there.
	// Without it a restart forgets them: their tickets fail as lost.
	Durable bool
	// Trackers are the hosts of the tracker whose tickets the queue renews; none if
	// jobs have no tickets.
	Trackers []string
	// Renew is the period of that. Default a fifth of the default lease of a ticket.
	Renew time.Duration
	// Snapshot is the length of the journal, in bytes, at which it is written anew.
	// Default 64 KiB.
	Snapshot int64
}

func (o QueueOptions) withDefaults() QueueOptions {
	o.Limits = o.Limits.withDefaults()
	if o.Renew <= 0 {
		o.Renew = DefaultTrackerLimits.Lease / 5
	}
	if o.Snapshot <= 0 {
		o.Snapshot = 64 << 10
	}
	return o
}

// NewQueue makes the actor of a queue. It never blocks. A job that it has answered
// for is handed out until a worker is done with it, at least once and to one worker
// at a time, as far as the queue can know: a worker that is paused goes on with a job
// that is no longer its own, and is refused when it settles it.
func NewQueue(o QueueOptions) actors.Producer {
	o = o.withDefaults()
	return func(env actors.Env) actor.Actor {
		return &queue{
			env: env, options: o, state: newQueueState(o.Limits, env.Boot), journal: journaled{env: env},
			courier: newCourier(env, QueueActor), seen: map[actors.Sometimes]bool{},
		}
	}
}

type queue struct {
	env     actors.Env
	options QueueOptions
	state   *queueState
	journal journaled
	courier courier
	serving bool
	idle    []take            // workers that wait for a job, the longest first
	gave    map[string]given  // the last answer to each worker, by path
	stored  map[string]uint64 // the record of each job, while it may not be durable
	renewal uint64            // the errand of the last renewal of tickets
	seen    map[actors.Sometimes]bool
}

// Timers of a queue.
type (
	checkLeases  struct{}
	renewTickets struct{}
)

// leaseChecks is how often a queue looks for leases that have run out, per lease.
const leaseChecks = 8

// Receive implements actor.Actor.
func (q *queue) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		if !q.options.Durable {
			q.begin()
		}
	case journalRecovered:
		q.recover(m)
	case journalSynced:
		q.synced(m)
	case sendAgain:
		q.courier.again(m.n)
	case answer:
		q.courier.answered(m.Back, m)
	case checkLeases:
		q.checkLeases()
	case renewTickets:
		q.renewTickets()
	}
	if !q.serving {
		return // who asks will ask again
	}
	switch m := ctx.Message().(type) {
	case enqueue:
		q.enqueue(m)
	case take:
		q.take(m)
	case settle:
		q.settle(m)
	case askLength:
		ctx.Respond(queueLength{Jobs: len(q.state.jobs)})
	case renewLeases:
		for _, h := range m.Held {
			q.state.renew(h.Job, h.Token, q.env.Clock.Now())
		}
	}
}

// recover reads what the journal has kept. Jobs that a corrupt journal has lost are
// renewed no more, so their tickets fail as lost.
func (q *queue) recover(m journalRecovered) {
	err := q.state.restore(m.Snapshot)
	for _, record := range m.Records {
		if err == nil {
			err = q.state.replay(record)
		}
	}
	if err != nil {
		q.env.Halt(err)
	}
	q.state.recovered()
	q.begin()
}

func (q *queue) begin() {
	q.serving = true
	q.gave, q.stored = map[string]given{}, map[string]uint64{}
	began := QueueBegan{Boot: q.env.Boot, Durable: q.options.Durable}
	for _, it := range q.state.ready {
		began.Jobs = append(began.Jobs, it.task.Job.Name)
	}
	if len(began.Jobs) > 0 {
		q.saw(SawQueueRecovered)
	}
	q.env.Note(began)
	q.env.Clock.After(q.options.Limits.Lease/leaseChecks, checkLeases{})
	if len(q.options.Trackers) > 0 {
		q.renewTickets()
	}
}

// enqueue answers once the job is safe. The same request again waits for the same
// record.
func (q *queue) enqueue(m enqueue) {
	status, fresh := q.state.enqueue(m.Task)
	name := m.Task.Job.Name
	if fresh {
		q.env.Note(JobEnqueued{Job: name})
		if q.options.Durable {
			q.journal.append(enqueuedRecord(m.Task), nil)
			q.stored[name] = q.journal.appended
		}
	}
	if status == Full {
		q.saw(SawQueueFull)
	}
	tell := func() {
		if status == OK {
			q.env.Note(JobStored{Job: name})
		}
		q.env.Send(q.env.PID(m.Back.To), queueAnswer{Back: m.Back, Status: status})
	}
	if record, ok := q.stored[name]; ok && status == OK {
		q.journal.when(record, tell)
	} else {
		tell()
	}
	q.give()
}

// take hands jobs out, now or when there is one. A request that comes again gets the
// same answer, so that one lost answer costs no lease.
func (q *queue) take(m take) {
	worker := m.Back.To
	last := q.gave[worker].Back
	switch {
	case m.Back == last:
		q.env.Send(q.env.PID(worker), q.gave[worker])
		return
	case m.Back.Boot < last.Boot || m.Back.Boot == last.Boot && m.Back.N < last.N:
		return // an old message
	}
	for i := range q.idle {
		if q.idle[i].Back.To == worker {
			q.idle[i] = m
			q.give()
			return
		}
	}
	q.idle = append(q.idle, m)
	q.give()
}

// give hands jobs to the workers that wait.
func (q *queue) give() {
	for len(q.idle) > 0 && len(q.state.ready) > 0 {
		m := q.idle[0]
		q.idle = q.idle[1:]
		g := given{Back: m.Back}
		for len(g.Deliveries) < max(m.Free, 1) {
			d, ok := q.state.lease(q.env.Clock.Now())
			if !ok {
				break
			}
			q.noteLease(d, m.Back.To)
			g.Deliveries = append(g.Deliveries, d)
		}
		q.gave[m.Back.To] = g
		q.env.Send(q.env.PID(m.Back.To), g)
	}
}

// noteLease records a delivery. Its record is not waited for: a crash that takes it
// makes one delivery count for nothing.
func (q *queue) noteLease(d delivery, worker string) {
	q.env.Note(JobLeased{Job: d.Task.Job.Name, Token: d.Token, Worker: worker, Dead: d.Dead != ""})
	if d.Dead != "" {
		q.saw(SawPoison)
	} else {
		q.record(jobDelivered, d.Task.Job.Name, nil)
	}
}

// settle takes a job back. That a job is done is answered once it is durable: the
// worker forgets it then.
func (q *queue) settle(m settle) {
	var status Status
	if m.Done {
		status = q.state.done(m.Job, m.Token)
	} else {
		status = q.state.release(m.Job, m.Token, m.Untouched)
	}
	tell := func() {
		if m.Done && status == OK {
			q.env.Note(JobDone{Job: m.Job, Token: m.Token})
		}
		q.env.Send(q.env.PID(m.Back.To), queueAnswer{Back: m.Back, Status: status})
	}
	if status == Stale {
		q.env.Note(SettleRefused{Job: m.Job, Token: m.Token})
		tell()
		return
	}
	q.env.Note(JobSettled{Job: m.Job, Token: m.Token, Done: m.Done, Untouched: m.Untouched})
	switch {
	case m.Done:
		delete(q.stored, m.Job)
		q.record(jobDone, m.Job, tell)
	case m.Untouched:
		q.record(jobReleased, m.Job, tell)
	default:
		tell()
	}
	q.give()
}

// record writes what a restart must know, and does something once it is durable. A
// queue without a disk does that at once.
func (q *queue) record(kind uint64, job string, do func()) {
	if q.options.Durable {
		q.journal.append(nameRecord(kind, job), do)
	} else if do != nil {
		do()
	}
}

func (q *queue) synced(m journalSynced) {
	q.journal.synced(m)
	if m.Bytes > q.options.Snapshot && !q.journal.shorter {
		q.journal.snapshot(q.state.snapshot())
	}
}

func (q *queue) checkLeases() {
	for _, it := range q.state.expired(q.env.Clock.Now()) {
		q.saw(SawLeaseExpired)
		q.env.Note(LeaseExpired{Job: it.task.Job.Name, Token: it.token})
		q.state.again(it)
	}
	q.give()
	q.env.Clock.After(q.options.Limits.Lease/leaseChecks, checkLeases{})
}

// renewTickets tells the tracker that the jobs here are not lost. The next renewal
// takes the place of one that was not answered.
func (q *queue) renewTickets() {
	q.courier.drop(q.renewal)
	if ids := q.state.tickets(); len(ids) > 0 {
		q.renewal = q.courier.send(paths(q.options.Trackers, TrackerActor), q.options.Renew/4, func(back Return) any {
			return ask{Back: back, Verb: renew, Tickets: ids}
		}, func(any) {})
	}
	q.env.Clock.After(q.options.Renew, renewTickets{})
}

func (q *queue) saw(s actors.Sometimes) {
	if !q.seen[s] {
		q.seen[s] = true
		q.env.Note(s)
	}
}

// paths are those of an actor on each of some hosts.
func paths(hosts []string, actor string) []string {
	out := make([]string, len(hosts))
	for i, h := range hosts {
		out[i] = h + "/" + actor
	}
	return out
}
