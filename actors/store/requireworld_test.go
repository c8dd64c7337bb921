package store_test

import (
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// A shelf is a system with one space, "shelf", whose clients c0, c1, ... run one
// program each, from when the space is there.
type shelf struct {
	tolerate, partitions int
	options              store.Options
	net                  faults.Net
	service              time.Duration
	programs             []actors.Program
}

func (s shelf) space() models.Space {
	space, err := models.ParseSpace("space shelf key id attributes string word, int count, set(string) tags")
	if err != nil {
		panic(err)
	}
	space.Tolerate, space.Partitions = s.tolerate, s.partitions
	return space
}

func (s shelf) scenario() sim.Scenario {
	o := s.options
	o.Spaces, o.Clients = []models.Space{s.space()}, len(s.programs)
	for _, p := range s.programs {
		o.Programs = append(o.Programs, func(env actors.Env) error {
			if _, err := store.NewAdmin(env, 1).WaitForSpace("shelf", time.Minute); err != nil {
				return err
			}
			return p(env)
		})
	}
	return sim.Scenario{
		Name:     "test/shelf",
		Topology: func(sim.Knobs) actors.Topology { return store.Topology(o) },
		Profile: faults.Profile{
			Servers: []string{"daemon", store.CoordinatorHost}, Clients: []string{"c"},
		},
		Service: s.service,
	}
}

func (s shelf) plan(seed uint64, schedule ...faults.Fault) sim.Plan {
	p := sim.NewPlan(s.scenario(), seed)
	p.Policy, p.Net, p.Faults = sim.Timed, s.net, schedule
	return p
}

// run is one run that must pass.
func (s shelf) run(t *testing.T, seed uint64, schedule ...faults.Fault) *sim.Result {
	t.Helper()
	r := sim.Run(s.scenario(), s.plan(seed, schedule...))
	if r.Verdict != sim.Pass {
		t.Fatalf("seed %d: %v %s: %v", seed, r.Verdict, r.Check, r.Err)
	}
	return r
}

// sloppy is a network on which most things can happen.
var sloppy = faults.Net{
	DelayMin: time.Millisecond, DelayMax: 20 * time.Millisecond, Drop: 100, Duplicate: 200,
	DiskMax: 5 * time.Millisecond,
}

// factsOf returns the notes of one type, in order.
func factsOf[T any](r *sim.Result) []T {
	var out []T
	for _, n := range r.Notes {
		if f, ok := n.Fact.(T); ok {
			out = append(out, f)
		}
	}
	return out
}

func number(n int64) models.Attr { return models.Attr{Name: "count", Value: models.IntValue(n)} }

// attr is the named attribute of a result, or a value of no kind.
func attr(r models.Result, name string) models.Value {
	for _, a := range r.Attrs {
		if a.Name == name {
			return a.Value
		}
	}
	return models.Value{}
}

// certainly repeats an operation, as a new one each time, until its outcome is
// certain.
func certainly(c *store.Client, op models.Op) models.Result {
	for {
		if r := c.Async(op).Wait(); r.Status.Observed() {
			return r
		}
	}
}

// read gets an object, as often as that takes.
func read(c *store.Client, key string) models.Result {
	return certainly(c, models.Op{Verb: models.Get, Space: "shelf", Key: key})
}

// write puts a word, as often as that takes.
func write(c *store.Client, key, text string) {
	certainly(c, models.Op{Verb: models.Put, Space: "shelf", Key: key, Attrs: []models.Attr{word(text)}})
}
