package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// seen is the place at which the observer of these tests has just been told of an
// operation that nobody was told the outcome of.
const seen = actors.Point("observer.seen")

type (
	// A wrote is the fact that the writer was told the outcome of its operation.
	wrote struct{ Status models.Status }
	// A saw is the fact that the observer was told of it.
	saw struct{}
)

// glimpse is a writer that creates an object, an observer that has all servers
// lose power when it learns of that, and a reader after that. look returns
// whether an operation of the observer shows that the object exists.
func glimpse(look func(c *store.Client) bool) shelf {
	writer := func(env actors.Env) error {
		c := store.NewClient(env)
		env.Clock.Sleep(50 * time.Millisecond)
		env.Note(wrote{c.PutIfNotExist("shelf", "k", word("mine"))})
		return nil
	}
	observer := func(env actors.Env) error {
		c := store.NewClient(env)
		for !look(c) {
		}
		env.Note(saw{})
		env.Note(seen)
		return nil
	}
	reader := func(env actors.Env) error {
		env.Clock.Sleep(10 * time.Second)
		env.Note(final{read(store.NewClient(env), "k")})
		return nil
	}
	net := faults.Net{DelayMin: time.Millisecond, DelayMax: 40 * time.Millisecond, DiskMin: time.Millisecond, DiskMax: 20 * time.Millisecond}
	return shelf{tolerate: 1, partitions: 1, net: net, programs: []actors.Program{writer, observer, reader}}
}

// R25: once somebody has seen an operation, it does not vanish, though its own
// client was not told yet: not even by the power loss of all servers.
func TestWhatWasSeenStays(t *testing.T) {
	checkGlimpse(t, glimpse(func(c *store.Client) bool {
		return c.Get("shelf", "k").Status == models.Success
	}))
}

// R39: a CMPFAIL shows the object that it was decided on, so it never rests on one
// that is not committed.
func TestFailedConditionRestsOnWhatIsCommitted(t *testing.T) {
	checkGlimpse(t, glimpse(func(c *store.Client) bool {
		failed := []models.Check{{Attr: "word", Value: models.StringValue("another")}}
		return c.CondPut("shelf", "k", failed, word("never")) == models.CmpFail
	}))
}

func checkGlimpse(t *testing.T, s shelf) {
	t.Helper()
	before := 0
	for seed := range uint64(60) {
		r := s.run(t, seed, faults.Fault{
			Point: string(seen), Nth: 1, Host: "c1", Kind: faults.PowerLoss, Hosts: []string{faults.All}, For: 300 * time.Millisecond,
		})
		if got := string(attr(factsOf[final](r)[0].Object, "word").Str); got != "mine" {
			t.Errorf("seed %d: the object was seen, and after the power loss its word is %q", seed, got)
		}
		if !told(r) {
			before++
		}
	}
	if before < 10 {
		t.Errorf("only %d times it was seen before its client was told", before)
	}
}

// told reports whether the writer was told before the observer saw it.
func told(r *sim.Result) bool {
	for _, n := range r.Notes {
		switch n.Fact.(type) {
		case wrote:
			return true
		case saw:
			return false
		}
	}
	return false
}

// R24: a client that is killed at any moment leaves each of its operations done
// whole or not at all, and nobody else notices.
func TestKilledClientLeavesNoPartOfAnOperation(t *testing.T) {
	type done struct {
		Key string
		At  time.Duration
	}
	const n = 10
	s := shelf{tolerate: 1, partitions: 2, net: faults.Net{DelayMin: delay, DelayMax: delay, DiskMin: time.Millisecond, DiskMax: time.Millisecond}}
	s.programs = []actors.Program{
		func(env actors.Env) error {
			c := store.NewClient(env)
			for i := range n {
				c.AsyncPut("shelf", fmt.Sprint("mine", i), word("whole"), number(7))
				env.Clock.Sleep(10 * time.Millisecond)
			}
			for range n {
				c.Loop(0)
			}
			env.Clock.Sleep(time.Hour) // dies first
			return nil
		},
		func(env actors.Env) error {
			c := store.NewClient(env)
			for i := range n {
				key := fmt.Sprint("other", i)
				if status := c.Put("shelf", key, word("x")); status != models.Success {
					return fmt.Errorf("put: %v", status)
				}
				env.Note(done{key, env.Clock.Now()})
			}
			env.Clock.Sleep(5*time.Second - env.Clock.Now())
			for i := range n {
				env.Note(final{c.Get("shelf", fmt.Sprint("mine", i))})
			}
			return nil
		},
	}
	var undisturbed []done
	whole, none := 0, 0
	for at := 900 * time.Millisecond; at >= 100*time.Millisecond; at -= 13 * time.Millisecond {
		r := s.run(t, 1, faults.Fault{At: at, Kind: faults.Crash, Hosts: []string{"c0"}})
		others := factsOf[done](r)
		if undisturbed == nil {
			undisturbed = others
		}
		for i := range others {
			if late := others[i].At - undisturbed[i].At; late > 5*time.Millisecond {
				t.Errorf("killed at %v: the other client was done with %s %v later than otherwise", at, others[i].Key, late)
			}
		}
		for _, f := range factsOf[final](r) {
			text, count := string(attr(f.Object, "word").Str), attr(f.Object, "count").Int
			switch {
			case f.Object.Status == models.NotFound:
				none++
			case text == "whole" && count == 7:
				whole++
			default:
				t.Errorf("killed at %v: %v", at, f.Object)
			}
		}
	}
	if whole == 0 || none == 0 {
		t.Errorf("%d operations were done and %d were not", whole, none)
	}
}
