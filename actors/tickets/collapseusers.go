package tickets

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// users are all users of a tier. They come at the rate that is set, whatever becomes of
// those before them. One who has waited for his patience, or was turned away, asks for
// the page again; the answer to what he asked before does not reach him any more. One
// who has a ticket asks how far it is.
type users struct {
	env      actors.Env
	tier     string
	opts     CollapseOptions
	rate     int
	arriving bool
	last     int
	waiting  map[int]*user
	came     int // since the last second
	good     int
}

// A user wants a view or a job.
type user struct {
	job     bool
	since   time.Duration
	attempt int
	ticket  int
	polls   int
}

// Timers of users.
type (
	nextUser struct{}
	// lookAgain is when a user asks again, unless the attempt is over.
	lookAgain struct{ User, Attempt int }
)

// turnedAway is how long a user who was turned away waits. firstPoll and lastPoll bound
// the time between two questions about a ticket, which doubles.
const (
	turnedAway = time.Second
	firstPoll  = 400 * time.Millisecond
	lastPoll   = 2 * time.Second
)

func newUsers(tier string, o CollapseOptions) actors.Producer {
	return func(env actors.Env) actor.Actor {
		return &users{env: env, tier: tier, opts: o, waiting: map[int]*user{}}
	}
}

// Receive implements actor.Actor.
func (u *users) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		u.env.Clock.After(time.Second, everySecond{})
	case everySecond:
		u.env.Note(TierSecond{Tier: u.tier, Came: u.came, Good: u.good})
		u.env.Note(actors.Gauge{Chart: chartGood, Curve: u.tier, Value: int64(u.good)})
		u.came, u.good = 0, 0
		u.env.Clock.After(time.Second, everySecond{})
	case SetLoad:
		u.rate = m.PerSecond
		if !u.arriving {
			u.arrive()
		}
	case nextUser:
		u.come()
		u.arrive()
	case lookAgain:
		if who := u.waiting[m.User]; who != nil && who.attempt == m.Attempt {
			u.ask(m.User, who)
		}
	case pageReply:
		u.read(m)
	}
}

func (u *users) arrive() {
	if u.arriving = u.rate > 0; u.arriving {
		u.env.Clock.After(time.Second/time.Duration(u.rate), nextUser{})
	}
}

func (u *users) come() {
	u.last++
	u.came++
	who := &user{job: u.last%3 != 0, since: u.env.Clock.Now()}
	u.waiting[u.last] = who
	u.ask(u.last, who)
}

// ask asks for the page, or for the state of the ticket, unless the user has lost
// interest.
func (u *users) ask(id int, who *user) {
	interest := u.opts.Interest
	if !who.job {
		interest = u.opts.Patience
	}
	if u.env.Clock.Now()-who.since >= interest {
		delete(u.waiting, id)
		return
	}
	who.attempt++
	u.env.Send(u.env.PID(TierPath(u.tier, TierWeb)), pageRequest{User: id, Attempt: who.attempt, Job: who.job, Ticket: who.ticket})
	u.env.Clock.After(u.opts.Patience, lookAgain{User: id, Attempt: who.attempt})
}

// read takes the page that a user waits for.
func (u *users) read(m pageReply) {
	who := u.waiting[m.User]
	if who == nil || who.attempt != m.Attempt {
		return
	}
	wait := turnedAway
	switch {
	case m.Refused:
	case m.Ticket != 0:
		who.ticket = m.Ticket
		wait = min(firstPoll<<who.polls, lastPoll)
		who.polls++
	default:
		u.good++
		delete(u.waiting, m.User)
		return
	}
	// No answer to this attempt counts any more, and neither does its patience.
	who.attempt++
	u.env.Clock.After(wait, lookAgain{User: m.User, Attempt: who.attempt})
}
