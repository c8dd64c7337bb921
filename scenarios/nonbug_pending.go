package scenarios

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// The stories of operations whose outcome nobody was told: they may vanish, happen
// late, or have happened already.

// N01: no promise was made for a put that nobody waited for and nobody saw. The
// head has it on its disk, but not the tail, when head and client go.
var unwaitedVanishes = nonbug{
	name:    "N01-unwaited-put-vanishes",
	doc:     "a put that nobody waited for is lost with its client and the head, and that is no loss",
	clients: 1,
	knobs: func(d *faults.Draw, k sim.Knobs) sim.Knobs {
		return k.With("daemons", 2).With("tolerate", 1).With("partitions", d.Between("partitions", 1, 4)).
			With("key", d.IntN("key", 1000))
	},
	lines: func(s *story) {
		c, key := s.client(0), vanishingKey(s.k)
		if s.d.Permille("there before", 700) {
			c.call(s.word(key, "before"))
		} else {
			c.call(getWord(key))
		}
		c.point("cut")
		for i := range s.d.Between("puts", 1, 3) {
			c.issue(s.word(key, fmt.Sprintf("vanishes%d", i)))
		}
		c.sleep(units(s.d, "reach the head", s.k, 1, 2))
		c.point("lose")
	},
	faults: func(d *faults.Draw, k sim.Knobs, _ *faults.Net) faults.Schedule {
		head := leader(regionOf(k, 1, vanishingKey(k)))
		tail := daemonsOf(k)
		tail = slices.DeleteFunc(tail, func(h string) bool { return h == head })
		return faults.Schedule{
			at("cut", faults.Fault{Kind: faults.Cut, Hosts: []string{head}, Others: tail, For: 3 * unitOf(k)}),
			at("lose", faults.Fault{Kind: faults.Crash, Hosts: []string{"c0"}}),
			at("lose", faults.Fault{Kind: faults.Wipe, Hosts: []string{head}, For: units(d, "down", k, 0, 4)}),
		}
	},
	odd: func(o *sim.Observation) error {
		ops := told(o, "c0")
		key := ops[0].Input.(models.Op).Key
		cut, err1 := begunFault(o, faults.Cut)
		wipe, err2 := begunFault(o, faults.Wipe)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		region, held := regionOf(o.Knobs, 1, key), false
		for _, n := range o.Notes {
			if f, ok := n.Fact.(store.Persisted); ok && n.Host == wipe.Hosts[0] && cut.seq < n.Seq && n.Seq < wipe.seq {
				held = held || slices.ContainsFunc(f.Marks, func(m store.Mark) bool { return m.Region == region })
			}
		}
		if !held {
			return fmt.Errorf("%s had not made the put durable when its disk was lost", wipe.Hosts[0])
		}
		before := ""
		if ops[0].Input.(models.Op).Verb == models.Put {
			before = putWord(ops[0])
		}
		if word, ok := finalRead(o, "words", key); !ok || word != before {
			return fmt.Errorf("at the end the key has %.40q, not %.40q", word, before)
		}
		return nil
	},
}

func vanishingKey(k sim.Knobs) string { return fmt.Sprintf("vanishing%d", k.Int("key", 0)) }

// N02: a put without an answer may take effect at any time, also when its client
// has been dead for a minute. The etcd robustness tests give such operations the
// largest possible time of return for this reason.
var unwaitedIsLate = nonbug{
	name:    "N02-unwaited-put-is-late",
	doc:     "a put takes effect long after its client has died",
	clients: 2,
	knobs: func(d *faults.Draw, k sim.Knobs) sim.Knobs {
		hold := d.Between("hold", 4_000, 10_000) // beyond the second read
		if d.Permille("long", 150) {
			hold = d.Between("long hold", 10_000, 60_000)
		}
		return anyShape(d, k).With("hold", time.Duration(hold)*time.Millisecond)
	},
	lines: func(s *story) {
		key := s.key("late")
		c := s.client(0)
		if s.d.Permille("there before", 700) {
			c.call(s.word(key, "before"))
		} else {
			c.call(getWord(key))
		}
		c.point("hold")
		c.issue(s.word(key, "late"))
		c.sleep(units(s.d, "alive", s.k, 0, 1))
		c.point("die")

		reader := s.client(1)
		reader.call(getWord(key))
		reader.sleep(units(s.d, "dead", s.k, 2, 3))
		reader.call(getWord(key))
		hold := s.k.Duration("hold", 0)
		reader.sleep(hold + hold/50 + units(s.d, "after", s.k, 0, 2)) // its clock may be fast
		reader.call(getWord(key))
	},
	faults: func(_ *faults.Draw, k sim.Knobs, _ *faults.Net) faults.Schedule {
		return faults.Schedule{
			at("hold", faults.Fault{Kind: faults.Clog, Hosts: []string{"c0"}, Others: daemonsOf(k), For: k.Duration("hold", 0)}),
			at("die", faults.Fault{Kind: faults.Crash, Hosts: []string{"c0"}}),
		}
	},
	odd: func(o *sim.Observation) error {
		death, err := begunFault(o, faults.Crash)
		if err != nil {
			return err
		}
		late := numbered(o, "c0", 2)
		if late == nil || late.Return != linearizability.Open {
			return fmt.Errorf("the put was answered: %v", late)
		}
		missing := false // it had not happened after its client's death
		for _, read := range told(o, "c1") {
			seen := seenWord(read) == putWord(late)
			switch {
			case read.Certainty != linearizability.Done || read.Call < death.seq:
			case !seen:
				missing = true
			case missing:
				return nil
			}
		}
		return errors.New("no client saw the put happen after the death of its client")
	},
}

