package scenarios

import (
	"fmt"
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// storeOverload gives the servers more to do than they can, for a while, and holds
// them to being as fast afterwards as they were before: an overload that goes on
// after its cause is gone is a metastable failure (Huang et al., OSDI 2022).
func storeOverload() sim.Scenario {
	load := Load{Clients: 3, Keys: 6, Spaces: 2}
	s := storeScenario(sim.Scenario{
		Name: "store/overload",
		Doc:  "far more operations than the servers can take, then as few as before, which must be as fast as before",
		Knobs: func(d *faults.Draw) sim.Knobs {
			return sim.Knobs{}.
				With("burst", []int{60, 120, 240}[d.IntN("burst", 3)]).
				With("lease", drawLease(d)).
				With("retry", []string{"0s", "5ms"}[d.IntN("retry", 2)])
		},
		Profile: storeHosts(faults.Profile{DelayMin: time.Millisecond, DelayMax: 8 * time.Millisecond, FIFO: 500}),
		Service: 300 * time.Microsecond,
		Checks:  []sim.Check{{Name: "goodput", Func: checkGoodput}},
	}, load)
	s.Workload.Generate = func(d *faults.Draw, k sim.Knobs) []sim.Op { return overload(load, d, k) }
	return s
}

const (
	calmOps  = 40 // of each client before the overload, and after
	calmTime = 5 * time.Millisecond
	// restTime is how long the system has to recover. It is far more than the overload
	// lasts.
	restTime = 5 * time.Second
)

// overload writes the lines: calm, as many operations as fit at once, rest, calm.
func overload(load Load, d *faults.Draw, k sim.Knobs) []sim.Op {
	var out []sim.Op
	burst := k.Int("burst", 120)
	for c := range load.Clients {
		name := fmt.Sprintf("c%d", c)
		n := 0
		issue := func(i int) { // the i-th calm operation is the same before and after
			n++
			op := models.Op{Verb: models.Get, Space: "words", Key: fmt.Sprintf("k%d", d.Sub(name, i).IntN("key", load.Keys))}
			if d.Sub(name, i).Permille("put", 500) {
				op.Verb = models.Put
				op.Attrs = []models.Attr{{Name: "word", Value: models.StringValue(fmt.Sprintf("%s.%d", name, n))}}
			}
			out = append(out, sim.Op{Client: name, N: n, Do: op})
		}
		line := func(do fmt.Stringer) { out = append(out, sim.Op{Client: name, Do: do}) }
		calm := func() {
			for i := range calmOps {
				issue(i)
				line(Wait{N: n})
				line(Sleep{For: calmTime})
			}
		}
		calm()
		for i := range burst {
			issue(calmOps + i)
		}
		line(Flush{})
		line(Sleep{For: restTime})
		calm()
	}
	return out
}

// checkGoodput compares how long the calm operations took after the overload with
// how long they took before: they may take a tenth more, and what chance may add to
// that. It says nothing about plans in which some are missing.
func checkGoodput(o *sim.Observation) error {
	burst := o.Knobs.Int("burst", 120)
	called := map[linearizability.OpID]time.Duration{}
	var before, after sample
	for _, n := range o.Notes {
		switch f := n.Fact.(type) {
		case linearizability.Called:
			called[f.Op] = n.At
		case linearizability.Returned:
			took := n.At - called[f.Op]
			switch i := f.Op.N; {
			case f.Op.Client == "final":
			case i > calmOps/2 && i <= calmOps: // the first ones wait for the space
				before.add(took)
			case i > calmOps*3/2+burst:
				after.add(took)
			}
		}
	}
	if before.n == 0 || before.n != after.n {
		return nil
	}
	// Five standard errors: one run in millions.
	more := after.mean() - before.mean()*10/9
	if more > 0 && more*more > 25*(before.variance()+after.variance())/before.n {
		return fmt.Errorf("the overload never ended: %v after it a calm operation takes %dus, and before it the same took %dus (means of %d)",
			restTime, after.mean(), before.mean(), before.n)
	}
	return nil
}

// A sample adds up durations, in microseconds.
type sample struct{ n, sum, squares int64 }

func (s *sample) add(d time.Duration) {
	us := d.Microseconds()
	s.n, s.sum, s.squares = s.n+1, s.sum+us, s.squares+us*us
}

func (s *sample) mean() int64     { return s.sum / s.n }
func (s *sample) variance() int64 { return max(0, s.squares/s.n-s.mean()*s.mean()) }
