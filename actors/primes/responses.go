package primes

import (
	"maps"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// responses is a response store in memory: an actor that keeps entries until their
// time to live is over. A crash loses them all. It is on a host of its own, or on each
// server.
type responses struct {
	env    actors.Env
	timing Timing
	room   int // most entries

	entries map[string]*entry
	order   []string          // ids by the time of their creation; some are gone
	fences  map[string]*fence // by server
	swept   bool              // a sweep is due
	noted   marks
}

// An entry is one request. until ends its time to live, or its lease while it is in
// progress; both are times of this host's monotonic clock.
type entry struct {
	response Response
	until    time.Duration
}

// A fence keeps late creates of a server out: entries that have expired must not come
// back because of a message that was long on its way. made has the creates that were
// carried out, from lowest on, so it is no larger than what a server has open.
type fence struct {
	boot, lowest uint64
	made         map[uint64]bool
}

// sweep is the timer of a response store.
type sweep struct{}

// newResponses makes a response store in memory.
func newResponses(o Options) actors.Producer {
	return func(env actors.Env) actor.Actor {
		return &responses{
			env: env, timing: o.Timing, room: o.Limits.Entries,
			entries: map[string]*entry{}, fences: map[string]*fence{}, noted: marks{env: env},
		}
	}
}

// Receive handles one message; see actor.Actor.
func (s *responses) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		s.env.Note(StoreBegan{Boot: s.env.Boot})
	case create:
		ctx.Respond(created{ID: m.ID, OK: s.create(m)})
	case read:
		s.read(ctx, m.ID)
	case renew:
		if e := s.live(m.ID); e != nil && !e.response.Status.Terminal() {
			e.until = s.env.Clock.Now() + s.timing.Lease
			s.env.Note(Renewing{ID: m.ID})
			s.env.Note(Renewed{ID: m.ID})
		}
	case settle:
		ctx.Respond(s.settle(m))
	case Census:
		ctx.Respond(Count{Entries: len(s.entries)})
	case sweep:
		s.sweep()
	}
}

// create reports whether there is an entry. One that exists is left as it is: the
// message may be late, and the request already finished.
func (s *responses) create(m create) bool {
	if s.entries[m.ID] != nil {
		return true
	}
	f := s.fences[m.Server]
	if f == nil {
		f = &fence{}
		s.fences[m.Server] = f
	}
	if !f.pass(m) {
		return false
	}
	s.entries[m.ID] = &entry{
		response: Response{ID: m.ID, Status: InProgress},
		until:    s.env.Clock.Now() + s.timing.Lease,
	}
	s.order = append(s.order, m.ID)
	s.env.Note(Created{ID: m.ID})
	s.evict()
	s.sweepLater()
	return true
}

// pass reports whether a create is new.
func (f *fence) pass(m create) bool {
	switch {
	case m.Boot < f.boot || m.Boot == f.boot && (m.N < f.lowest || f.made[m.N]):
		return false
	case m.Boot > f.boot:
		*f = fence{boot: m.Boot, made: map[uint64]bool{}}
	}
	f.made[m.N] = true
	if m.Lowest > f.lowest {
		f.lowest = m.Lowest
		maps.DeleteFunc(f.made, func(n uint64, _ bool) bool { return n < f.lowest })
	}
	return true
}

// evict makes room: the oldest entry goes, whatever its state.
func (s *responses) evict() {
	for len(s.entries) > s.room {
		oldest := s.order[0]
		s.order = s.order[1:]
		if s.entries[oldest] == nil {
			continue
		}
		delete(s.entries, oldest)
		s.env.Note(Evicted{ID: oldest})
		s.noted.mark(SawEvicted)
	}
}

// live returns an entry after what its clock says has been done to it, or nil.
func (s *responses) live(id string) *entry {
	e := s.entries[id]
	if e == nil {
		return nil
	}
	now := s.env.Clock.Now()
	if now >= e.until && !e.response.Status.Terminal() {
		// Nobody has held the job since: it fails now, not when the lease ran out, so
		// that its failure can be seen for a whole time to live.
		s.env.Note(Lapsed{ID: id})
		s.end(e, Failed, "", Lost)
		s.noted.mark(SawLost)
	}
	if now >= e.until {
		delete(s.entries, id)
		s.noted.mark(SawExpiry)
		return nil
	}
	return e
}

func (s *responses) read(ctx actor.Context, id string) {
	e := s.live(id)
	if e == nil {
		ctx.Respond(Refusal{NotFound, "no such request"})
		return
	}
	ctx.Respond(e.response)
}

// settle has no effect on an entry that is terminal or gone.
func (s *responses) settle(m settle) settled {
	e := s.live(m.ID)
	switch {
	case e == nil:
		return settled{ID: m.ID}
	case e.response.Status.Terminal():
		s.noted.mark(SawDuplicate)
	default:
		s.end(e, m.Status, m.Payload, m.Reason)
	}
	return settled{ID: m.ID, Entry: e.response}
}

func (s *responses) end(e *entry, status Status, payload, reason string) {
	e.response.Status, e.response.Payload, e.response.Reason = status, payload, reason
	e.until = s.env.Clock.Now() + s.timing.TTL
	s.env.Note(Ended{ID: e.response.ID, Status: status})
}

// sweepLater sets the timer unless it is set.
func (s *responses) sweepLater() {
	if !s.swept {
		s.swept = true
		s.env.Clock.After(s.timing.Sweep, sweep{})
	}
}

// sweep removes what has expired, whether or not anybody asks for it.
func (s *responses) sweep() {
	s.swept = false
	kept := s.order[:0]
	for _, id := range s.order {
		if s.live(id) != nil {
			kept = append(kept, id)
		}
	}
	s.order = kept
	if len(s.entries) > 0 {
		s.sweepLater()
	}
}
