package primes

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// A server answers submissions at once and computes in slices, so that it is never
// busy for long. Every server is like every other. What it holds is in memory: a crash
// loses its jobs, whose entries then run out of their lease.
type server struct {
	env      actors.Env
	timing   Timing
	limits   Limits
	store    string // path of its response store
	queue    string // path of the queue, "" if it keeps its jobs itself
	sync     bool
	throttle throttle

	n        uint64               // of the last id of this boot
	creating map[uint64]*creation // by N, until the store has answered
	jobs     []*job               // held by this server, in the order they came
	slicing  bool                 // a slice is due
	turn     int                  // index of the job that has the next slice
	ticking  bool
	noted    marks
}

// A creation is a submission whose entry is not stored yet.
type creation struct {
	n      uint64
	id     string
	a, b   int64
	sender *actor.PID
	began  time.Duration
	sent   time.Duration // to the store last
	queued bool          // the entry is stored, the queue has not answered
	cancel func()        // ends its timer
}

// A job is a range to sum up, or the sum to be stored.
type job struct {
	id     string
	a, b   int64
	token  token         // of the queue's lease, zero if the server keeps the job itself
	sieve  *sieve        // nil until its first slice
	spent  int           // slices
	result *settle       // nil until it is known
	sent   time.Duration // when the result or the last renewal was sent
	waiter *actor.PID    // who waits for the result, if the server is synchronous
}

// Timers of a server.
type (
	slice   struct{}
	tick    struct{}
	overdue struct{ n uint64 } // a creation
)

func newServer(o Options) actors.Producer {
	return func(env actors.Env) actor.Actor {
		return &server{
			env: env, timing: o.Timing, limits: o.Limits, store: o.storePath(env.Host), queue: o.queuePath(), sync: o.Sync,
			throttle: throttle{rate: o.Limits.Rate, burst: o.Limits.Burst, room: o.Limits.Clients},
			creating: map[uint64]*creation{}, noted: marks{env: env},
		}
	}
}

// Receive handles one message; see actor.Actor.
func (s *server) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		if s.queue != "" {
			s.tickLater()
		}
	case Submit:
		s.submit(ctx, m)
	case Poll:
		if s.admit(ctx, m.Client) {
			answerPoll(ctx, s.env, s.store, m)
		}
	case created:
		s.created(ctx, m)
	case queued:
		s.queued(ctx, m)
	case leased:
		s.leased(ctx, m)
	case settled:
		s.settled(ctx, m)
	case overdue:
		s.overdue(m)
	case slice:
		s.slice(ctx)
	case tick:
		s.tick(ctx)
	case ping:
		s.env.Send(s.env.PID(m.From), pong{Host: s.env.Host})
	}
}

// answerPoll has the store answer the client.
func answerPoll(ctx actor.Context, env actors.Env, store string, m Poll) {
	env.Note(Polled{Client: m.Client})
	if ctx.Sender() != nil {
		forward(ctx, env.PID(store), read{ID: m.ID})
	}
}

// admit refuses a client that asks too often.
func (s *server) admit(ctx actor.Context, client string) bool {
	if s.throttle.allow(client, s.env.Clock.Now()) {
		return true
	}
	s.env.Note(Throttled{Client: client})
	respond(ctx, Refusal{TooMany, "too many requests"})
	return false
}

// submit stores nothing unless the range is right and there is room for the job.
func (s *server) submit(ctx actor.Context, m Submit) {
	if err := CheckRange(m.A, m.B); err != nil {
		respond(ctx, err)
		return
	}
	if !s.admit(ctx, m.Client) {
		return
	}
	if len(s.creating)+len(s.jobs) >= s.limits.Jobs {
		respond(ctx, Refusal{Unavailable, "too many jobs"})
		return
	}
	s.n++
	now := s.env.Clock.Now()
	c := &creation{n: s.n, id: newID(s.env.Host, s.env.Boot, s.n), a: m.A, b: m.B, sender: ctx.Sender(), began: now, sent: now}
	s.creating[c.n] = c
	c.cancel = s.env.Clock.After(s.timing.Patience, overdue{c.n})
	s.sendCreate(ctx, c)
	s.tickLater()
}

// newID returns the id of the n-th request of one life of a server. No other has it:
// hosts have different names, and a Boot is never used twice.
func newID(host string, boot, n uint64) string { return fmt.Sprintf("%s-%x-%x", host, boot, n) }

// numberOf returns the n of an id that newID made.
func numberOf(id string, host string, boot uint64) (uint64, bool) {
	prefix := newID(host, boot, 0)
	prefix = prefix[:len(prefix)-1]
	if len(id) <= len(prefix) || id[:len(prefix)] != prefix {
		return 0, false
	}
	n, err := strconv.ParseUint(id[len(prefix):], 16, 64)
	return n, err == nil
}

func (s *server) sendCreate(ctx actor.Context, c *creation) {
	lowest := c.n
	for n := range s.creating {
		lowest = min(lowest, n)
	}
	s.request(ctx, s.store, create{ID: c.id, Server: s.env.Host, Boot: s.env.Boot, N: c.n, Lowest: lowest})
}

// created has the job begin, and only then the client is answered.
func (s *server) created(ctx actor.Context, m created) {
	c := s.creation(m.ID)
	switch {
	case c == nil || c.queued:
	case !m.OK:
		s.answer(c, Refusal{Unavailable, "the response store did not take the request"})
	case s.queue != "":
		c.queued = true
		s.enqueue(ctx, c)
	default:
		j := &job{id: c.id, a: c.a, b: c.b, sent: s.env.Clock.Now()}
		if s.sync {
			j.waiter = c.sender
			s.forget(c)
		} else {
			s.accept(c)
		}
		s.jobs = append(s.jobs, j)
		s.sliceLater()
	}
}

