package store_test

import (
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/models"
)

// R36: a daemon that was deposed without knowing it does not answer as if it still
// served: a client that has heard of nothing either reads from it and writes to it
// while it cannot hear the coordinator, or cannot be heard, and the others go on.
func TestDeposedDaemonDoesNotAnswer(t *testing.T) {
	type (
		moved  struct{ At time.Duration } // the others have written
		looked struct {
			At   time.Duration
			Word string
		}
		created struct{ By string }
	)
	create := func(env actors.Env, c *store.Client) *store.Deferred {
		return c.AsyncPutIfNotExist("shelf", "k2", word(env.Host))
	}
	const cutAt, cutFor = time.Second, 10 * time.Second
	stale := func(env actors.Env) error {
		c := store.NewClient(env)
		write(c, "k", "old")
		for env.Clock.Now() < cutAt+cutFor+5*time.Second {
			if r := c.AsyncGet("shelf", "k").WaitFor(100 * time.Millisecond); r.Status.Observed() {
				env.Note(looked{env.Clock.Now(), string(attr(r, "word").Str)})
			}
			if env.Clock.Now() > cutAt+50*time.Millisecond && create(env, c).WaitFor(100*time.Millisecond).Status == models.Success {
				env.Note(created{env.Host})
			}
		}
		return nil
	}
	fresh := func(env actors.Env) error {
		c := store.NewClient(env)
		env.Clock.Sleep(cutAt + 100*time.Millisecond - env.Clock.Now())
		write(c, "k", "new")
		env.Note(moved{env.Clock.Now()})
		if create(env, c).Wait().Status == models.Success {
			env.Note(created{env.Host})
		}
		return nil
	}
	s := shelf{tolerate: 1, partitions: 1, net: faults.Net{DelayMin: time.Millisecond, DelayMax: 5 * time.Millisecond, Drift: 40},
		programs: []actors.Program{stale, fresh},
	}
	rest := func(deposed string) []string {
		hosts := []string{store.CoordinatorHost, "c1"}
		for _, d := range []string{"daemon1", "daemon2", "daemon3"} {
			if d != deposed {
				hosts = append(hosts, d)
			}
		}
		return hosts
	}
	early, expired, caught, first := 0, 0, 0, 0
	for _, deposed := range []string{"daemon1", "daemon2", "daemon3"} {
		for _, cut := range []faults.Fault{
			{Kind: faults.Partition, Hosts: []string{deposed, "c0"}, Others: rest(deposed)},
			{Kind: faults.Cut, Hosts: rest(deposed), Others: []string{deposed, "c0"}},
			{Kind: faults.Cut, Hosts: []string{deposed, "c0"}, Others: rest(deposed)},
		} {
			cut.At, cut.For = cutAt, cutFor
			for seed := range uint64(3) {
				r := s.run(t, seed, cut)
				expired += r.Stats.Sometimes[string(store.SawLeaseExpired)]
				after := false
				for _, n := range r.Notes {
					switch f := n.Fact.(type) {
					case moved:
						after = true
					case looked:
						switch {
						case after && f.Word == "old":
							t.Errorf("%v, seed %d: at %v the old word was read, after the new one was acknowledged", cut, seed, f.At)
						case f.Word == "old" && f.At > cutAt:
							early++
						case f.Word == "new":
							caught++
						}
					}
				}
				creators := factsOf[created](r)
				if len(creators) > 1 {
					t.Errorf("%v, seed %d: the same object was created by all of %v", cut, seed, creators)
				} else if len(creators) == 1 && creators[0].By == "c1" {
					first++
				}
				if !after {
					t.Errorf("%v, seed %d: the others never wrote", cut, seed)
				}
			}
		}
	}
	if early == 0 || expired == 0 || caught == 0 || first == 0 {
		t.Errorf("the old word was read %d times while the lease lasted, leases expired %d times, the new word was read %d times; c1 was first to create %d times",
			early, expired, caught, first)
	}
}
