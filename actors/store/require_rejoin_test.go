package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/models"
)

// R34: a daemon that comes back, with an old disk or an empty one, is given
// everything that happened meanwhile, deletions too, joins at the tail, and from
// then on it may be the only one left.
func TestRejoinedDaemonMayBeTheOnlyOneLeft(t *testing.T) {
	const n = 30
	type stable struct{ Config *store.Config }
	program := func(env actors.Env) error {
		c, admin := store.NewClient(env), store.NewAdmin(env, 1)
		at := func(d time.Duration) { env.Clock.Sleep(d - env.Clock.Now()) }
		for i := range n {
			write(c, fmt.Sprint(i), "old")
		}
		at(4 * time.Second) // daemon1 is down
		for i := range n {
			switch i % 3 {
			case 0:
				certainly(c, models.Op{Verb: models.Del, Space: "shelf", Key: fmt.Sprint(i)})
			case 1:
				write(c, fmt.Sprint(i), "new")
			}
		}
		at(7 * time.Second) // it is back
		config, err := admin.WaitUntilStable(5 * time.Second)
		if err != nil {
			return err
		}
		env.Note(stable{config})
		at(13 * time.Second) // daemon2 is down
		for i := range n {
			r, want := read(c, fmt.Sprint(i)), []string{"", "new", "old"}[i%3]
			if got := string(attr(r, "word").Str); got != want {
				return fmt.Errorf("%d is %v, and should have the word %q", i, r, want)
			}
		}
		return nil
	}
	net := sloppy
	net.Drop = 0 // the steps of the program have their times
	s := shelf{tolerate: 1, partitions: 3, options: store.Options{Daemons: 2}, net: net, programs: []actors.Program{program}}
	for _, kind := range []faults.Kind{faults.Crash, faults.PowerLoss, faults.Stop, faults.Wipe, faults.Isolate} {
		for seed := range uint64(3) {
			r := s.run(t, seed,
				faults.Fault{At: 3 * time.Second, Kind: kind, Hosts: []string{"daemon1"}, For: 3 * time.Second},
				faults.Fault{At: 12 * time.Second, Kind: faults.Crash, Hosts: []string{"daemon2"}, For: 10 * time.Second})
			config := factsOf[stable](r)[0].Config
			for i := range config.Regions {
				if g := &config.Regions[i]; len(g.Chain) != 2 || g.Tail().Host != "daemon1" || g.Tail().Data == 0 {
					t.Errorf("%v, seed %d: daemon1 is not the tail, with a copy that it was given:\n%v", kind, seed, config)
				}
			}
			if r.Stats.Sometimes[string(store.SawTransferFinished)] == 0 {
				t.Errorf("%v, seed %d: no transfer", kind, seed)
			}
		}
	}
}

// R35: the last replica of a region is never dropped. While it is down the region is
// not there, and never an older copy or an empty one in its place.
func TestLastReplicaIsNeverReplaced(t *testing.T) {
	type answer struct {
		At   time.Duration
		Word string
	}
	const lastDown, lastBack = 6 * time.Second, 14 * time.Second
	program := func(env actors.Env) error {
		c := store.NewClient(env)
		write(c, "k", "old")
		env.Clock.Sleep(4*time.Second - env.Clock.Now()) // daemon1 is out of the chain
		write(c, "k", "new")
		for env.Clock.Now() < lastBack+3*time.Second {
			d := c.AsyncGet("shelf", "k")
			if r := d.WaitFor(500 * time.Millisecond); r.Status.Observed() {
				env.Note(answer{env.Clock.Now(), string(attr(r, "word").Str)})
			}
		}
		return nil
	}
	s := shelf{tolerate: 1, partitions: 1, options: store.Options{Daemons: 2}, net: faults.Net{DelayMin: delay, DelayMax: delay},
		programs: []actors.Program{program},
	}
	for _, kind := range []faults.Kind{faults.Crash, faults.PowerLoss, faults.Isolate} {
		r := s.run(t, 1,
			// The first is back, with its old copy, while the last one is down.
			faults.Fault{At: 2 * time.Second, Kind: kind, Hosts: []string{"daemon1"}, For: 6 * time.Second},
			faults.Fault{At: lastDown, Kind: kind, Hosts: []string{"daemon2"}, For: lastBack - lastDown})
		var words []string
		for _, a := range factsOf[answer](r) {
			words = append(words, a.Word)
			// The client is up to a lease late in what it saw last.
			if a.At > lastDown+time.Second && a.At < lastBack {
				t.Errorf("%v: %q was read at %v, while the only copy was down", kind, a.Word, a.At)
			}
		}
		last := factsOf[answer](r)[len(words)-1]
		if slices.ContainsFunc(words, func(w string) bool { return w != "new" }) || last.At < lastBack {
			t.Errorf("%v: read %q, the last at %v", kind, words, last.At)
		}
	}
}
