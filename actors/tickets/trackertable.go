package tickets

import (
	"cmp"
	"slices"
	"time"

	"github.com/simrun/simrun/models"
)

// A table has all tickets in memory: found by number or by key in constant time, and
// in two lists by when their time is over. All tickets in progress have the same
// lease and all final ones the same TTL, so a ticket whose time begins anew goes to
// the end of its list, and the first of a list is the next to go. Those in progress
// are in a third list too, by when they were made. Entries lie in one slice, so that
// a million tickets are few objects to the garbage collector.
type table struct {
	entries []entry
	free    []int32 // unused places of entries
	byID    ticketIndex
	byKey   map[string]int32 // of those that have a key
	lists   [3]list          // leases, expiries and ages
}

// An entry is one ticket, and its places in the lists.
type entry struct {
	id         ID
	key, text  string
	created    time.Duration // group time, as all times of the table
	deadline   time.Duration
	byDeadline place
	byAge      place // of one in progress
	state      models.TicketState
	percent    uint8
}

// list is a list of entries, linked by their indexes.
type list struct{ first, last int32 }

// A place of an entry in a list is between two others.
type place struct{ prev, next int32 }

// The lists of a table.
const (
	leases   = iota // tickets in progress, by the end of their lease
	expiries        // final tickets, by the end of their TTL
	ages            // tickets in progress, by their numbers, so the oldest first
)

const nobody int32 = -1

func newTable() table {
	return table{
		byID: ticketIndex{pages: map[ID]*indexPage{}}, byKey: map[string]int32{},
		lists: [3]list{{nobody, nobody}, {nobody, nobody}, {nobody, nobody}},
	}
}

func (t *table) len() int { return t.byID.count }

// find returns the entry of a ticket, or nil. It is good until the next add.
func (t *table) find(id ID) *entry {
	if i, ok := t.byID.find(id); ok {
		return &t.entries[i]
	}
	return nil
}

// placeOf returns where an entry of the table is.
func (t *table) placeOf(e *entry) int32 {
	i, _ := t.byID.find(e.id)
	return i
}

// findKey returns the entry of a key, or nil.
func (t *table) findKey(key string) *entry {
	if i, ok := t.byKey[key]; ok && key != "" {
		return &t.entries[i]
	}
	return nil
}

// add takes an entry in at the end of its lists.
func (t *table) add(e entry) *entry {
	i := int32(len(t.entries))
	if n := len(t.free); n > 0 {
		i, t.free = t.free[n-1], t.free[:n-1]
		t.entries[i] = e
	} else {
		t.entries = append(t.entries, e)
	}
	t.byID.add(e.id, i)
	if e.key != "" {
		t.byKey[e.key] = i
	}
	t.link(deadlines(e.state), i)
	if !e.state.Final() {
		t.link(ages, i)
	}
	return &t.entries[i]
}

// sortAges puts the tickets in progress in order after they were added in another.
func (t *table) sortAges() {
	var order []int32
	t.each(leases, func(e *entry) { order = append(order, t.placeOf(e)) })
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(t.entries[a].id, t.entries[b].id) })
	t.lists[ages] = list{nobody, nobody}
	for _, i := range order {
		t.link(ages, i)
	}
}

// remove forgets a ticket.
func (t *table) remove(e *entry) {
	i := t.placeOf(e)
	t.unlink(deadlines(e.state), i)
	if !e.state.Final() {
		t.unlink(ages, i)
	}
	t.byID.remove(e.id)
	if e.key != "" {
		delete(t.byKey, e.key)
	}
	t.entries[i] = entry{}
	t.free = append(t.free, i)
}

// change gives a ticket in progress a new deadline, and another state if that is not
// the one it has.
func (t *table) change(e *entry, state models.TicketState, deadline time.Duration) {
	i := t.placeOf(e)
	t.unlink(deadlines(e.state), i)
	e.state, e.deadline = state, deadline
	t.link(deadlines(e.state), i)
	if state.Final() {
		t.unlink(ages, i)
	}
}

// first returns the first entry of a list, or nil.
func (t *table) first(which int) *entry {
	if i := t.lists[which].first; i != nobody {
		return &t.entries[i]
	}
	return nil
}

// each calls f for every entry of a list, in order.
func (t *table) each(which int, f func(e *entry)) {
	for i := t.lists[which].first; i != nobody; i = t.entries[i].place(which).next {
		f(&t.entries[i])
	}
}

// oldest returns those tickets in progress that were made first, at most so many.
func (t *table) oldest(most int) []*entry {
	var out []*entry
	for i := t.lists[ages].first; i != nobody && len(out) < most; i = t.entries[i].byAge.next {
		out = append(out, &t.entries[i])
	}
	return out
}

// deadlines is the list by deadlines that a ticket belongs to.
func deadlines(s models.TicketState) int {
	if s.Final() {
		return expiries
	}
	return leases
}

// place is where the entry is in a list.
func (e *entry) place(which int) *place {
	if which == ages {
		return &e.byAge
	}
	return &e.byDeadline
}

// link puts an entry at the end of a list.
func (t *table) link(which int, i int32) {
	l := &t.lists[which]
	*t.entries[i].place(which) = place{l.last, nobody}
	if l.last == nobody {
		l.first = i
	} else {
		t.entries[l.last].place(which).next = i
	}
	l.last = i
}

// unlink takes an entry out of a list.
func (t *table) unlink(which int, i int32) {
	l, p := &t.lists[which], *t.entries[i].place(which)
	if p.prev == nobody {
		l.first = p.next
	} else {
		t.entries[p.prev].place(which).next = p.next
	}
	if p.next == nobody {
		l.last = p.prev
	} else {
		t.entries[p.next].place(which).prev = p.prev
	}
}
