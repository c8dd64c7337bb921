package tickets

import (
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/group"
	"github.com/simrun/simrun/models"
)

// TrackerOptions are those of a ticket tracker.
type TrackerOptions struct {
	Hosts  []string // 2g+1 of them; g may be down
	Limits TrackerLimits
	Group  group.Config // its Name and Members are set from here
	// Tick is how often the leader has the time of the group go on, so how much later than
	// their time tickets change, and how much time is lost with a leader. Default a
	// twentieth of the shorter time.
	Tick time.Duration
}

func (o TrackerOptions) withDefaults() TrackerOptions {
	o.Limits = o.Limits.withDefaults()
	if o.Tick <= 0 {
		o.Tick = max(min(o.Limits.TTL, o.Limits.Lease)/20, time.Millisecond)
	}
	o.Group.Name, o.Group.Members = TrackerActor, o.Hosts
	return o
}

// NewTracker makes the actor of one member of the tracker. All tickets are in memory
// on every member, and the commands that lead to them are on the disks of a majority
// before anybody is answered.
func NewTracker(o TrackerOptions) actors.Producer {
	o = o.withDefaults()
	return group.New(o.Group, func(env actors.Env, m *group.Member) group.Machine {
		t := &tracker{env: env, member: m, options: o, open: map[uint64]Return{}}
		t.reset()
		return t
	})
}

// A tracker is one member: the replicated state, and what its leader owes to those
// who asked.
type tracker struct {
	env     actors.Env
	member  *group.Member
	options TrackerOptions
	state   *trackerState
	index   uint64 // of the command that is being applied
	seen    map[actors.Sometimes]bool

	// Of a leader:
	term  uint64
	first time.Duration // the group's time when it began to lead
	since time.Duration // and this host's
	last  uint64        // number of the last proposal
	open  map[uint64]Return
	timer func()
}

// lookAround is the timer of a leader.
type lookAround struct{ term uint64 }

// reset has the state begin empty.
func (t *tracker) reset() {
	t.state = newTrackerState(t.options.Limits)
	t.state.changed = t.changed
	t.seen = map[actors.Sometimes]bool{}
}

// Apply implements group.Machine.
func (t *tracker) Apply(index uint64, b []byte) {
	t.index = index
	c, err := decodeCommand(b)
	if err != nil {
		panic(fmt.Sprintf("tracker: command %d: %v", index, err))
	}
	known := c.Verb == create && t.state.tickets.findKey(c.Key) != nil
	ticket, status := t.state.apply(c)
	if back, ok := t.open[c.N]; ok && c.Term == t.term && t.member.Leads() {
		delete(t.open, c.N)
		t.reply(back, status, ticket)
		switch {
		case status == Full:
			t.saw(SawTrackerFull)
		case status == Conflict:
			t.saw(SawConflict)
		case known:
			t.saw(SawKnownKey)
		}
	}
}

// Snapshot implements group.Machine.
func (t *tracker) Snapshot() []byte { return t.state.snapshot() }

// Restore implements group.Machine.
func (t *tracker) Restore(state []byte) error { return t.state.restore(state) }

// Lead implements group.Machine: the group's time goes on from where it stood, at the
// pace of this host's clock. What day it is here does not matter.
func (t *tracker) Lead(term uint64) {
	t.term = term
	t.first, t.since = t.state.now, t.env.Clock.Now()
	t.lookLater()
}

// Follow implements group.Machine. Who asked has no answer and asks again; what was
// proposed may still be applied.
func (t *tracker) Follow() {
	if len(t.open) > 0 {
		t.saw(SawLeaderLost)
	}
	clear(t.open)
	if t.timer != nil {
		t.timer()
	}
}

// Receive implements group.Machine.
func (t *tracker) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case ask:
		t.ask(m)
	case AskPending:
		t.member.Read(func(ok bool) {
			if ok {
				t.env.Send(t.env.PID(m.From), Pending{Source: TrackerActor, N: m.N, Items: t.state.pending(pendingMost)})
			}
		})
	case lookAround:
		if m.term == t.term && t.member.Leads() {
			t.look()
			t.lookLater()
		}
	}
}

func (t *tracker) ask(m ask) {
	switch {
	case !t.member.Leads():
		t.forward(m)
	case m.Verb == query:
		t.member.Read(func(ok bool) {
			if ok {
				ticket, status := t.state.query(m.Ticket, m.Key)
				t.reply(m.Back, status, ticket)
			}
		})
	case m.Verb > query && m.Verb < tick:
		c := command{Verb: m.Verb, Ticket: m.Ticket, Tickets: m.Tickets, Percent: m.Percent, Key: m.Key, Text: m.Text}
		if n := t.propose(c); n > 0 {
			t.open[n] = m.Back
		} else {
			t.reply(m.Back, Busy, Ticket{})
		}
	}
}

// forward passes a request on to the leader. Members that take each other for the
// leader do not pass it to and fro.
func (t *tracker) forward(m ask) {
	if leader := t.member.Leader(); leader != "" && leader != t.env.Host && !m.Forwarded {
		m.Forwarded = true
		t.env.Send(t.env.PID(leader+"/"+TrackerActor), m)
	}
}

// propose stamps a command and has the group commit it. It returns the number of the
// proposal, or 0 if there is no room.
func (t *tracker) propose(c command) uint64 {
	c.Term, c.N, c.At = t.term, t.last+1, t.now()
	if !t.member.Propose(c.encode()) {
		return 0
	}
	if c.Verb == create {
		t.env.Note(Proposed{Key: c.Key, At: c.At})
	}
	t.last++
	return t.last
}

// now is the group's time, as this leader counts it.
func (t *tracker) now() time.Duration { return t.first + t.env.Clock.Now() - t.since }

func (t *tracker) lookLater() { t.timer = t.env.Clock.After(t.options.Tick, lookAround{t.term}) }

// look has the group's time go on while there is a ticket, whose time may be over: what
// has passed since the last command is lost with the leader.
func (t *tracker) look() {
	if t.state.tickets.len() > 0 && t.state.now < t.now() {
		t.propose(command{Verb: tick})
	}
}

// reply answers; who asks without a way back wants no answer.
func (t *tracker) reply(back Return, status Status, ticket Ticket) {
	if back.To == "" {
		return
	}
	t.env.Send(t.env.PID(back.To), answer{Back: back, Status: status, Ticket: ticket})
}

// changed notes what the command that is being applied does.
func (t *tracker) changed(c change) {
	t.env.Note(Changed{
		Index: t.index, Now: t.state.now, Ticket: c.id, Key: c.key, From: c.from, To: c.to, Text: c.text,
	})
	switch {
	case c.to == models.NoTicket:
		t.saw(SawExpiry)
	case c.from == models.TicketInProgress && c.text == models.TicketLost:
		t.saw(SawLost)
	}
}

// saw notes a state once.
func (t *tracker) saw(s actors.Sometimes) {
	if !t.seen[s] {
		t.seen[s] = true
		t.env.Note(s)
	}
}
