package tickets

import (
	"fmt"
	"slices"
	"time"
)

// A queueState is the content of a queue: which jobs wait, and who holds the others.
// It has no clock and no disk. Leases live in memory only: a queue that restarts
// hands all its jobs out again.
type queueState struct {
	limits QueueLimits
	boot   uint64
	token  uint64 // of the last lease
	jobs   map[string]*item
	ready  []*item // in the order in which they are handed out
	leased []*item // in the order in which their leases run out
}

// An item is one job.
type item struct {
	task       task
	deliveries int    // that were to carry it out
	dead       string // why it is to be buried; "" if it is not
	token      Token  // zero while it is ready
	until      time.Duration
}

// QueueLimits bound a queue. A zero field has its value in DefaultQueueLimits.
type QueueLimits struct {
	// Jobs is the most jobs at a time, those that workers hold included. One more is
	// refused as Full.
	Jobs int
	// Name is the most bytes of the name of a job.
	Name int
	// Lease is how long a worker holds a job without renewing it.
	Lease time.Duration
	// Deliveries is how often a job is handed out to be carried out. After that it is
	// given up.
	Deliveries int
}

// DefaultQueueLimits suit jobs of seconds or minutes: workers renew their leases.
var DefaultQueueLimits = QueueLimits{Jobs: 10_000, Name: 256, Lease: 30 * time.Second, Deliveries: 5}

func (l QueueLimits) withDefaults() QueueLimits {
	d := DefaultQueueLimits
	if l.Jobs <= 0 {
		l.Jobs = d.Jobs
	}
	if l.Name <= 0 {
		l.Name = d.Name
	}
	if l.Lease <= 0 {
		l.Lease = d.Lease
	}
	if l.Deliveries <= 0 {
		l.Deliveries = d.Deliveries
	}
	return l
}

func newQueueState(limits QueueLimits, boot uint64) *queueState {
	return &queueState{limits: limits.withDefaults(), boot: boot, jobs: map[string]*item{}}
}

// enqueue takes a task in. One of a job that is there already is that job.
func (q *queueState) enqueue(t task) (status Status, fresh bool) {
	switch {
	case q.jobs[t.Job.Name] != nil:
		return OK, false
	case len(t.Job.Name) > q.limits.Name:
		return TooLarge, false
	case len(q.jobs) >= q.limits.Jobs:
		return Full, false
	}
	it := &item{task: t}
	q.jobs[t.Job.Name] = it
	q.ready = append(q.ready, it)
	return OK, true
}

// lease hands the next job out, if there is one.
func (q *queueState) lease(now time.Duration) (delivery, bool) {
	if len(q.ready) == 0 {
		return delivery{}, false
	}
	it := q.ready[0]
	q.ready = q.ready[1:]
	if it.dead == "" {
		it.deliveries++
	}
	q.token++
	it.token, it.until = Token{Boot: q.boot, N: q.token}, now+q.limits.Lease
	q.leased = append(q.leased, it)
	return delivery{Task: it.task, Token: it.token, Dead: it.dead}, true
}

// renew extends a lease that has not run out.
func (q *queueState) renew(name string, token Token, now time.Duration) {
	if it := q.held(name, token); it != nil {
		q.unlease(it)
		it.until = now + q.limits.Lease
		q.leased = append(q.leased, it)
	}
}

// held returns the job that is leased under a token, or nil.
func (q *queueState) held(name string, token Token) *item {
	if it := q.jobs[name]; it != nil && token != (Token{}) && it.token == token {
		return it
	}
	return nil
}

// done forgets a job that its holder is done with.
func (q *queueState) done(name string, token Token) Status {
	it := q.held(name, token)
	if it == nil {
		return Stale
	}
	q.unlease(it)
	delete(q.jobs, name)
	return OK
}

// release has a job handed out again, and counts for nothing if it was not tried.
func (q *queueState) release(name string, token Token, untouched bool) Status {
	it := q.held(name, token)
	if it == nil {
		return Stale
	}
	if untouched && it.dead == "" {
		it.deliveries--
	}
	q.again(it)
	return OK
}

