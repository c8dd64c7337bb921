package scenarios

import (
	"fmt"
	"slices"

	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// sawStaleLease: a worker whose lease had run out settled its job and was refused.
const sawStaleLease = "jobs.stale-lease-refused"

// checkQueuedJobs holds the queue to handing every job out at least once, to one holder at a
// time under a token of its own, not more often than it may, and to having what it has
// answered for, and not what it has said is done, also after a restart.
func checkQueuedJobs(o *sim.Observation) error {
	q := jobLives{jobs: map[string]*jobLife{}, tokens: map[tickets.Token]uint64{}, limit: deliveriesOf(o.Knobs)}
	lapsed := map[tickets.Token]bool{}
	room := o.Knobs.Int("jobs", 100)
	for i := range o.Notes {
		n := &o.Notes[i]
		var err error
		switch f := n.Fact.(type) {
		case tickets.QueueBegan:
			err = q.began(f)
		case tickets.JobEnqueued:
			err = q.apply(f.Job, models.JobOp{Verb: models.JobEnqueue}, tickets.Token{})
			if have := q.present(); err == nil && have > room {
				err = fmt.Errorf("the queue has %d jobs and room for %d", have, room)
			}
		case tickets.JobStored:
			q.life(f.Job).stored = true
		case tickets.JobLeased:
			err = q.apply(f.Job, models.JobOp{Verb: models.JobLease, Dead: f.Dead}, f.Token)
		case tickets.SettleRefused:
			if lapsed[f.Token] {
				o.Sometimes(sawStaleLease)
			}
		case tickets.LeaseExpired:
			lapsed[f.Token] = true
			err = q.apply(f.Job, models.JobOp{Verb: models.JobExpire}, f.Token)
		case tickets.JobSettled:
			verb := models.JobNack
			if f.Untouched {
				verb = models.JobReturn
			}
			if f.Done {
				verb = models.JobAck
				l := q.life(f.Job)
				l.done, l.by = true, f.Token
			}
			err = q.apply(f.Job, models.JobOp{Verb: verb}, f.Token)
		case tickets.JobDone:
			// Meanwhile there may be another job of that name.
			if l := q.life(f.Job); l.by == f.Token {
				l.gone = true
			}
		}
		if err != nil {
			return fmt.Errorf("%s at %v: %w", n.Host, n.At, err)
		}
	}
	return nil
}

// A jobLife is one job in the queue, and what was promised about it.
type jobLife struct {
	models.Job
	stored bool // who submitted it was told that it is safe
	done   bool // a worker has settled it
	by     tickets.Token
	gone   bool // and was told that this is for good
}

type jobLives struct {
	jobs   map[string]*jobLife
	names  []string
	tokens map[tickets.Token]uint64 // a number for each token that was used
	limit  int
}

func (q *jobLives) life(job string) *jobLife {
	l := q.jobs[job]
	if l == nil {
		l = &jobLife{}
		q.jobs[job] = l
		q.names = append(q.names, job)
	}
	return l
}

// apply has the model follow an event.
func (q *jobLives) apply(job string, op models.JobOp, token tickets.Token) error {
	used, known := q.tokens[token]
	if !known && token != (tickets.Token{}) {
		used = uint64(len(q.tokens) + 1)
		q.tokens[token] = used
	}
	op.Token = used
	l := q.life(job)
	next, err := models.ApplyJob(l.Job, op, q.limit, !known)
	if err != nil {
		return fmt.Errorf("job %s: %w", job, err)
	}
	if l.Phase == models.NoJob && op.Verb == models.JobEnqueue {
		*l = jobLife{Job: l.Job} // again the same name: another round
	}
	l.Job = next
	return nil
}

// began compares what a queue has when it starts with what it owes.
func (q *jobLives) began(f tickets.QueueBegan) error {
	for _, name := range q.names {
		l := q.jobs[name]
		has := slices.Contains(f.Jobs, name)
		if f.Durable && l.stored && !l.done && !has {
			return fmt.Errorf("job %s was accepted, and the queue has forgotten it", name)
		}
		if f.Durable && l.gone && has {
			return fmt.Errorf("job %s was done, its worker was told so, and the queue has it again", name)
		}
		l.Job, _ = models.ApplyJob(l.Job, models.JobOp{Verb: models.JobForget, Durable: f.Durable}, q.limit, false)
		if !has {
			l.Job = models.Job{}
		} else if l.Phase == models.NoJob {
			l.Job = models.Job{Phase: models.JobReady, Unsure: true} // settled, but not for certain
			l.done = false
		}
	}
	for _, name := range f.Jobs {
		if q.jobs[name] == nil {
			return fmt.Errorf("job %s is in the queue, and nobody has put it there", name)
		}
	}
	return nil
}

// present is how many jobs the queue has.
func (q *jobLives) present() int {
	n := 0
	for _, name := range q.names {
		if q.jobs[name].Phase != models.NoJob {
			n++
		}
	}
	return n
}
