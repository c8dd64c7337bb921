package scenarios

import (
	"fmt"
	"slices"
	"time"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// A nonbug is a story that looks like a bug of the store and is none: a control of
// the checks, which must be silent about it. Its last check, "odd", fails a run in
// which the odd thing did not happen, because silence about that says nothing.
type nonbug struct {
	name, doc string
	// clients is how many tell the story; a few bystanders work on other keys.
	clients int
	// knobs draws what the story turns on, for clients and faults alike.
	knobs func(d *faults.Draw, k sim.Knobs) sim.Knobs
	lines func(s *story)
	// faults happen at points that the clients note, or at times. The network comes
	// drawn and can be changed.
	faults func(d *faults.Draw, k sim.Knobs, net *faults.Net) faults.Schedule
	odd    func(o *sim.Observation) error
	// heals is when everything heals although clients wait; 0: when they have ended.
	heals time.Duration
}

// NonBugs returns the stories: those of the store, in the order of their numbers, and
// then those of other systems.
func NonBugs() []sim.Scenario {
	var out []sim.Scenario
	for _, n := range []nonbug{
		unwaitedVanishes, unwaitedIsLate, timeoutThenVisible,
		outOfOrder, manyDeliveries, newThenOld,
		nobodyServes, everyCopyLost, windowFull, boundaryValues, pausedIsExpelled,
	} {
		out = append(out, n.scenario())
	}
	return append(out, ticketExpires())
}

// oddCheck is the name of the check that the story happened.
const oddCheck = "odd"

// bystandersMost is how many clients beside those of the story there are at most.
const bystandersMost = 3

func (n nonbug) scenario() sim.Scenario {
	s := storeScenario(sim.Scenario{
		Name:    "nonbug/" + n.name,
		Doc:     n.doc,
		Control: true,
		Profile: storeHosts(faults.Profile{Span: n.heals}),
		Knobs:   n.draw,
		Script: func(d *faults.Draw, k sim.Knobs) (faults.Net, faults.Schedule) {
			net := mildNet(d)
			schedule := n.faults(d, k, &net)
			return net, schedule
		},
		Checks: []sim.Check{{Name: oddCheck, Func: n.odd}},
		Limits: sim.Limits{Settle: settlePatience},
	}, Load{Clients: n.clients, Spaces: 2})
	s.Workload.Generate = n.generate
	s.Workload.Client = newStoreClient(n.clients + bystandersMost)
	return s
}

// draw draws the knobs that all stories have: the unit in which they are told, and
// the number of clients.
func (n nonbug) draw(d *faults.Draw) sim.Knobs {
	return n.knobs(d, sim.Knobs{}.
		With("clients", n.clients+d.IntN("bystanders", bystandersMost+1)).
		With("unit", time.Duration(d.Between("unit", 400, 1000))*time.Millisecond))
}

func (n nonbug) generate(d *faults.Draw, k sim.Knobs) []sim.Op {
	s := &story{d: d, k: k, unit: unitOf(k)}
	n.lines(s)
	return append(s.out, bystanders(d.Sub("bystanders", 0), n.clients, k.Int("clients", n.clients))...)
}

// unitOf is the unit of a story. Clients that begin at the same time are less than
// one apart, and whatever nothing holds back takes less.
func unitOf(k sim.Knobs) time.Duration { return k.Duration("unit", time.Second) }

// units is a time of n to m units, drawn.
func units(d *faults.Draw, name string, k sim.Knobs, n, m int) time.Duration {
	return unitOf(k) * time.Duration(d.Between(name, n*100, m*100)) / 100
}

// mildNet draws a network that disturbs no story: the times of a story are far
// apart, and a message that comes twice is one.
func mildNet(d *faults.Draw) faults.Net {
	n := faults.Net{FIFO: d.Permille("fifo", 500)}
	n.DelayMin = time.Duration(d.Between("delay min", 1, 50)) * 100 * time.Microsecond
	n.DelayMax = n.DelayMin + time.Duration(d.Between("delay more", 0, 15))*time.Millisecond
	n.DiskMax = time.Duration(d.Between("disk", 0, 5)) * time.Millisecond
	if d.Permille("double", 500) {
		n.Duplicate = faults.Permille(d.Between("duplicate", 1, 300))
	}
	if d.Permille("drifts", 500) {
		n.Drift = faults.Permille(d.Between("drift", 1, 10))
	}
	return n
}

// bystanders are the clients from c<first> to c<n-1>, with a little of everything
// on keys that no story is about, in a space that few are about.
func bystanders(d *faults.Draw, first, n int) []sim.Op {
	g := generator{
		load:   Load{Window: 8, Unwaited: 300, Pause: 200 * time.Millisecond},
		d:      d,
		spaces: storeSpaces[:1],
		values: map[object][]models.Value{},
	}
	g.keys, g.verbs = []string{"k0", "k1", "k2"}, g.drawVerbs()
	for c := first; c < n; c++ {
		g.client(c, d.Sub("client", c).Between("ops", 3, 12))
	}
	return g.out
}

// A story is the plan of a nonbug while it is written.
type story struct {
	d    *faults.Draw
	k    sim.Knobs
	unit time.Duration
	out  []sim.Op
}

// A teller writes the lines of one client.
type teller struct {
	s      *story
	client string
	n      int
}

func (s *story) client(i int) *teller { return &teller{s: s, client: fmt.Sprintf("c%d", i)} }

// issue has the client issue an operation, and returns its number.
func (t *teller) issue(op models.Op) int {
	t.n++
	t.s.out = append(t.s.out, sim.Op{Client: t.client, N: t.n, Do: op})
	return t.n
}

// line adds a line that issues nothing.
func (t *teller) line(do fmt.Stringer) {
	t.s.out = append(t.s.out, sim.Op{Client: t.client, Do: do})
}

// call issues an operation and waits for it.
func (t *teller) call(op models.Op) int {
	n := t.issue(op)
	t.line(Wait{N: n})
	return n
}

// read reads a key until the answer is certain, also if the system changes.
func (t *teller) read(space, key string) {
	t.n++
	t.s.out = append(t.s.out, sim.Op{Client: t.client, N: t.n, Do: Read{Space: space, Key: key}})
}

func (t *teller) sleep(d time.Duration) { t.line(Sleep{For: d.Round(time.Millisecond)}) }
func (t *teller) point(name string)     { t.line(Point{Name: name}) }

// key draws the key of a story. Some look as if there were none.
func (s *story) key(name string) string {
	d := s.d.Sub(name, 0)
	if odd := []string{"", "\x00", "NOTFOUND", "null", "0"}; d.Permille("odd key", 300) {
		return odd[d.IntN("which", len(odd))]
	}
	return fmt.Sprintf("%s%d", name, d.IntN("key", 1000))
}

// word is a put of a text that no other put of the run has.
func (s *story) word(key, unique string) models.Op {
	d := s.d.Sub(unique, 0)
	g := generator{long: 5}
	return models.Op{Verb: models.Put, Space: "words", Key: key, Attrs: []models.Attr{
		{Name: "word", Value: models.StringValue(g.word(d, fmt.Sprintf("%s.%d", unique, d.IntN("value", 1000))))},
	}}
}

func getWord(key string) models.Op { return models.Op{Verb: models.Get, Space: "words", Key: key} }

// at is a fault that begins when client 0 notes a point for the first time.
func at(point string, f faults.Fault) faults.Fault {
	f.Point, f.Nth, f.Host = point, 1, "c0"
	return f
}

// daemonsOf names the daemons of a run.
func daemonsOf(k sim.Knobs) []string {
	var out []string
	for i := range k.Int("daemons", 3) {
		out = append(out, fmt.Sprintf("daemon%d", i+1))
	}
	return out
}

// regionOf is the region of a key of a space that is the n-th of those a run
// creates, counted from 0.
func regionOf(k sim.Knobs, n int, key string) store.RegionID {
	space := storeSpaces[n]
	space.Partitions = k.Int("partitions", 4)
	c := store.Config{
		Spaces:  []store.Space{{Def: space, First: store.RegionID(n * space.Partitions)}},
		Regions: make([]store.Region, (n+1)*space.Partitions),
	}
	for i := range c.Regions {
		c.Regions[i].ID = store.RegionID(i)
	}
	return c.RegionOf(space.Name, key).ID
}

// leader names the daemon that is first in the chain of a region as it is created
// on two daemons: they take turns.
func leader(r store.RegionID) string { return fmt.Sprintf("daemon%d", r%2+1) }

// told lists the operations of a client, in the order of their calls.
func told(o *sim.Observation, client string) []*linearizability.Operation {
	var out []*linearizability.Operation
	for i := range o.History.Operations {
		if op := &o.History.Operations[i]; op.ID.Client == client {
			out = append(out, op)
		}
	}
	return out
}

// numbered finds an operation of a client; nil for none.
func numbered(o *sim.Observation, client string, n int) *linearizability.Operation {
	for _, op := range told(o, client) {
		if op.ID.N == n {
			return op
		}
	}
	return nil
}

// finalRead is what the host "final" saw of a key, as the text of its word or ""
// for none; ok is false if it saw nothing for certain.
func finalRead(o *sim.Observation, space, key string) (word string, ok bool) {
	for _, op := range told(o, "final") {
		if in, isOp := op.Input.(models.Op); isOp && in.Space == space && in.Key == key && op.Certainty == linearizability.Done {
			return seenWord(op), true
		}
	}
	return "", false
}

// seenWord is the text that a get saw, or "" for none: no story writes an empty one.
func seenWord(op *linearizability.Operation) string {
	if r, ok := op.Output.(models.Result); ok && len(r.Attrs) > 0 {
		return string(r.Attrs[0].Value.Str)
	}
	return ""
}

// putWord is the text that a put writes.
func putWord(op *linearizability.Operation) string {
	return string(op.Input.(models.Op).Attrs[0].Value.Str)
}

// A begun is a fault that was carried out.
type begun struct {
	faults.Fault
	seq int64
	at  time.Duration
}

// begunFault finds the first fault that is of one of the kinds.
func begunFault(o *sim.Observation, kinds ...faults.Kind) (begun, error) {
	for _, n := range o.Notes {
		if b, ok := n.Fact.(sim.FaultBegan); ok {
			if f, err := faults.ParseFault(b.Text); err == nil && slices.Contains(kinds, f.Kind) {
				return begun{f, n.Seq, n.At}, nil
			}
		}
	}
	return begun{}, fmt.Errorf("no %v was carried out", kinds)
}
