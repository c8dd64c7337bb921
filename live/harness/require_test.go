package harness_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/live"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// R14: the friend-list program over TCP and files.
func TestFriendListLive(t *testing.T) {
	t.Parallel()
	s := catalogued(t, "store/friends")
	r := runLive(t, s, sim.NewPlan(s, 1))
	if r.Verdict != sim.Pass {
		t.Fatalf("%v, %s: %v", r.Verdict, r.Check, r.Err)
	}
	committed := 0
	for _, n := range r.Notes {
		if f, ok := n.Fact.(store.Committed); ok {
			committed += len(f.Requests)
		}
	}
	if committed < 10 {
		t.Errorf("only %d operations were committed: the program has ten that change something", committed)
	}
}

// R1, R8, R33 over TCP: a space makes use of all daemons; when one has crashed,
// issuing operations to it does not block, every operation comes to an end, and
// what is repeated succeeds.
func TestDaemonCrashLive(t *testing.T) {
	t.Parallel()
	const n = 1000
	type stable struct{ Config *store.Config }
	space, err := models.ParseSpace("space s key id attributes string word tolerate 1 failures create 6 partitions")
	if err != nil {
		t.Fatal(err)
	}
	top := store.Topology(store.Options{Clients: 1, Programs: []actors.Program{func(env actors.Env) error {
		admin := store.NewAdmin(env, 1)
		for { // a space is spread over the daemons that are there when it is made
			config, err := admin.WaitUntilStable(time.Minute)
			if err != nil {
				return err
			}
			if len(config.Daemons) == 3 {
				break
			}
			env.Clock.Sleep(10 * time.Millisecond)
		}
		if _, err := admin.AddSpace(space, store.Synced, time.Minute); err != nil {
			return err
		}
		config, err := admin.WaitUntilStable(time.Minute)
		env.Note(stable{config})
		return err
	}}})
	configs := make(chan *store.Config, 1)
	w, err := live.Start(top, live.Options{Dir: t.TempDir(), Note: func(n live.Note) {
		if f, ok := n.Fact.(stable); ok {
			configs <- f.Config
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := w.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := w.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	copies := map[string]int{}
	for _, r := range (<-configs).Regions {
		for _, m := range r.Chain {
			copies[m.Host]++
		}
	}
	if len(copies) != 3 {
		t.Errorf("copies on each daemon: %v", copies)
	}
	if err := w.Crash("daemon2"); err != nil {
		t.Fatal(err)
	}
	if err := w.Run("c0", actors.ProgramDef{Name: "load", Run: func(env actors.Env) error { return loadAll(env, n) }}); err != nil {
		t.Fatal(err)
	}
	if err := w.Wait(ctx); err != nil {
		t.Error(err)
	}
}

// loadAll puts n keys, all under way together, and repeats those that ended
// without an answer.
func loadAll(env actors.Env, n int) error {
	c := store.NewClient(env)
	put := func(key string) *store.Deferred {
		return c.AsyncPut("s", key, models.Attr{Name: "word", Value: models.StringValue(key)})
	}
	began := env.Clock.Now()
	for i := range n {
		put(fmt.Sprint(i))
	}
	// The failure of the daemon takes a lease to be noticed: nobody waited for that.
	if took := env.Clock.Now() - began; took > store.DefaultTiming.Lease {
		return fmt.Errorf("it took %v to issue %d operations", took, n)
	}
	repeats := 0
	for stored := 0; stored < n; {
		d, status := c.Loop(30 * time.Second)
		if status != models.Success {
			return fmt.Errorf("%d of %d stored, then loop says %v", stored, n, status)
		}
		switch r := d.Wait(); r.Status {
		case models.Success:
			stored++
		case models.Reconfigure, models.ServerError:
			repeats++
			put(d.Op.Key)
		default:
			return fmt.Errorf("%v: %v", d.Op, r)
		}
	}
	if repeats == 0 {
		return fmt.Errorf("no operation was hit by the crash")
	}
	return nil
}
