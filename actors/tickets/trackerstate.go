package tickets

import (
	"time"

	"github.com/simrun/simrun/models"
)

// A trackerState is what the members of a tracker agree on: a pure function of the
// commands that were applied. It has no clock. Its time is that of the leaders, as
// they stamped their commands, and never goes back; while nobody leads it stands
// still, so that a ticket may stay longer than its time but never shorter.
type trackerState struct {
	limits  TrackerLimits
	now     time.Duration
	last    ID // the ticket created last; a snapshot has it, so none is named twice
	tickets table
	// changed hears of every change of state, in order; nil for nobody.
	changed func(change)
}

// A change is that of one ticket's state. The state after an expiry is NoTicket.
type change struct {
	id       ID
	key      string
	from, to models.TicketState
	text     string
}

func newTrackerState(limits TrackerLimits) *trackerState {
	return &trackerState{limits: limits.withDefaults(), tickets: newTable()}
}

// apply carries a command out, after what has become due by its time.
func (s *trackerState) apply(c command) (Ticket, Status) {
	s.now = max(s.now, c.At)
	s.sweep()
	switch c.Verb {
	case create:
		return s.create(c.Key)
	case renew:
		for _, id := range c.Tickets {
			s.renew(s.tickets.find(id), 0)
		}
		return Ticket{}, OK
	case progress:
		return s.renew(s.tickets.find(c.Ticket), c.Percent)
	case complete:
		return s.finish(c.Ticket, models.TicketFinished, c.Text)
	case fail:
		return s.finish(c.Ticket, models.TicketFailed, c.Text)
	}
	return Ticket{}, OK
}

// query reads a ticket, by its number or, if that is 0, by its key.
func (s *trackerState) query(id ID, key string) (Ticket, Status) {
	e := s.tickets.find(id)
	if id == 0 {
		e = s.tickets.findKey(key)
	}
	if e == nil {
		return Ticket{ID: id}, NotFound
	}
	return e.ticket(), OK
}

// pending returns the tickets in progress that were made first, at most so many. How
// long nobody has led is not in the time of a group, so they may be older than their
// ages say.
func (s *trackerState) pending(most int) []PendingItem {
	var out []PendingItem
	for _, e := range s.tickets.oldest(most) {
		out = append(out, PendingItem{ID: e.id.String(), Age: s.now - e.created, Inherited: true})
	}
	return out
}

func (e *entry) ticket() Ticket {
	return Ticket{ID: e.id, State: e.state, Text: e.text, Percent: e.percent, Created: e.created}
}

// create makes a ticket. A key that has one gets that, so a request that is sent
// again is one request.
func (s *trackerState) create(key string) (Ticket, Status) {
	if e := s.tickets.findKey(key); e != nil {
		return e.ticket(), OK
	}
	switch {
	case len(key) > s.limits.Text:
		return Ticket{}, TooLarge
	case s.tickets.len() >= s.limits.Tickets:
		return Ticket{}, Full
	}
	s.last++
	e := s.tickets.add(entry{
		id: s.last, key: key, state: models.TicketInProgress, created: s.now, deadline: s.now + s.limits.Lease,
	})
	s.note(e, models.NoTicket, e.state)
	return e.ticket(), OK
}

// renew extends the lease of a ticket in progress. To a final one it is late and
// changes nothing.
func (s *trackerState) renew(e *entry, percent uint8) (Ticket, Status) {
	if e == nil {
		return Ticket{}, NotFound
	}
	if e.state == models.TicketInProgress {
		e.percent = max(e.percent, min(percent, 100))
		s.tickets.change(e, e.state, s.now+s.limits.Lease)
	}
	return e.ticket(), OK
}

// finish makes a ticket final. What is final stays as it is: to say the same again is
// fine, and anything else is refused.
func (s *trackerState) finish(id ID, state models.TicketState, text string) (Ticket, Status) {
	e := s.tickets.find(id)
	switch {
	case e == nil:
		return Ticket{ID: id}, NotFound
	case len(text) > s.limits.Text:
		return e.ticket(), TooLarge
	case e.state == state && e.text == text:
		return e.ticket(), OK
	case e.state.Final():
		return e.ticket(), Conflict
	}
	s.end(e, state, text)
	return e.ticket(), OK
}

// end makes a ticket in progress final; its TTL begins.
func (s *trackerState) end(e *entry, state models.TicketState, text string) {
	from := e.state
	e.text = text
	s.tickets.change(e, state, s.now+s.limits.TTL)
	s.note(e, from, state)
}

// sweep fails what nobody renewed and forgets what has been final for long enough,
// as far as one command may. The next one goes on.
func (s *trackerState) sweep() {
	for range s.limits.Sweep {
		if e := s.tickets.first(leases); e != nil && e.deadline <= s.now {
			s.end(e, models.TicketFailed, models.TicketLost)
		} else if e := s.tickets.first(expiries); e != nil && e.deadline <= s.now {
			s.note(e, e.state, models.NoTicket)
			s.tickets.remove(e)
		} else {
			return
		}
	}
}

func (s *trackerState) note(e *entry, from, to models.TicketState) {
	if s.changed != nil {
		s.changed(change{id: e.id, key: e.key, from: from, to: to, text: e.text})
	}
}
