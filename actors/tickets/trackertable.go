package tickets

import (
	"time"

	"github.com/simrun/simrun/models"
)

// A table has all tickets in memory: found by number or by key in constant time, and
// in two lists by when their time is over. All tickets in progress have the same
// lease and all final ones the same TTL, so a ticket whose time begins anew goes to
// the end of its list, and the first of a list is the next to go. Entries lie in one
// slice, so that a million tickets are few objects to the garbage collector.
type table struct {
	entries []entry
	free    []int32 // unused places of entries
	byID    map[ID]int32
	byKey   map[string]int32 // of those that have a key
	lists   [2]list          // of unfinished and final ones
}

// An entry is one ticket, and its place in a list.
type entry struct {
	id         ID
	key, text  string
	created    time.Duration // group time, as all times of the table
	deadline   time.Duration
	prev, next int32
	state      models.TicketState
	percent    uint8
}

// list is a list of entries, linked by their indexes.
type list struct{ first, last int32 }

// The lists of a table.
const (
	leases   = iota // tickets in progress, by the end of their lease
	expiries        // final tickets, by the end of their TTL
)

const nobody int32 = -1

func newTable() table {
	return table{
		byID: map[ID]int32{}, byKey: map[string]int32{},
		lists: [2]list{{nobody, nobody}, {nobody, nobody}},
	}
}

func (t *table) len() int { return len(t.byID) }

// find returns the entry of a ticket, or nil. It is good until the next add.
func (t *table) find(id ID) *entry {
	if i, ok := t.byID[id]; ok {
		return &t.entries[i]
	}
	return nil
}

// findKey returns the entry of a key, or nil.
func (t *table) findKey(key string) *entry {
	if i, ok := t.byKey[key]; ok && key != "" {
		return &t.entries[i]
	}
	return nil
}

// add takes an entry in at the end of its list.
func (t *table) add(e entry) *entry {
	i := int32(len(t.entries))
	if n := len(t.free); n > 0 {
		i, t.free = t.free[n-1], t.free[:n-1]
		t.entries[i] = e
	} else {
		t.entries = append(t.entries, e)
	}
	t.byID[e.id] = i
	if e.key != "" {
		t.byKey[e.key] = i
	}
	t.link(i)
	return &t.entries[i]
}

// remove forgets a ticket.
func (t *table) remove(e *entry) {
	i := t.byID[e.id]
	t.unlink(i)
	delete(t.byID, e.id)
	if e.key != "" {
		delete(t.byKey, e.key)
	}
	t.entries[i] = entry{}
	t.free = append(t.free, i)
}

// change gives a ticket a new deadline, and another state if that is not the one it
// has.
func (t *table) change(e *entry, state models.TicketState, deadline time.Duration) {
	i := t.byID[e.id]
	t.unlink(i)
	e.state, e.deadline = state, deadline
	t.link(i)
}

// first returns the entry of a list whose time is over first, or nil.
func (t *table) first(which int) *entry {
	if i := t.lists[which].first; i != nobody {
		return &t.entries[i]
	}
	return nil
}

// each calls f for every entry of a list, in order.
func (t *table) each(which int, f func(e *entry)) {
	for i := t.lists[which].first; i != nobody; i = t.entries[i].next {
		f(&t.entries[i])
	}
}

// listOf is the list that an entry belongs to.
func (t *table) listOf(e *entry) *list {
	if e.state.Final() {
		return &t.lists[expiries]
	}
	return &t.lists[leases]
}

func (t *table) link(i int32) {
	e := &t.entries[i]
	l := t.listOf(e)
	e.prev, e.next = l.last, nobody
	if l.last == nobody {
		l.first = i
	} else {
		t.entries[l.last].next = i
	}
	l.last = i
}

func (t *table) unlink(i int32) {
	e := &t.entries[i]
	l := t.listOf(e)
	if e.prev == nobody {
		l.first = e.next
	} else {
		t.entries[e.prev].next = e.next
	}
	if e.next == nobody {
		l.last = e.prev
	} else {
		t.entries[e.next].prev = e.prev
	}
}