// expired takes back the jobs whose lease has run out, and returns the tokens.
func (q *queueState) expired(now time.Duration) []*item {
	n := 0
	for n < len(q.leased) && q.leased[n].until <= now {
		n++
	}
	return slices.Clone(q.leased[:n])
}

// again puts a leased job back among the ready ones.
func (q *queueState) again(it *item) {
	q.unlease(it)
	it.token = Token{}
	if it.deliveries >= q.limits.Deliveries {
		it.dead = fmt.Sprintf("gave up after %d deliveries", it.deliveries)
	}
	q.ready = append(q.ready, it)
}

func (q *queueState) unlease(it *item) {
	if i := slices.Index(q.leased, it); i >= 0 {
		q.leased = slices.Delete(q.leased, i, i+1)
	}
}

// tickets lists the tickets of all jobs, those that workers hold included.
func (q *queueState) tickets() []ID {
	var ids []ID
	for _, list := range [][]*item{q.leased, q.ready} {
		for _, it := range list {
			if it.task.Ticket != 0 {
				ids = append(ids, it.task.Ticket)
			}
		}
	}
	return ids
}

// encode writes a job for the log, or for a snapshot.
func (it *item) encode(e *encoder) {
	e.string(it.task.Job.Name)
	e.uint(uint64(it.task.Job.Work))
	poison := uint64(0)
	if it.task.Job.Poison {
		poison = 1
	}
	e.uint(poison)
	e.uint(uint64(it.task.Ticket))
	e.uint(uint64(it.deliveries))
	e.uint(uint64(len(it.task.Callback)))
	for _, host := range it.task.Callback {
		e.string(host)
	}
}

func decodeItem(d *decoder) *item {
	it := &item{}
	it.task.Job = Job{Name: d.string(), Work: time.Duration(d.uint()), Poison: d.uint() == 1}
	it.task.Ticket = ID(d.uint())
	it.deliveries = int(d.uint())
	for range d.count() {
		it.task.Callback = append(it.task.Callback, d.string())
	}
	return it
}

// The records of a durable queue.
const (
	jobEnqueued  = iota // a job
	jobDelivered        // the name of a job that was handed out to be carried out
	jobReleased         // the name of a job that was not tried
	jobDone             // the name of a job
)

func nameRecord(kind uint64, name string) []byte {
	var e encoder
	e.uint(kind)
	e.string(name)
	return e.b
}

func enqueuedRecord(t task) []byte {
	var e encoder
	e.uint(jobEnqueued)
	(&item{task: t}).encode(&e)
	return e.b
}

// replay applies a record that was written before a restart.
func (q *queueState) replay(record []byte) error {
	d := decoder{b: record}
	switch kind := d.uint(); kind {
	case jobEnqueued:
		if it := decodeItem(&d); d.err == nil && q.jobs[it.task.Job.Name] == nil {
			q.jobs[it.task.Job.Name] = it
			q.ready = append(q.ready, it)
		}
	case jobDelivered, jobReleased, jobDone:
		it := q.jobs[d.string()]
		switch {
		case it == nil:
		case kind == jobDelivered:
			it.deliveries++
		case kind == jobReleased:
			it.deliveries--
		default:
			delete(q.jobs, it.task.Job.Name)
			q.ready = slices.DeleteFunc(q.ready, func(r *item) bool { return r == it })
		}
	}
	return d.err
}

// recovered gives up what had been delivered too often before the restart.
func (q *queueState) recovered() {
	for _, it := range q.ready {
		if it.deliveries >= q.limits.Deliveries {
			it.dead = fmt.Sprintf("gave up after %d deliveries", it.deliveries)
		}
	}
}

// snapshot writes all jobs, in the order in which they will be handed out.
func (q *queueState) snapshot() []byte {
	var e encoder
	e.uint(uint64(len(q.jobs)))
	for _, list := range [][]*item{q.leased, q.ready} {
		for _, it := range list {
			it.encode(&e)
		}
	}
	return e.b
}

// restore reads what snapshot wrote into an empty queue.
func (q *queueState) restore(state []byte) error {
	if len(state) == 0 {
		return nil
	}
	d := decoder{b: state}
	for range d.count() {
		it := decodeItem(&d)
		q.jobs[it.task.Job.Name] = it
		q.ready = append(q.ready, it)
	}
	return d.err
}
