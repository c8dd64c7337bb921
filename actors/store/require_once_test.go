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

const (
	crowdSize = 3
	crowdOps  = 20 // of each client
)

// An attempt is the fact that an operation was issued, and how it ended: not at
// all if nobody waited for it.
type attempt struct {
	Tag    string
	Status models.Status
}

// A final is the fact that the shared object was read at the end.
type final struct{ Object models.Result }

// crowd is clients that change one object at the same time on a sloppy network
// while the head of its chain crashes. Every fifth operation is not waited for.
func crowd(change func(tag string) models.Op) shelf {
	member := func(env actors.Env) error {
		c := store.NewClient(env)
		certainly(c, models.Op{Verb: models.PutIfNotExist, Space: "shelf", Key: "shared", Attrs: []models.Attr{word("x")}})
		var open []func()
		for i := range crowdOps {
			tag := fmt.Sprint(env.Host, "-", i)
			d := c.Async(change(tag))
			if i%5 == 0 {
				env.Note(attempt{Tag: tag})
				continue
			}
			open = append(open, func() { env.Note(attempt{tag, d.Wait().Status}) })
			if len(open) == 4 {
				open[0]()
				open = open[1:]
			}
		}
		for _, wait := range open {
			wait()
		}
		return nil
	}
	programs := []actors.Program{func(env actors.Env) error {
		env.Clock.Sleep(20 * time.Second)
		env.Note(final{read(store.NewClient(env), "shared")})
		return nil
	}}
	for range crowdSize {
		programs = append(programs, member)
	}
	return shelf{tolerate: 1, partitions: 1, net: sloppy, programs: programs}
}

// headCrash is a crash of the head of the only region, in the middle of the work of
// a crowd.
func headCrash(seed uint64) faults.Fault {
	return faults.Fault{
		At: 450*time.Millisecond + time.Duration(seed)*20*time.Millisecond, For: 2 * time.Second,
		Kind: faults.Crash, Hosts: []string{"daemon1"},
	}
}

func increment(string) models.Op {
	return models.Op{Verb: models.AtomicAdd, Space: "shelf", Key: "shared", Attrs: []models.Attr{number(1)}}
}

// R26: an operation takes effect at most once, however often its request is
// repeated and doubled: a counter has all that was acknowledged and nothing that
// was not issued.
func TestOperationsTakeEffectAtMostOnce(t *testing.T) {
	s := crowd(increment)
	var repeats, lost, late int
	for seed := range uint64(20) {
		r := s.run(t, seed, headCrash(seed))
		acked, issued := countAttempts(r)
		count := int(attr(factsOf[final](r)[0].Object, "count").Int)
		if count < acked || count > issued {
			t.Errorf("seed %d: %d increments acknowledged, %d issued, and the counter is %d", seed, acked, issued, count)
		}
		if count > acked {
			late++
		}
		if count < issued {
			lost++
		}
		repeats += r.Stats.Sometimes[string(store.SawDedupeHit)]
	}
	if repeats == 0 || lost == 0 || late == 0 {
		t.Errorf("repeated requests were found %d times; in %d runs an uncertain increment was lost, in %d one was not", repeats, lost, late)
	}
}

// R26: an operation that is sent again to a new chain, under its id, still takes
// effect at most once, although all daemons restart and find no more of it than
// what a snapshot of their logs remembers. With time, every one that is waited for
// succeeds.
func TestResubmittedOperationsTakeEffectAtMostOnce(t *testing.T) {
	s := crowd(increment)
	s.options.Client.Resubmit, s.options.SnapshotEvery = true, 4
	repeats := 0
	for seed := range uint64(20) {
		r := s.run(t, seed, faults.Fault{
			At: 450*time.Millisecond + time.Duration(seed)*20*time.Millisecond, For: 100 * time.Millisecond,
			Kind: faults.PowerLoss, Hosts: []string{faults.All},
		})
		acked, issued := countAttempts(r)
		count := int(attr(factsOf[final](r)[0].Object, "count").Int)
		if count < acked || count > issued || acked != issued*4/5 {
			t.Errorf("seed %d: %d increments acknowledged, %d issued, and the counter is %d", seed, acked, issued, count)
		}
		repeats += r.Stats.Sometimes[string(store.SawDedupeHit)]
	}
	if repeats == 0 {
		t.Error("no repeated request was recognized")
	}
}

func countAttempts(r *sim.Result) (acked, issued int) {
	for _, a := range factsOf[attempt](r) {
		issued++
		if a.Status == models.Success {
			acked++
		}
	}
	return acked, issued
}

// R12: additions to one set by several clients at once all survive, because the
// server reads and writes the set, not the client.
func TestConcurrentSetAddsAllSurvive(t *testing.T) {
	s := crowd(func(text string) models.Op {
		return models.Op{Verb: models.SetAdd, Space: "shelf", Key: "shared", Attrs: []models.Attr{tag(text)}}
	})
	uncertain := 0
	for seed := range uint64(10) {
		r := s.run(t, seed, headCrash(seed))
		tags := attr(factsOf[final](r)[0].Object, "tags")
		issued := map[string]bool{}
		for _, a := range factsOf[attempt](r) {
			issued[a.Tag] = true
			if a.Status != models.Success {
				uncertain++
			} else if !tags.Has(models.StringValue(a.Tag)) {
				t.Errorf("seed %d: the addition of %s was acknowledged and is gone", seed, a.Tag)
			}
		}
		for _, s := range tags.Strs {
			if !issued[string(s)] {
				t.Errorf("seed %d: nobody added %s", seed, s)
			}
		}
	}
	if uncertain == 0 {
		t.Error("every addition had a certain outcome")
	}
}
