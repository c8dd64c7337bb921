package harness

import (
	"container/list"
	"iter"
)

// openMost bounds the messages that are remembered because nothing has come from them,
// and of those that have come: of what is older nobody can say where it came from.
const openMost = 1 << 15

// sendings are the messages that nothing has come from yet, at most openMost.
type sendings struct {
	order   *list.List                 // of sending, the oldest first
	content map[uint64][]*list.Element // the latest last
}

func newSendings() sendings {
	return sendings{list.New(), map[uint64][]*list.Element{}}
}

// add adds a message. If there are too many, the oldest one is given up.
func (o *sendings) add(s sending) (oldest sending, full bool) {
	o.content[s.content] = append(o.content[s.content], o.order.PushBack(s))
	if o.order.Len() <= openMost {
		return sending{}, false
	}
	front := o.order.Front()
	oldest = front.Value.(sending)
	o.remove(front, oldest.content, 0)
	return oldest, true
}

// take returns the latest message of a content.
func (o *sendings) take(content uint64) (s sending, ok bool) {
	same := o.content[content]
	if len(same) == 0 {
		return s, false
	}
	last := same[len(same)-1]
	s = last.Value.(sending)
	o.remove(last, content, len(same)-1)
	return s, true
}

func (o *sendings) remove(e *list.Element, content uint64, i int) {
	o.order.Remove(e)
	same := o.content[content]
	if len(same) == 1 {
		delete(o.content, content)
		return
	}
	o.content[content] = append(same[:i], same[i+1:]...)
}

// all are the messages, the oldest first.
func (o *sendings) all() iter.Seq[sending] {
	return func(yield func(sending) bool) {
		for e := o.order.Front(); e != nil; e = e.Next() {
			if !yield(e.Value.(sending)) {
				return
			}
		}
	}
}

// arrivals are the last messages that something came from, by content: those of the
// last openMost deliveries at least.
type arrivals struct{ young, old map[uint64]arrival }

// An arrival is what a delivery that comes of the same message once more has to know.
type arrival struct {
	key   uint64
	cause int64
	path  string
}

func (a *arrivals) add(content uint64, m arrival) {
	if a.young == nil || len(a.young) >= openMost {
		a.young, a.old = map[uint64]arrival{}, a.young
	}
	a.young[content] = m
}

// get returns the zero arrival if there is none.
func (a *arrivals) get(content uint64) arrival {
	if m, ok := a.young[content]; ok {
		return m
	}
	return a.old[content]
}
