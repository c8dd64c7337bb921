package tickets

import (
	"fmt"
	"time"

	"github.com/simrun/simrun/models"
)

// snapshot writes all that the members agree on. Equal states give equal bytes,
// wherever their entries lie in memory.
func (s *trackerState) snapshot() []byte {
	e := encoder{b: make([]byte, 0, 32+64*s.tickets.len())}
	e.uint(uint64(s.now))
	e.uint(uint64(s.last))
	e.uint(uint64(s.tickets.len()))
	for _, which := range []int{leases, expiries} {
		s.tickets.each(which, func(t *entry) {
			for _, n := range []uint64{uint64(t.id), uint64(t.state), uint64(t.percent), uint64(t.created), uint64(t.deadline)} {
				e.uint(n)
			}
			e.string(t.key)
			e.string(t.text)
		})
	}
	return e.b
}

// restore replaces everything by what snapshot wrote; nothing is the state at first.
func (s *trackerState) restore(b []byte) error {
	s.now, s.last, s.tickets = 0, 0, newTable()
	if len(b) == 0 {
		return nil
	}
	d := decoder{b: b}
	s.now, s.last = time.Duration(d.uint()), ID(d.uint())
	for range d.count() {
		e := entry{id: ID(d.uint()), state: models.TicketState(d.uint()), percent: uint8(d.uint())}
		e.created, e.deadline = time.Duration(d.uint()), time.Duration(d.uint())
		e.key, e.text = d.string(), d.string()
		if d.err != nil {
			break
		}
		s.tickets.add(e)
	}
	if d.err != nil {
		return fmt.Errorf("tracker snapshot: %w", d.err)
	}
	s.tickets.sortAges()
	return nil
}
