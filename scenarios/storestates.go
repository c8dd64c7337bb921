package scenarios

import (
	"sort"
	"strings"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// States that the histories of the store must reach in a campaign.
const (
	sawSwap             = "history.swapped"           // two puts of a client on a key took effect the other way round (R18)
	sawVanished         = "history.vanished"          // a put that nobody waited for had not happened at the end (R23)
	sawAfterDeath       = "history.after-death"       // one happened after its client had died (R23)
	sawAfterReconfigure = "history.after-reconfigure" // one happened after its client was told RECONFIGURE (R23)
	sawSecondLife       = "history.second-life"       // a client that had died came back and was served
	sawHalfFriendship   = "history.half-friendship"   // one half of a friendship was seen without the other (R11)
)

// A register is the history of one key that sees only puts of unique values, and
// gets, so that each value tells who wrote it.
type register struct {
	writes  []write
	glances []glance
}

// A write is a put, or a glance what a get saw.
type write struct {
	op    *linearizability.Operation
	value string
}

type glance = write

// noteStates marks the states that a run shows. It finds no fault.
func noteStates(o *sim.Observation) error {
	ends := endsOf(o)
	for _, r := range registers(o) {
		if r.swapped() {
			o.Sometimes(sawSwap)
		}
		if r.vanished(ends) {
			o.Sometimes(sawVanished)
		}
	}
	noteLate(o, ends)
	return nil
}

// registers sorts a history by the keys that are plain registers.
func registers(o *sim.Observation) []*register {
	byKey := map[object]*register{}
	var out []*register
	for i := range o.History.Operations {
		op := &o.History.Operations[i]
		in, ok := op.Input.(models.Op)
		if !ok || !strings.HasPrefix(in.Space, "words") {
			continue
		}
		at := object{in.Space, in.Key}
		r := byKey[at]
		if r == nil {
			r = &register{}
			byKey[at] = r
			out = append(out, r)
		}
		if in.Verb == models.Put {
			r.writes = append(r.writes, write{op, string(in.Attrs[0].Value.Str)})
		} else if result, ok := op.Output.(models.Result); ok && result.Status.Observed() {
			g := glance{op: op}
			if len(result.Attrs) > 0 {
				g.value = string(result.Attrs[0].Value.Str)
			}
			r.glances = append(r.glances, g)
		}
	}
	return out
}

// Began is the fact that a client started, at first or after a crash. What an
// earlier incarnation issued stays open for ever.
type Began struct{ Boot uint64 }

// An incarnation is one life of a client, from a boot to a crash.
type incarnation struct {
	client string
	boot   uint64
}

// The ends of a run are when clients died, and when operations were told that
// nobody knows their outcome.
type ends struct {
	died map[incarnation]int64
	told map[linearizability.OpID]int64
}

func endsOf(o *sim.Observation) ends {
	e := ends{died: map[incarnation]int64{}, told: map[linearizability.OpID]int64{}}
	boots := map[string]uint64{}
	for _, n := range o.Notes {
		switch f := n.Fact.(type) {
		case Began:
			boots[n.Host] = f.Boot
		case sim.FaultBegan:
			fault, err := faults.ParseFault(f.Text)
			if err == nil && fault.Kind == faults.Crash {
				for _, host := range fault.Hosts {
					e.died[incarnation{host, boots[host]}] = n.Seq
				}
			}
		case linearizability.Returned:
			if f.Outcome.Certainty == linearizability.Unknown {
				e.told[f.Op] = n.Seq
			}
		}
	}
	return e
}

// swapped: a put was called before another of its client and overwrote it.
func (r *register) swapped() bool {
	for _, g := range r.glances {
		a := r.writer(g.value)
		if a == nil {
			continue
		}
		for i := range r.writes {
			b := r.writes[i].op
			if b.ID.Client == a.ID.Client && a.Call < b.Call && b.Return < g.op.Call {
				return true
			}
		}
	}
	return false
}

// vanished: a put never returned, and at the end there is a value that it would
// have overwritten.
func (r *register) vanished(e ends) bool {
	for _, g := range r.glances {
		before := r.writer(g.value)
		if g.op.ID.Client != "final" || before == nil {
			continue
		}
		for i := range r.writes {
			w := r.writes[i].op
			if w.Return == linearizability.Open && e.told[w.ID] == 0 && before.Return < w.Call {
				return true
			}
		}
	}
	return false
}

// writer finds the put of a value; nil for none.
func (r *register) writer(value string) *linearizability.Operation {
	for i := range r.writes {
		if r.writes[i].value == value {
			return r.writes[i].op
		}
	}
	return nil
}

// noteLate looks for operations that no copy had applied when their client died,
// or was told RECONFIGURE, and that were committed afterwards; and for clients that
// came back and were served.
func noteLate(o *sim.Observation, e ends) {
	type step struct {
		at  int64
		seq uint64
	}
	steps := map[store.RegionID][]step{} // when a region came further than before
	lives := map[string]incarnation{}    // of each client, the last
	back := map[string]bool{}            // clients with more than one
	// The n-th operation that an incarnation issued has request number n.
	issued := map[incarnation][]linearizability.OpID{}
	for _, n := range o.Notes {
		switch f := n.Fact.(type) {
		case Began:
			_, back[n.Host] = lives[n.Host]
			lives[n.Host] = incarnation{n.Host, f.Boot}
		case linearizability.Called:
			life := lives[f.Op.Client]
			issued[life] = append(issued[life], f.Op)
		case linearizability.Returned:
			if back[f.Op.Client] && f.Outcome.Certainty == linearizability.Done {
				o.Sometimes(sawSecondLife)
			}
		case store.Applied:
			if s := steps[f.Region]; len(s) == 0 || s[len(s)-1].seq < f.Seq {
				steps[f.Region] = append(s, step{n.Seq, f.Seq})
			}
		case store.Committed:
			for i, id := range f.Requests {
				life := incarnation{id.Client, id.Boot}
				seq := f.Seq - uint64(len(f.Requests)-1-i)
				s := steps[f.Region]
				j := sort.Search(len(s), func(j int) bool { return s[j].seq >= seq })
				if j == len(s) || id.N > uint64(len(issued[life])) {
					continue
				}
				if died := e.died[life]; died != 0 && died < s[j].at {
					o.Sometimes(sawAfterDeath)
				}
				if told := e.told[issued[life][id.N-1]]; told != 0 && told < s[j].at {
					o.Sometimes(sawAfterReconfigure)
				}
			}
		}
	}
}
