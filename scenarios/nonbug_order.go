package scenarios

import (
	"errors"
	"fmt"
	"time"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// The stories of what comes in another order than one thinks, or more than once.

// N04: operations on different keys complete in any order.
var outOfOrder = nonbug{
	name:    "N04-out-of-order",
	doc:     "operations that a daemon is slow to get or to answer complete after those that were issued later",
	clients: 1,
	knobs: func(d *faults.Draw, k sim.Knobs) sim.Knobs {
		return k.With("daemons", 2).With("tolerate", 1).With("partitions", d.Between("partitions", 2, 4)).
			With("slow", d.Between("slow", 1, 2)).
			With("way", []string{"request", "reply"}[d.IntN("way", 2)])
	},
	lines: func(s *story) {
		slow := fmt.Sprintf("daemon%d", s.k.Int("slow", 1))
		var first, second []string
		// The heads of the keys' chains are two.
		for i := s.d.IntN("key", 1000); len(first) < 3 || len(second) < 3; i++ {
			key := fmt.Sprintf("key%d", i)
			if leader(regionOf(s.k, 1, key)) == slow {
				first = append(first, key)
			} else {
				second = append(second, key)
			}
		}
		c := s.client(0)
		c.call(getWord(first[0]))
		c.call(getWord(second[0]))
		c.point("slow")
		n := 0
		for _, keys := range [][]string{first[:s.d.Between("slow ones", 1, 3)], second[:s.d.Between("fast ones", 1, 3)]} {
			for _, key := range keys {
				c.issue(s.word(key, key))
				n++
			}
		}
		for range n {
			c.line(Loop{})
		}
	},
	faults: func(d *faults.Draw, k sim.Knobs, _ *faults.Net) faults.Schedule {
		from, to := []string{"c0"}, []string{fmt.Sprintf("daemon%d", k.Int("slow", 1))}
		if k.String("way", "") == "reply" {
			from, to = to, from
		}
		return faults.Schedule{at("slow", faults.Fault{Kind: faults.Clog, Hosts: from, Others: to, For: units(d, "hold", k, 1, 4)})}
	},
	odd: func(o *sim.Observation) error {
		slow := fmt.Sprintf("daemon%d", o.Knobs.Int("slow", 1))
		var first, second []*linearizability.Operation
		for _, op := range told(o, "c0") {
			in := op.Input.(models.Op)
			switch {
			case in.Verb != models.Put:
			case leader(regionOf(o.Knobs, 1, in.Key)) == slow:
				first = append(first, op)
			default:
				second = append(second, op)
			}
		}
		for _, a := range first {
			for _, b := range second {
				if a.Return == linearizability.Open || b.Return > a.Return {
					return fmt.Errorf("%v did not complete after %v", a, b)
				}
			}
		}
		return nil
	},
}

// N05: the daemon gets a request again and again, because no answer comes through,
// and answers each. The effect is there once, and the client takes one answer.
var manyDeliveries = nonbug{
	name:    "N05-many-deliveries",
	doc:     "a request is delivered five times and more, with one effect and equal answers",
	clients: 1,
	knobs: func(d *faults.Draw, k sim.Knobs) sim.Knobs {
		return anyShape(d, k).With("retry", time.Duration(d.Between("retry", 40, 60))*time.Millisecond).
			With("hold", time.Duration(d.Between("hold", 2000, 6000))*time.Millisecond)
	},
	lines: func(s *story) {
		c, key := s.client(0), s.key("counter")
		count := func(v models.Verb, name string) models.Op {
			n := models.IntValue(int64(s.d.Between(name, 1, 1000)))
			return models.Op{Verb: v, Space: "things", Key: "once " + key, Attrs: []models.Attr{{Name: "count", Value: n}}}
		}
		c.call(count(models.Put, "start"))
		c.point("hold")
		c.call(count(models.AtomicAdd, "addend"))
		c.call(models.Op{Verb: models.Get, Space: "things", Key: "once " + key})
	},
	faults: func(d *faults.Draw, k sim.Knobs, net *faults.Net) faults.Schedule {
		net.Duplicate = faults.Permille(d.Between("duplicates", 500, 1000))
		return faults.Schedule{
			at("hold", faults.Fault{Kind: faults.Clog, Hosts: daemonsOf(k), Others: []string{"c0"}, For: k.Duration("hold", 0)}),
		}
	},
	odd: func(o *sim.Observation) error {
		const second = 2 // the number of the addition
		var answers []models.Result
		commits := 0
		for _, n := range o.Notes {
			switch f := n.Fact.(type) {
			case store.Replied:
				if f.ID.Client == "c0" && f.ID.N == second {
					answers = append(answers, f.Result)
				}
			case store.Committed:
				for _, id := range f.Requests {
					if id.Client == "c0" && id.N == second {
						commits++
					}
				}
			}
		}
		if len(answers) < 5 || commits != 1 {
			return fmt.Errorf("the addition was answered %d times and committed %d times", len(answers), commits)
		}
		for _, a := range answers {
			if !a.Equal(models.Result{Status: models.Success}) {
				return fmt.Errorf("the addition was answered %v", a)
			}
		}
		count := func(op *linearizability.Operation) int64 { return op.Input.(models.Op).Attrs[0].Value.Int }
		want := count(numbered(o, "c0", 1)) + count(numbered(o, "c0", second))
		read := numbered(o, "c0", 3)
		if r, ok := read.Output.(models.Result); !ok || len(r.Attrs) == 0 || r.Attrs[0].Value.Int != want {
			return fmt.Errorf("%v, want %d", read, want)
		}
		return nil
	},
}

// N06: two reads that overlap each other and a put may be answered in either order:
// the one that returns first has the new value, the other the old.
var newThenOld = newThenOldWith(true)

// newThenOldWith tells the story with the answer to the old read held back, or
// without: then the second read begins when the first has returned.
func newThenOldWith(overlap bool) nonbug {
	return nonbug{
		name:    "N06-new-then-old",
		doc:     "of two reads that overlap each other and a put, the first to return has the new value and the other the old",
		clients: 3,
		knobs:   anyShape,
		lines: func(s *story) {
			key := s.key("seen")
			writer, first, second := s.client(0), s.client(1), s.client(2)
			writer.call(s.word(key, "old"))
			writer.sleep(2 * s.unit)
			writer.point("write")
			writer.call(s.word(key, "new"))

			second.call(getWord(key))
			second.sleep(units(s.d, "before the write arrives", s.k, 3, 4))
			second.point("read")
			second.call(getWord(key))
			if !overlap {
				second.sleep(6 * s.unit)
				second.call(getWord(key))
			}

			first.call(getWord(key))
			first.sleep(units(s.d, "after the write", s.k, 7, 8))
			first.call(getWord(key))
		},
		// The put reaches its head some time after both reads began; the answer to
		// it, and the one to the second read, come after all else.
		faults: func(_ *faults.Draw, k sim.Knobs, _ *faults.Net) faults.Schedule {
			u, daemons := unitOf(k), daemonsOf(k)
			schedule := faults.Schedule{
				at("write", faults.Fault{Kind: faults.Clog, Hosts: []string{"c0"}, Others: daemons, For: 4 * u}),
				at("write", faults.Fault{Kind: faults.Clog, Hosts: daemons, Others: []string{"c0"}, For: 12 * u}),
			}
			if overlap {
				f := faults.Fault{Kind: faults.Clog, Hosts: daemons, Others: []string{"c2"}, For: 8 * u}
				f.Point, f.Nth, f.Host = "read", 1, "c2"
				schedule = append(schedule, f)
			}
			return schedule
		},
		odd: func(o *sim.Observation) error {
			put, first, second := numbered(o, "c0", 2), numbered(o, "c1", 2), numbered(o, "c2", 2)
			if put == nil || first == nil || second == nil {
				return errors.New("the story was not told to its end")
			}
			if seenWord(first) != putWord(put) || seenWord(second) != putWord(numbered(o, "c0", 1)) {
				return fmt.Errorf("the first read saw %.40q, the second %.40q", seenWord(first), seenWord(second))
			}
			if !(put.Call < second.Call && second.Call < first.Call && first.Return < second.Return && second.Return < put.Return) {
				return errors.New("the reads do not overlap each other and the put")
			}
			return nil
		},
	}
}
