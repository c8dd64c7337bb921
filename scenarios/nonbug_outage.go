package scenarios

import (
	"errors"
	"fmt"
	"time"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/sim"
)

// The stories of hosts that are away, more of them or for longer than the system
// is made for.

// N08: with more members cut off than a space tolerates, nothing is answered. What
// is owed is that it goes on when everything has healed.
var nobodyServes = nonbug{
	name:    "N08-nobody-serves",
	doc:     "no progress while too many are cut off, and recovery afterwards",
	clients: 1,
	knobs: func(d *faults.Draw, k sim.Knobs) sim.Knobs {
		tolerate := d.Between("tolerate", 1, 3)
		return k.With("tolerate", tolerate).With("daemons", tolerate+1).
			With("partitions", d.Between("partitions", 1, 4)).
			With("lease", []time.Duration{200, 300, 500}[d.IntN("lease", 3)]*time.Millisecond).
			With("hold", time.Duration(d.Between("hold", 2000, 8000))*time.Millisecond).
			With("way", []string{"daemons", "coordinator"}[d.IntN("way", 2)])
	},
	lines: func(s *story) {
		c, key := s.client(0), s.key("outage")
		c.call(s.word(key, "first"))
		c.point("cut")
		c.sleep(2*leaseOf(s.k) + 100*time.Millisecond)
		// These are issued in the middle of the outage.
		last := 0
		for i := range s.d.Between("operations", 1, 5) {
			if s.d.Sub("operation", i).Permille("read", 500) {
				last = c.issue(getWord(key))
			} else {
				last = c.issue(s.word(key, fmt.Sprintf("put%d", i)))
			}
		}
		c.line(Wait{N: last, For: 100 * time.Millisecond})
		c.line(Flush{})
		c.read("words", key)
	},
	// Every chain has all the daemons, so a cut between them stops all writes; reads
	// stop when the lease of the tail is over, which the coordinator does not prolong.
	faults: func(d *faults.Draw, k sim.Knobs, _ *faults.Net) faults.Schedule {
		daemons := daemonsOf(k)
		f := faults.Fault{Kind: faults.Isolate, Hosts: daemons, For: k.Duration("hold", 0)}
		if k.String("way", "") == "coordinator" {
			n := d.Between("with the coordinator", 1, len(daemons)-1)
			f.Kind = faults.Partition
			f.Hosts = append([]string{store.CoordinatorHost}, daemons[:n]...)
			f.Others = append([]string{"admin", "final"}, daemons[n:]...)
			for i := range k.Int("clients", 1) {
				f.Others = append(f.Others, fmt.Sprintf("c%d", i))
			}
		}
		return faults.Schedule{at("cut", f)}
	},
	odd: func(o *sim.Observation) error {
		cut, err := begunFault(o, faults.Isolate, faults.Partition)
		if err != nil {
			return err
		}
		from, to := cut.at+2*leaseOf(o.Knobs), cut.at+cut.For
		issued := map[linearizability.OpID]bool{}
		answered, recovered := 0, 0
		for _, n := range o.Notes {
			switch f := n.Fact.(type) {
			case linearizability.Called:
				if from < n.At && n.At < to {
					issued[f.Op] = true
				}
			case linearizability.Returned:
				switch {
				case f.Outcome.Certainty != linearizability.Done:
				case n.At >= to && f.Op.Client == "c0":
					recovered++
				case n.At < to && issued[f.Op]:
					answered++
				}
			}
		}
		if len(issued) == 0 || answered > 0 || recovered == 0 {
			return fmt.Errorf("%d operations were issued during the outage, %d of them answered in it, %d of the client after it", len(issued), answered, recovered)
		}
		return nil
	},
}

// leaseOf is how long a daemon that was cut off may still answer reads alone.
func leaseOf(k sim.Knobs) time.Duration {
	return k.Duration("lease", 500*time.Millisecond)
}