// anyShape draws a system whose chains are of no importance to the story.
func anyShape(d *faults.Draw, k sim.Knobs) sim.Knobs {
	tolerate := d.Between("tolerate", 0, 2)
	return k.With("tolerate", tolerate).
		With("daemons", d.Between("daemons", tolerate+1, 4)).
		With("partitions", d.Between("partitions", 1, 4))
}

// N03: a timeout of Wait says nothing about the operation, which is outstanding
// still. Others may have seen its effect before its client is told.
var timeoutThenVisible = nonbug{
	name:    "N03-timeout-then-visible",
	doc:     "a wait times out, and the value is there all the same",
	clients: 2,
	knobs: func(d *faults.Draw, k sim.Knobs) sim.Knobs {
		hold := units(d, "hold", k, 1, 6)
		return anyShape(d, k).With("hold", hold).With("lease", 4*hold).
			With("way", []string{"request", "reply", "disk", "pause"}[d.IntN("way", 4)])
	},
	lines: func(s *story) {
		key, hold := s.key("timeout"), s.k.Duration("hold", 0)
		c := s.client(0)
		c.call(s.word(key, "before"))
		c.point("hold")
		n := c.issue(s.word(key, "timeout"))
		c.line(Wait{N: n, For: hold / time.Duration(s.d.Between("patience", 2, 50)) / time.Millisecond * time.Millisecond})
		// The wait is over when this is called, which has no other use.
		c.issue(getWord(key))
		c.sleep(hold + 6*s.unit)
		if s.d.Permille("again", 500) {
			c.line(Wait{N: n})
		}

		reader := s.client(1)
		reader.call(getWord(key))
		for i := range 3 {
			reader.sleep(units(s.d.Sub("read", i), "pause", s.k, 0, 1))
			reader.call(getWord(key))
		}
		reader.sleep(hold + 2*s.unit)
		reader.call(getWord(key))
	},
	faults: func(_ *faults.Draw, k sim.Knobs, net *faults.Net) faults.Schedule {
		hold, daemons := k.Duration("hold", 0), daemonsOf(k)
		f := faults.Fault{For: hold}
		switch k.String("way", "") {
		case "request":
			f.Kind, f.Hosts, f.Others = faults.Clog, []string{"c0"}, daemons
		case "reply":
			f.Kind, f.Hosts, f.Others = faults.Clog, daemons, []string{"c0"}
		case "disk":
			// Each of two calls on each member of the chain has an equal part.
			calls := 2 * (k.Int("tolerate", 1) + 1)
			net.DiskMin, net.DiskMax = 100*time.Microsecond, 100*time.Microsecond
			f.Kind, f.Hosts, f.Factor = faults.SlowDisk, daemons, int(hold/net.DiskMax)/calls
		default:
			f.Kind, f.Hosts = faults.Pause, daemons
		}
		return faults.Schedule{at("hold", f)}
	},
	odd: func(o *sim.Observation) error {
		put, next := numbered(o, "c0", 2), numbered(o, "c0", 3)
		if put == nil || next == nil || put.Return < next.Call {
			return fmt.Errorf("the wait did not time out: %v", put)
		}
		for _, read := range told(o, "c1") {
			if seenWord(read) == putWord(put) && read.Return < put.Return {
				return nil
			}
		}
		return errors.New("no client saw the value before the put was answered")
	},
}