// creation finds what waits under an id of this boot, or returns nil.
func (s *server) creation(id string) *creation {
	n, ok := numberOf(id, s.env.Host, s.env.Boot)
	if !ok {
		return nil
	}
	return s.creating[n]
}

func (s *server) accept(c *creation) {
	s.answer(c, Response{ID: c.id, Status: InProgress, Cookie: s.env.Host})
}

// overdue refuses a submission that is not stored in time, so that its client is not
// kept waiting. If there is an entry nobody holds its job, so it fails.
func (s *server) overdue(m overdue) {
	if c := s.creating[m.n]; c != nil {
		s.noted.mark(SawTryAgain)
		s.answer(c, Refusal{Unavailable, "the request is not stored yet"})
	}
}

// answer ends a submission.
func (s *server) answer(c *creation, m any) {
	s.forget(c)
	s.env.Note(Answered{Took: s.env.Clock.Now() - c.began})
	s.reply(c.sender, m)
}

func (s *server) forget(c *creation) {
	c.cancel()
	delete(s.creating, c.n)
}

func (s *server) reply(to *actor.PID, m any) {
	if to != nil {
		s.env.Send(to, m)
	}
}

// sliceLater sets the timer of the next slice unless it is set or nothing is left to
// compute.
func (s *server) sliceLater() {
	if !s.slicing && s.nextJob() >= 0 {
		s.slicing = true
		s.env.Clock.After(s.timing.Slice, slice{})
	}
}

// nextJob is the index of the job that has the next slice, or -1. The first Parallel
// jobs that are not computed take turns.
func (s *server) nextJob() int {
	var open []int
	for i, j := range s.jobs {
		if j.result == nil && len(open) < s.limits.Parallel {
			open = append(open, i)
		}
	}
	if len(open) == 0 {
		return -1
	}
	for _, i := range open {
		if i >= s.turn {
			return i
		}
	}
	return open[0]
}

// slice computes a part of one job.
func (s *server) slice(ctx actor.Context) {
	s.slicing = false
	i := s.nextJob()
	if i < 0 {
		return
	}
	s.turn = i + 1
	j := s.jobs[i]
	if j.sieve == nil {
		j.sieve = newSieve(j.a, j.b)
	}
	j.spent++
	switch {
	case j.sieve.step(s.limits.Slice):
		s.env.Note(Computed{ID: j.id, Sum: j.sieve.sum})
		s.finish(ctx, j, settle{ID: j.id, Status: Finished, Payload: strconv.FormatInt(j.sieve.sum, 10)})
	case j.spent >= s.limits.Slices:
		s.giveUp(ctx, i)
	}
	s.sliceLater()
}

// giveUp ends a job that takes too long: a queue may have another server try it.
func (s *server) giveUp(ctx actor.Context, i int) {
	j := s.jobs[i]
	if j.token != (token{}) {
		s.drop(i)
		s.request(ctx, s.queue, nack{Token: j.token})
		return
	}
	s.fail(ctx, j)
}

// fail ends a job for good.
func (s *server) fail(ctx actor.Context, j *job) {
	s.noted.mark(SawTooLong)
	s.env.Note(GaveUp{ID: j.id})
	s.finish(ctx, j, settle{ID: j.id, Status: Failed, Reason: TooLong})
}

// finish sends the result to the store until it has it.
func (s *server) finish(ctx actor.Context, j *job, result settle) {
	j.result, j.sieve = &result, nil
	j.sent = s.env.Clock.Now()
	s.request(ctx, s.store, result)
}

// settled ends a job.
func (s *server) settled(ctx actor.Context, m settled) {
	i := slices.IndexFunc(s.jobs, func(j *job) bool { return j.id == m.ID && j.result != nil })
	if i < 0 {
		return
	}
	j := s.jobs[i]
	s.drop(i)
	if j.token != (token{}) {
		s.request(ctx, s.queue, ack{Token: j.token})
	}
	m.Entry.Cookie = s.env.Host
	if m.Entry.Status.Terminal() {
		s.reply(j.waiter, m.Entry)
	} else {
		s.reply(j.waiter, Refusal{Unavailable, "the response is lost"})
	}
	s.sliceLater()
}

func (s *server) drop(i int) {
	s.jobs = slices.Delete(s.jobs, i, i+1)
	if s.turn > i {
		s.turn--
	}
}

// request has the answer come to this actor.
func (s *server) request(ctx actor.Context, path string, m any) {
	ctx.Request(s.env.PID(path), m)
}

// tickLater sets the timer of repetitions unless it is set.
func (s *server) tickLater() {
	if !s.ticking {
		s.ticking = true
		s.env.Clock.After(s.timing.Retry, tick{})
	}
}

// tick repeats what was not answered, renews leases, and asks the queue for work.
func (s *server) tick(ctx actor.Context) {
	s.ticking = false
	now := s.env.Clock.Now()
	for _, n := range slices.Sorted(maps.Keys(s.creating)) {
		c := s.creating[n]
		switch {
		case now-c.sent < s.timing.Retry:
		case c.queued:
			s.enqueue(ctx, c)
		case s.store != s.env.Host+"/"+storeActor: // what stays on the host arrives
			c.sent = now
			s.sendCreate(ctx, c)
		}
	}
	for _, j := range s.jobs {
		switch {
		case j.result != nil && now-j.sent >= s.timing.Retry:
			j.sent = now
			s.request(ctx, s.store, *j.result)
		case j.result == nil && now-j.sent >= s.timing.Renew:
			j.sent = now
			s.renew(ctx, j)
		}
	}
	if s.queue != "" {
		s.askForWork(ctx)
	}
	if len(s.creating)+len(s.jobs) > 0 || s.queue != "" {
		s.tickLater()
	}
}
