package linearizability

import (
	"cmp"
	"math/bits"
	"reflect"
	"slices"
)

// A frontier decides a key by going through its returns in their order and keeping
// all configs that are possible so far, where Porcupine follows one order to its
// end and comes back. It finds an order no sooner, but it needs no memory of the
// past, so it is the better way to show that there is none.
//
// At the return of an operation every config must have carried it out. Those that
// have not try all operations called by then in between, and stop as soon as they
// have: what is not needed yet can wait for the next return. Three rules keep the
// configs few, and lose no order:
//
//   - A read that was called and would answer now as it did is carried out at once.
//     It changes nothing, so it can only be in the way later.
//   - Of two configs with the same state and the same completed operations, the one
//     that used fewer open operations can do all that the other can. The other is
//     dropped: this is what keeps open operations cheap.
//   - Open operations that ask the same are carried out in the order of their calls:
//     which of them it was makes no difference to anybody.
type frontier struct {
	search *search
	active []*Operation // completed operations that were called and have not returned, by slot; nil is free
	open   []*Operation // open ones that were called, by slot
	twin   []int        // by slot of open: the last one before that asks the same, or -1
}

// A config is a state that is possible now, and what has been carried out for it.
type config struct {
	state any
	hash  uint64 // of the state
	done  uint64 // slots of frontier.active
	open  uint64 // slots of frontier.open
}

// slots is how many operations of a kind a config can tell apart.
const slots = 64

// maxConfigs bounds the memory of a frontier.
const maxConfigs = 200_000

// comparisons is how many configs may be compared for the price of a model step.
// Without counting them a search of few steps could take minutes.
const comparisons = 16

// decide judges a key, given its completed and open operations in the order of
// their calls.
func (f *frontier) decide(done, open []*Operation) Verdict {
	if len(open) > slots {
		return Undecided
	}
	returns := slices.Clone(done)
	slices.SortStableFunc(returns, func(a, b *Operation) int { return cmp.Compare(a.Return, b.Return) })
	f.active = make([]*Operation, slots)
	now := newConfigs(f.search)
	now.add(f.config(f.search.model.init(), 0, 0))
	for _, op := range returns {
		for len(done) > 0 && !op.before(done[0]) {
			if !f.activate(done[0]) {
				return Undecided
			}
			done = done[1:]
		}
		for len(open) > 0 && !op.before(open[0]) {
			f.call(open[0])
			open = open[1:]
		}
		slot := slices.Index(f.active, op)
		now = f.pass(now, uint64(1)<<slot)
		f.active[slot] = nil
		switch {
		case f.search.gaveUp:
			return Undecided
		case now.size == 0:
			return Illegal
		}
	}
	return OK
}

// activate gives an operation a slot.
func (f *frontier) activate(op *Operation) bool {
	slot := slices.Index(f.active, nil)
	if slot < 0 {
		return false
	}
	f.active[slot] = op
	return true
}

// call gives an open operation a slot.
func (f *frontier) call(op *Operation) {
	twin := len(f.open) - 1
	for twin >= 0 && !reflect.DeepEqual(f.open[twin].Input, op.Input) {
		twin--
	}
	f.open, f.twin = append(f.open, op), append(f.twin, twin)
}

// pass is what is possible once the operation of a slot has returned.
func (f *frontier) pass(before *configs, bit uint64) *configs {
	after, tried := newConfigs(f.search), newConfigs(f.search)
	var work []config
	put := func(c config) {
		c = f.read(c)
		if c.done&bit != 0 {
			c.done &^= bit
			after.add(c)
		} else if tried.add(c) {
			work = append(work, c)
		}
	}
	for _, list := range before.lists {
		for _, c := range list {
			put(c)
		}
	}
	for len(work) > 0 && !f.search.gaveUp {
		c := work[len(work)-1]
		work = work[:len(work)-1]
		for slot, op := range f.active {
			if op == nil || c.done&(1<<slot) != 0 {
				continue
			}
			if next, ok := f.search.answers(c.state, op); ok {
				put(f.config(next, c.done|1<<slot, c.open))
			}
		}
		for slot, op := range f.open {
			if twin := f.twin[slot]; c.open&(1<<slot) == 0 && (twin < 0 || c.open&(1<<twin) != 0) {
				next, _ := f.search.answers(c.state, op)
				put(f.config(next, c.done, c.open|1<<slot))
			}
		}
		if after.size+tried.size > maxConfigs {
			f.search.gaveUp = true
		}
	}
	return after
}

// read carries out the reads that would answer now as they did.
func (f *frontier) read(c config) config {
	for slot, op := range f.active {
		if op == nil || c.done&(1<<slot) != 0 || !f.search.model.readOnly(op.Input) {
			continue
		}
		if _, ok := f.search.answers(c.state, op); ok {
			c.done |= 1 << slot
		}
	}
	return c
}

func (f *frontier) config(state any, done, open uint64) config {
	c := config{state: state, done: done, open: open}
	if f.search.model.hash != nil && !f.search.gaveUp {
		c.hash = f.search.model.hash(state)
	}
	return c
}

// answers carries out an operation, which must answer as it did unless it is open.
func (s *search) answers(state any, op *Operation) (next any, ok bool) {
	if s.gaveUp || s.used >= s.limit {
		s.gaveUp = true
		return state, false
	}
	s.used++
	next, out := s.model.apply(state, op.Input)
	return next, op.Certainty != Done || s.model.match(op.Input, out, op.Output)
}

// configs is a set of configs without those that others cover.
type configs struct {
	search *search
	index  map[uint64]int // by state and done: the place in lists
	lists  [][]config
	size   int
}

func newConfigs(s *search) *configs {
	return &configs{search: s, index: make(map[uint64]int)}
}

// add adds a config; it is false if another one covers it.
func (s *configs) add(c config) bool {
	key := c.hash ^ bits.RotateLeft64(c.done*0x9e3779b97f4a7c15, 32)
	i, known := s.index[key]
	if !known {
		i = len(s.lists)
		s.index[key] = i
		s.lists = append(s.lists, nil)
	}
	list := s.lists[i]
	s.search.used += len(list) / comparisons
	kept := list[:0:0]
	for _, d := range list {
		if c.done != d.done || c.hash != d.hash || !s.search.model.equal(c.state, d.state) {
			kept = append(kept, d)
			continue
		}
		if d.open&^c.open == 0 {
			return false
		}
		if c.open&^d.open != 0 {
			kept = append(kept, d)
		}
	}
	s.size += 1 + len(kept) - len(list)
	s.lists[i] = append(kept, c)
	return true
}
