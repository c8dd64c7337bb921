package scenarios

import (
	"fmt"
	"time"

	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// checkTickets holds the tracker to what it says of each ticket: its number is its own,
// there is a ticket before its number is told, states go forward, what is final stays
// the same, and nothing ends before its time.
func checkTickets(o *sim.Observation) error {
	c := ticketLives{
		byID: map[tickets.ID]*ticketLife{}, applied: map[appliedChange]tickets.Changed{}, polls: pollTable{},
		lease: ticketLeaseOf(o.Knobs), ttl: ttlOf(o.Knobs),
	}
	for i := range o.Notes {
		n := &o.Notes[i]
		var err error
		switch f := n.Fact.(type) {
		case tickets.Changed:
			err = c.changed(n, f)
		case tickets.OutcomeSent:
			if l := c.byID[f.Ticket]; l != nil && l.told == 0 {
				l.told = max(n.At, 1)
			}
		case tickets.Indexed:
			if l := c.byID[f.Ticket]; l != nil {
				l.indexed = true
			}
		case TicketTold:
			err = c.toldOf(f)
		case tickets.PollSent:
			c.polls.add(n, f)
		case tickets.PollAnswered:
			err = c.answered(n, f)
		}
		if err != nil {
			return fmt.Errorf("%s at %v: %w", n.Host, n.At, err)
		}
	}
	return nil
}

// skewed is the share by which hosts' clocks may differ from the true time, with room:
// 4 % either way.
const skewed = 1.05

// A ticketLife is what is known of one ticket.
type ticketLife struct {
	key     string
	state   models.TicketState
	text    string
	created time.Duration // group time
	final   time.Duration // group time
	began   time.Duration // true time at which it was known to be there
	told    time.Duration // true time at which the tracker could first know an end; 0: it was not told
	indexed bool
	seen    models.Ticket // the final state that a browser was told first
	seenAt  int64         // and when
}

func (l *ticketLife) String() string {
	if l == nil {
		return "not there"
	}
	return models.Ticket{State: l.state, Text: l.text}.String()
}

// An appliedChange identifies a change in the log of the group.
type appliedChange struct {
	index  uint64
	ticket tickets.ID
	to     models.TicketState
}

// A pollID names a poll: its number counts within one incarnation of a browser.
type pollID struct {
	host    string
	boot, n uint64
}

// A sentPoll is a poll, with when it was sent.
type sentPoll struct {
	tickets.PollSent
	seq int64
	at  time.Duration
}

// pollTable has the polls of all browsers.
type pollTable map[pollID]sentPoll

func (t pollTable) add(n *sim.Note, f tickets.PollSent) {
	t[pollID{n.Host, f.Boot, f.N}] = sentPoll{f, n.Seq, n.At}
}

type ticketLives struct {
	byID       map[tickets.ID]*ticketLife
	applied    map[appliedChange]tickets.Changed
	polls      pollTable
	lease, ttl time.Duration
}

// changed follows the log of the group: the first member to apply a change tells of it,
// and the others must apply the same.
func (c *ticketLives) changed(n *sim.Note, f tickets.Changed) error {
	at := appliedChange{f.Index, f.Ticket, f.To}
	if first, known := c.applied[at]; known {
		if first != f {
			return fmt.Errorf("applied %+v, and another member %+v", f, first)
		}
		return nil
	}
	c.applied[at] = f
	l := c.byID[f.Ticket]
	if f.From == models.NoTicket {
		if l != nil {
			return fmt.Errorf("%v of %s is the number of %s's ticket too", f.Ticket, f.Key, l.key)
		}
		c.byID[f.Ticket] = &ticketLife{key: f.Key, state: f.To, created: f.Now, began: n.At}
		return nil
	}
	if l == nil || l.state != f.From || l.state == models.TicketInProgress && !f.To.Final() || l.state.Final() && f.To != models.NoTicket {
		return fmt.Errorf("%v goes from %v to %v, but is %v", f.Ticket, f.From, f.To, l)
	}
	if limit := time.Duration(skewed*float64(n.At)) + time.Millisecond; f.Now > limit {
		return fmt.Errorf("the group's time is %v and runs ahead of all clocks", f.Now)
	}
	switch {
	case f.To == models.NoTicket:
		if f.Now-l.final < c.ttl {
			return fmt.Errorf("%v expires %v after its end, before its TTL of %v", f.Ticket, f.Now-l.final, c.ttl)
		}
		if l.told > 0 && l.text != models.TicketLost && n.At < l.told+time.Duration(float64(c.ttl)/skewed) {
			return fmt.Errorf("%v expires %v after its end was first told, before its TTL of %v", f.Ticket, n.At-l.told, c.ttl)
		}
	case f.Text == models.TicketLost && f.Now-l.created < c.lease:
		return fmt.Errorf("%v is lost %v after it was created, before its lease of %v", f.Ticket, f.Now-l.created, c.lease)
	}
	l.state, l.text, l.final = f.To, f.Text, f.Now
	return nil
}

// toldOf holds that a ticket whose number is told is there, and the right one.
func (c *ticketLives) toldOf(f TicketTold) error {
	if f.Ticket == 0 {
		return nil // a site without tickets
	}
	l := c.byID[f.Ticket]
	if l == nil {
		return fmt.Errorf("%v was told for %s before it was committed", f.Ticket, f.Job)
	}
	if l.key != f.Job {
		return fmt.Errorf("%v was told for %s and is the ticket of %s", f.Ticket, f.Job, l.key)
	}
	return nil
}

// answered holds that all who are told an end are told the same, and that nobody is
// told that there is no ticket before it can have expired.
func (c *ticketLives) answered(n *sim.Note, f tickets.PollAnswered) error {
	sent, ok := c.polls[pollID{n.Host, f.Boot, f.N}]
	if !ok {
		return fmt.Errorf("an answer to poll %d that was never sent", f.N)
	}
	id := f.Ticket.ID
	if sent.Ticket != 0 && id != sent.Ticket {
		return fmt.Errorf("asked about %v and was told of %v", sent.Ticket, id)
	}
	l := c.byID[id]
	if l == nil {
		return nil
	}
	switch {
	case f.Ticket.State == models.NoTicket:
		ended := l.began + time.Duration(float64(c.lease)/skewed) // the soonest it can be lost
		if l.told > 0 {
			ended = min(ended, l.told)
		}
		if n.At < ended+time.Duration(float64(c.ttl)/skewed) {
			return fmt.Errorf("%v cannot be found, though it ended at %v at the earliest and its TTL is %v", id, ended, c.ttl)
		}
	case f.Ticket.State == models.TicketInProgress:
		if l.seen.State.Final() && l.seenAt < sent.seq {
			return fmt.Errorf("%v is in progress, and was %v before", id, l.seen)
		}
	case l.seen.State == models.NoTicket:
		l.seen, l.seenAt = f.Ticket.Value(), n.Seq
	case l.seen != f.Ticket.Value():
		return fmt.Errorf("%v says %v, and has said %v", id, f.Ticket.Value(), l.seen)
	}
	return nil
}
