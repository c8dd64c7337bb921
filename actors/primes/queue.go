package primes

import (
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

func init() {
	actors.Message("primes.enqueue", enqueue{})
	actors.Message("primes.queued", queued{})
	actors.Message("primes.lease", lease{})
	actors.Message("primes.leased", leased{})
	actors.Message("primes.extend", extend{})
	actors.Message("primes.ack", ack{})
	actors.Message("primes.nack", nack{})
}

// What servers and the queue say to each other. A lease is answered by leased if there
// is a job; a token stands for one delivery of a job.
type (
	enqueue struct {
		ID   string
		A, B int64
	}
	queued struct {
		ID string
		OK bool // false: the queue is full
	}
	lease  struct{}
	leased struct {
		Token      token
		ID         string
		A, B       int64
		Deliveries int // this one included
	}
	extend struct{ Token token }
	ack    struct{ Token token }
	nack   struct{ Token token }
	token  struct{ Boot, N uint64 }
)

// A queue gives every job to a server until one of them acknowledges it: at least
// once, in no promised order. It holds the jobs, so it renews the leases of their
// entries. With a log a job is durable before it is acknowledged to be queued; without
// one a crash loses all.
//
// It blocks while its disk works: there is nothing that it could answer before.
type queue struct {
	env    actors.Env
	timing Timing
	room   int
	store  string
	log    *queueLog // nil if the queue is in memory only

	jobs      []*queuedJob // in the order they came
	n         uint64       // of the last token of this boot
	renewing  bool
	noted     marks
	delivered map[token]*queuedJob
}

// A queuedJob is ready if it has no token.
type queuedJob struct {
	id         string
	a, b       int64
	deliveries int
	token      token
	until      time.Duration // end of the lease of the server that has it
}

// renewal is the timer of a queue.
type renewal struct{}

func newQueue(o Options) actors.Producer {
	return func(env actors.Env) actor.Actor {
		q := &queue{
			env: env, timing: o.Timing, room: o.Limits.Queue, store: o.storePath(env.Host),
			noted: marks{env: env}, delivered: map[token]*queuedJob{},
		}
		if o.Queue == Durable {
			q.log = &queueLog{env: env, limit: o.Limits.QueueLog}
		}
		return q
	}
}

// Receive handles one message; see actor.Actor.
func (q *queue) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		if q.log != nil {
			q.jobs = q.log.open()
		}
		q.renewLater()
	case enqueue:
		ctx.Respond(queued{ID: m.ID, OK: q.enqueue(m)})
	case lease:
		q.lease(ctx)
	case extend:
		if j := q.delivered[m.Token]; j != nil {
			j.until = q.env.Clock.Now() + q.timing.Lease
		}
	case ack:
		q.ack(m.Token)
	case nack:
		q.release(m.Token)
	case Census:
		ctx.Respond(Count{Entries: len(q.jobs)})
	case renewal:
		q.renew()
	}
}

// enqueue reports whether the queue holds the job, also if it did before.
func (q *queue) enqueue(m enqueue) bool {
	if slices.ContainsFunc(q.jobs, func(j *queuedJob) bool { return j.id == m.ID }) {
		return true
	}
	if len(q.jobs) >= q.room {
		return false
	}
	j := &queuedJob{id: m.ID, a: m.A, b: m.B}
	if q.log != nil {
		q.log.added(j)
	}
	q.jobs = append(q.jobs, j)
	q.env.Note(Queued{ID: j.id})
	q.renewLater()
	return true
}

// lease gives out the first job that nobody has.
func (q *queue) lease(ctx actor.Context) {
	q.expire()
	for _, j := range q.jobs {
		if j.token != (token{}) {
			continue
		}
		q.n++
		j.token = token{Boot: q.env.Boot, N: q.n}
		j.until = q.env.Clock.Now() + q.timing.Lease
		j.deliveries++
		if j.deliveries > 1 {
			q.noted.mark(SawRecomputed)
		}
		if q.log != nil {
			q.log.delivered(j)
		}
		q.delivered[j.token] = j
		ctx.Respond(leased{Token: j.token, ID: j.id, A: j.a, B: j.b, Deliveries: j.deliveries})
		return
	}
}

// expire takes jobs back from servers that are silent.
func (q *queue) expire() {
	now := q.env.Clock.Now()
	for _, j := range q.jobs {
		if j.token != (token{}) && now >= j.until {
			q.release(j.token)
		}
	}
}

func (q *queue) release(t token) {
	if j := q.delivered[t]; j != nil {
		delete(q.delivered, t)
		j.token = token{}
	}
}

// ack ends a job. The token of an earlier delivery does not: whoever has the job now
// stores the same result once more, which changes nothing.
func (q *queue) ack(t token) {
	j := q.delivered[t]
	if j == nil {
		return
	}
	delete(q.delivered, t)
	if q.log != nil {
		q.log.removed(j)
	}
	q.jobs = slices.DeleteFunc(q.jobs, func(other *queuedJob) bool { return other == j })
	q.env.Note(Removed{ID: j.id})
	if q.log != nil {
		q.log.compact(q.jobs)
	}
}

func (q *queue) renewLater() {
	if !q.renewing && len(q.jobs) > 0 {
		q.renewing = true
		q.env.Clock.After(q.timing.Renew, renewal{})
	}
}

// renew keeps the entries of all jobs from being taken for lost.
func (q *queue) renew() {
	q.renewing = false
	for _, j := range q.jobs {
		q.env.Send(q.env.PID(q.store), renew{ID: j.id})
	}
	q.renewLater()
}