// N09: nothing is promised once every copy is destroyed. That is a loss, and must be
// told as one, but it is no violation.
var everyCopyLost = nonbug{
	name:    "N09-every-copy-lost",
	doc:     "all disks are destroyed, and what was on them is an expected loss",
	clients: 1,
	heals:   5 * time.Second,
	knobs: func(d *faults.Draw, k sim.Knobs) sim.Knobs {
		return anyShape(d, k).With("puts", d.Between("puts", 1, 5))
	},
	lines: func(s *story) {
		c := s.client(0)
		for i := range s.k.Int("puts", 1) {
			c.call(s.word(fmt.Sprintf("lost%d", i), fmt.Sprintf("put%d", i)))
		}
		c.point("lose")
	},
	faults: func(d *faults.Draw, k sim.Knobs, _ *faults.Net) faults.Schedule {
		f := faults.Fault{Kind: faults.Destroy, Hosts: daemonsOf(k)}
		if d.Permille("come back empty", 500) {
			f.Kind, f.For = faults.Wipe, units(d, "down", k, 0, 3)
		}
		return faults.Schedule{at("lose", f)}
	},
	// The history may have lost these operations already, the notes have not.
	odd: func(o *sim.Observation) error {
		loss, err := begunFault(o, faults.Destroy, faults.Wipe)
		if err != nil {
			return err
		}
		promised := 0
		for _, n := range o.Notes {
			f, ok := n.Fact.(linearizability.Returned)
			switch {
			case !ok || f.Outcome.Certainty != linearizability.Done:
			case f.Op.Client == "c0" && n.Seq < loss.seq:
				promised++
			case n.Seq > loss.seq && f.Op.Client == "final":
				return fmt.Errorf("%v was answered though nothing is left", f.Op)
			}
		}
		if want := o.Knobs.Int("puts", 1); promised != want {
			return fmt.Errorf("%d puts were acknowledged before the loss, want %d", promised, want)
		}
		return nil
	},
}

// N12: a daemon that is paused for longer than its silence is borne loses its
// place, though nothing is wrong with it. It finds configurations of which it
// never heard, and gets its copies anew.
var pausedIsExpelled = nonbug{
	name:    "N12-paused-is-expelled",
	doc:     "a healthy daemon is expelled in a long pause and comes back with a full transfer, epochs later",
	clients: 1,
	knobs: func(d *faults.Draw, k sim.Knobs) sim.Knobs {
		daemons := d.Between("daemons", 2, 4)
		return k.With("daemons", daemons).With("tolerate", daemons-1).
			With("partitions", d.Between("partitions", 1, 4)).
			With("lease", []time.Duration{200, 300, 500}[d.IntN("lease", 3)]*time.Millisecond).
			With("paused", d.Between("paused", 1, daemons))
	},
	lines: func(s *story) {
		c, key := s.client(0), s.key("paused")
		c.call(s.word(key, "before"))
		c.point("pause")
		for i := range 3 {
			c.sleep(units(s.d.Sub("write", i), "between", s.k, 1, 2))
			c.line(Wait{N: c.issue(s.word(key, fmt.Sprintf("during%d", i))), For: 20 * time.Millisecond})
		}
		c.point("crash")
		c.sleep(10 * s.unit)
		c.line(Flush{})
		c.read("words", key)
	},
	// Of the daemons that are left, or the coordinator, one starts anew meanwhile,
	// which is another change of every chain.
	faults: func(d *faults.Draw, k sim.Knobs, _ *faults.Net) faults.Schedule {
		paused := fmt.Sprintf("daemon%d", k.Int("paused", 1))
		others := []string{store.CoordinatorHost}
		for _, h := range daemonsOf(k) {
			if h != paused {
				others = append(others, h)
			}
		}
		return faults.Schedule{
			at("pause", faults.Fault{Kind: faults.Pause, Hosts: []string{paused}, For: 10 * unitOf(k)}),
			at("crash", faults.Fault{
				Kind: faults.Crash, Hosts: others[d.IntN("crashed", len(others)):][:1],
				For: time.Duration(d.Between("down", 10, 100)) * time.Millisecond,
			}),
		}
	},
	odd: func(o *sim.Observation) error {
		paused := fmt.Sprintf("daemon%d", o.Knobs.Int("paused", 1))
		var epochs []uint64 // that it adopted
		boots := map[uint64]bool{}
		expelled, back := false, false
		for _, n := range o.Notes {
			switch f := n.Fact.(type) {
			case store.Adopted:
				if n.Host == paused {
					epochs = append(epochs, f.Config.Epoch)
					boots[f.Boot] = true
				}
			case store.Published:
				without, anew := true, true
				for i := range f.Config.Regions {
					r := &f.Config.Regions[i]
					at := r.Index(paused)
					without = without && at < 0
					anew = anew && at >= 0 && r.Chain[at].Data != 0
				}
				if len(f.Config.Regions) > 0 {
					expelled = expelled || without
					back = expelled && anew
				}
			}
		}
		jump := uint64(0)
		for i := 1; i < len(epochs); i++ {
			jump = max(jump, epochs[i]-epochs[i-1])
		}
		switch {
		case len(boots) != 1:
			return fmt.Errorf("%s had %d boots", paused, len(boots))
		case !expelled:
			return errors.New(paused + " was not expelled")
		case !back:
			return errors.New(paused + " did not come back with new copies")
		case jump < 2:
			return fmt.Errorf("%s adopted the epochs %d: no jump", paused, epochs)
		}
		return nil
	},
}
