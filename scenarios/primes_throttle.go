package scenarios

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/simrun/simrun/actors/primes"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/sim"
)

// sawAbuse: a client was refused because it asked too often, while another got what it
// wanted.
const sawAbuse = "primes.abuser-throttled"

const (
	abuser = "c0"
	// politeTime is how long a call of a client that keeps to the library may take,
	// whatever another one does.
	politeTime = time.Second
)

// primesThrottle has one client poll as fast as it can, and holds the service to serving
// the others all the same. Steps take time here, so the flood could take it from them.
func primesThrottle() sim.Scenario {
	s := primesScenario(sim.Scenario{
		Name: "primes/throttle",
		Doc:  "one client polls without pause and is refused; those that use the library are served as ever",
		Knobs: func(d *faults.Draw) sim.Knobs {
			return sim.Knobs{}.
				With("servers", d.Between("servers", 1, 4)).
				With("rate", []int{20, 40}[d.IntN("rate", 2)]).
				With("burst", 25).
				With("ttl", []string{"600ms", "2s"}[d.IntN("ttl", 2)]).
				With("slice", "1ms")
		},
		Profile: primesHosts(faults.Profile{
			DelayMin: time.Millisecond, DelayMax: 8 * time.Millisecond, FIFO: 500,
		}, "sv", "rs", "lb"),
		Service:   150 * time.Microsecond,
		Checks:    []sim.Check{{Name: "throttle", Func: checkThrottle}, {Name: "polite", Func: checkPolite}},
		Sometimes: []string{sawAbuse},
	})
	s.Workload.Generate = func(d *faults.Draw, k sim.Knobs) []sim.Op {
		var ops []sim.Op
		for i := range d.Between("floods", 1, 2) {
			d := d.Sub("flood", i)
			ops = append(ops, sim.Op{Client: abuser, Do: Flood{
				A: 1, B: int64(d.Between("b", 2, primesMax)), Count: d.Between("count", 50, 400),
				Every: time.Duration(d.Between("every", 4, 40)) * 100 * time.Microsecond,
			}})
		}
		for _, op := range generatePrimes(d, k) {
			if op.Client != abuser {
				ops = append(ops, op)
			}
		}
		return ops
	}
	return s
}

// checkThrottle holds every server to its rate for each client, with what clocks may
// differ.
func checkThrottle(o *sim.Observation) error {
	rate, burst := o.Knobs.Int("rate", 0), o.Knobs.Int("burst", 0)
	if rate == 0 {
		return nil
	}
	price := time.Second / time.Duration(rate) * 1000 / (1000 + clockDrift)
	full := price * time.Duration(burst)
	type bucket struct{ credit, at time.Duration }
	buckets := map[string]*bucket{}
	for _, n := range o.Notes {
		switch f := n.Fact.(type) {
		case sim.Down:
			// What it counted is gone with it.
			maps.DeleteFunc(buckets, func(who string, _ *bucket) bool { return strings.HasPrefix(who, n.Host+" ") })
		case primes.Polled:
			who := n.Host + " " + f.Client
			b := buckets[who]
			if b == nil {
				b = &bucket{credit: full, at: n.At}
				buckets[who] = b
			}
			b.credit = min(full, b.credit+n.At-b.at) - price
			b.at = n.At
			if b.credit < 0 {
				return fmt.Errorf("%s took more than %d polls a second, and %d at once, of %s", n.Host, rate, burst, f.Client)
			}
		}
	}
	return nil
}

// checkPolite holds the service to what it owes those that keep to the library: they are
// never refused for asking too often, and served in time.
func checkPolite(o *sim.Observation) error {
	throttled := false
	called := map[linearizability.OpID]sim.Note{}
	for _, n := range o.Notes {
		switch f := n.Fact.(type) {
		case primes.Told:
			if f.Code == primes.TooMany && n.Host != abuser {
				return fmt.Errorf("%s keeps to the library, and was refused for asking too often", n.Host)
			}
		case linearizability.Called:
			called[f.Op] = n
		case linearizability.Returned:
			took := n.At - called[f.Op].At
			if f.Outcome.Certainty == linearizability.Done && took > politeTime {
				return fmt.Errorf("%v %v took %v beside a client that asks too often", f.Op, called[f.Op].Fact.(linearizability.Called).Input, took)
			}
			if throttled && f.Outcome.Certainty == linearizability.Done {
				o.Sometimes(sawAbuse)
			}
		case primes.Throttled:
			throttled = throttled || f.Client == abuser
		}
	}
	return nil
}
