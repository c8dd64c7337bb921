package tickets

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// images is the remote service: it does a few jobs at once, in the order in which they
// came, whether anybody still waits for them or not.
type images struct {
	env      actors.Env
	tier     string
	parallel int
	job      time.Duration
	most     int
	waiting  []int // pages
	running  int
}

// jobOver is the timer of a job.
type jobOver struct{ Page int }

func newImages(tier string, o CollapseOptions, queue int) actors.Producer {
	return func(env actors.Env) actor.Actor {
		return &images{env: env, tier: tier, parallel: o.Parallel, job: o.Job, most: queue}
	}
}

// Receive implements actor.Actor.
func (i *images) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case startJob:
		if len(i.waiting) >= i.most {
			i.tell(jobTaken{Page: m.Page, Refused: true})
			return
		}
		i.tell(jobTaken{Page: m.Page})
		i.waiting = append(i.waiting, m.Page)
		i.next()
	case jobOver:
		i.running--
		i.env.Note(JobEnded{Tier: i.tier, Page: m.Page})
		i.tell(jobFinished{Page: m.Page})
		i.next()
	}
}

func (i *images) next() {
	for i.running < i.parallel && len(i.waiting) > 0 {
		page := i.waiting[0]
		i.waiting = i.waiting[1:]
		i.running++
		i.env.Note(JobRuns{Tier: i.tier, Page: page})
		i.env.Clock.After(i.job, jobOver{Page: page})
	}
}

func (i *images) tell(msg any) { i.env.Send(i.env.PID(TierPath(i.tier, TierWeb)), msg) }
