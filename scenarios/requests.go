package scenarios

import (
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// A request is what became of one operation that a client issued. It refers to facts
// of the run and copies none.
type request struct {
	op       linearizability.OpID
	input    any
	open     int   // operations issued and not handed out when it was issued
	span     int   // how many numbers there are from the lowest of those to its own
	reply    any   // the first store.Replied, or the store.Committed that stands for it
	more     []any // and those that followed
	returns  int   // how often it was handed out
	outcome  any   // the first linearizability.Returned
	returned int64 // its place in the order of events
	refused  models.Status
	effect   place // its record, if it took effect
	effects  int
}

// A clientLife is one incarnation of a client. The n-th operation that it issued has
// request number n.
type clientLife struct {
	id       incarnation
	requests []request
	flushed  int   // how many of them the last flush has waited for
	flushAt  int64 // the place of that flush
	open     int
	lowest   int // index of the first that was not handed out
}

// clientLives follows every client that records what it does.
func clientLives(o *sim.Observation) []*clientLife {
	var lives []*clientLife
	for i := range o.Notes {
		n := &o.Notes[i]
		switch f := n.Fact.(type) {
		case Began:
			lives = append(lives, &clientLife{id: incarnation{n.Host, f.Boot}, requests: make([]request, 0, 64)})
		case linearizability.Called:
			if l := latest(lives, n.Host); l != nil {
				l.call(f.Op, f.Input)
			}
		case store.Replied:
			if l := lifeOf(lives, f.ID.Client, f.ID.Boot); l != nil && f.ID.N <= uint64(len(l.requests)) {
				l.requests[f.ID.N-1].answer(n.Fact)
			}
		case store.Committed:
			for _, id := range f.Requests {
				if l := lifeOf(lives, id.Client, id.Boot); l != nil && id.N <= uint64(len(l.requests)) {
					l.requests[id.N-1].answer(n.Fact)
				}
			}
		case RefusedAs:
			if r := latest(lives, n.Host).request(f.N); r != nil {
				r.refused = f.Status
			}
		case linearizability.Returned:
			latest(lives, n.Host).giveBack(f.Op.N, n)
		case Flushed:
			if l := latest(lives, n.Host); l != nil {
				l.flushed, l.flushAt = len(l.requests), n.Seq
			}
		}
	}
	return lives
}

// latest is the present life of a client, or nil. There are few lives.
func latest(lives []*clientLife, client string) *clientLife {
	for i := len(lives) - 1; i >= 0; i-- {
		if lives[i].id.client == client {
			return lives[i]
		}
	}
	return nil
}

// lifeOf finds a life, or returns nil.
func lifeOf(lives []*clientLife, client string, boot uint64) *clientLife {
	for _, l := range lives {
		if l.id.boot == boot && l.id.client == client {
			return l
		}
	}
	return nil
}

func (l *clientLife) call(op linearizability.OpID, input any) {
	l.requests = append(l.requests, request{op: op, input: input, open: l.open, span: len(l.requests) - l.lowest + 1})
	l.open++
}

// request finds an operation of this life by its number in the history, or returns
// nil. Most are among the last ones.
func (l *clientLife) request(n int) *request {
	if l == nil {
		return nil
	}
	for i := len(l.requests) - 1; i >= 0; i-- {
		if l.requests[i].op.N == n {
			return &l.requests[i]
		}
	}
	return nil
}

func (l *clientLife) giveBack(op int, n *sim.Note) {
	r := l.request(op)
	if r == nil {
		return
	}
	r.returns++
	if r.returns > 1 {
		return
	}
	r.outcome, r.returned = n.Fact, n.Seq
	l.open--
	for l.lowest < len(l.requests) && l.requests[l.lowest].returns > 0 {
		l.lowest++
	}
}

func (r *request) answer(fact any) {
	if r.reply == nil {
		r.reply = fact
	} else {
		r.more = append(r.more, fact)
	}
}

// certainty is what the client knows of an operation that was handed out.
func (r *request) certainty() linearizability.Certainty {
	return r.outcome.(linearizability.Returned).Outcome.Certainty
}

// result is the output of an operation that was handed out as done.
func (r *request) result() models.Result {
	result, _ := r.outcome.(linearizability.Returned).Outcome.Output.(models.Result)
	return result
}
