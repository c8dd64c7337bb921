package primes

import (
	"slices"

	"github.com/asynkron/protoactor-go/actor"
)

// What a server does with the jobs of a queue.

// enqueue hands a job to the queue. The client is answered when the queue has it.
func (s *server) enqueue(ctx actor.Context, c *creation) {
	c.sent = s.env.Clock.Now()
	s.request(ctx, s.queue, enqueue{ID: c.id, A: c.a, B: c.b})
}

func (s *server) queued(ctx actor.Context, m queued) {
	c := s.creation(m.ID)
	if c == nil || !c.queued {
		return
	}
	if !m.OK {
		// The entry that is stored fails, because nobody holds its job.
		s.answer(c, Refusal{Unavailable, "the queue is full"})
		return
	}
	s.accept(c)
}

// askForWork leases one more job if there is room for it.
func (s *server) askForWork(ctx actor.Context) {
	if len(s.jobs) < s.limits.Parallel {
		s.request(ctx, s.queue, lease{})
	}
}

// leased begins a job, unless it was given out so often that it must be the job's own
// fault that nobody finishes it.
func (s *server) leased(ctx actor.Context, m leased) {
	if slices.ContainsFunc(s.jobs, func(j *job) bool { return j.token == m.Token }) {
		return
	}
	j := &job{id: m.ID, a: m.A, b: m.B, token: m.Token, sent: s.env.Clock.Now()}
	s.jobs = append(s.jobs, j)
	if m.Deliveries > s.limits.Deliveries {
		s.fail(ctx, j)
		return
	}
	s.sliceLater()
}

// renew keeps a job that this server holds from being taken for lost.
func (s *server) renew(ctx actor.Context, j *job) {
	if j.token == (token{}) {
		s.request(ctx, s.store, renew{ID: j.id})
		return
	}
	s.request(ctx, s.queue, extend{Token: j.token})
}
