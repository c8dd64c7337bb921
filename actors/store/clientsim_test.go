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
	"github.com/simrun/simrun/sim"
)

// delay is one way, on every link of these tests.
const delay = 10 * time.Millisecond

// withPrograms is a calm system of one space, s, whose clients run the programs.
func withPrograms(o store.Options, programs ...actors.Program) sim.Scenario {
	space, err := models.ParseSpace("space s key id attributes string word, set(string) tags create 4 partitions")
	if err != nil {
		panic(err)
	}
	o.Spaces, o.Clients = []models.Space{space}, len(programs)
	for _, p := range programs {
		o.Programs = append(o.Programs, func(env actors.Env) error {
			if _, err := store.NewAdmin(env, 1).WaitForSpace("s", time.Minute); err != nil {
				return err
			}
			return p(env)
		})
	}
	return sim.Scenario{
		Name:     "test/clients",
		Topology: func(sim.Knobs) actors.Topology { return store.Topology(o) },
		Profile: faults.Profile{
			Servers: []string{"daemon", store.CoordinatorHost}, Clients: []string{"c"},
		},
	}
}

// run is one run on a calm network, with faults.
func run(t *testing.T, s sim.Scenario, schedule ...faults.Fault) *sim.Result {
	t.Helper()
	p := sim.NewPlan(s, 1)
	p.Policy = sim.Timed
	p.Net = faults.Net{DelayMin: delay, DelayMax: delay}
	p.Faults = schedule
	r := sim.Run(s, p)
	if r.Verdict != sim.Pass {
		t.Fatalf("%v %s: %v", r.Verdict, r.Check, r.Err)
	}
	return r
}

func word(text string) models.Attr {
	return models.Attr{Name: "word", Value: models.StringValue(text)}
}

func tag(text string) models.Attr {
	return models.Attr{Name: "tags", Value: models.StringValue(text)}
}

// TestSyncIsAsyncAndWait: there is one code path, so the runs are the same event by
// event. R7.
func TestSyncIsAsyncAndWait(t *testing.T) {
	direct := run(t, withPrograms(store.Options{}, func(env actors.Env) error {
		c := store.NewClient(env)
		c.Put("s", "k", word("a"))
		c.SetAdd("s", "k", tag("x"))
		c.Get("s", "k")
		c.Del("s", "k")
		return nil
	}))
	waited := run(t, withPrograms(store.Options{}, func(env actors.Env) error {
		c := store.NewClient(env)
		c.AsyncPut("s", "k", word("a")).Wait()
		c.AsyncSetAdd("s", "k", tag("x")).Wait()
		c.AsyncGet("s", "k").Wait()
		c.AsyncDel("s", "k").Wait()
		return nil
	}))
	if direct.TraceHash != waited.TraceHash {
		t.Errorf("trace %x with sync operations, %x with async and wait", direct.TraceHash, waited.TraceHash)
	}
}

// TestPipelinedOperationsShareTheRoundTrip: a hundred under way together take about
// as long as one, one after the other take a hundred times as long. R8, R9.
func TestPipelinedOperationsShareTheRoundTrip(t *testing.T) {
	const n = 100
	var one, together, apart time.Duration
	run(t, withPrograms(store.Options{}, func(env actors.Env) error {
		c := store.NewClient(env)
		timed := func(d *time.Duration, do func()) {
			began := env.Clock.Now()
			do()
			*d = env.Clock.Now() - began
		}
		c.Put("s", "k", word("warm"))
		timed(&one, func() { c.Put("s", "k", word("one")) })
		timed(&together, func() {
			for i := range n {
				c.AsyncPut("s", fmt.Sprint(i), word("x"))
			}
			for range n {
				c.Loop(0)
			}
		})
		timed(&apart, func() {
			for i := range n {
				c.Put("s", fmt.Sprint(i), word("x"))
			}
		})
		return nil
	}))
	if together > 2*one || apart < n*one*9/10 {
		t.Errorf("one takes %v, %d together %v, %d apart %v", one, n, together, n, apart)
	}
}

// TestWindowBoundsWhatIsUncertain kills a loading client at many moments: what was
// handed out with Success is stored, what is stored was issued, and no more than
// the window is in between. R30.
func TestWindowBoundsWhatIsUncertain(t *testing.T) {
	const window, n = 8, 60
	type (
		issued  struct{ Key string }
		settled struct{ Key string }
		stored  struct{ Key string }
	)
	loader := func(env actors.Env) error {
		w := store.Window{Client: store.NewClient(env), Size: window, Done: func(d *store.Deferred) error {
			if s := d.Wait().Status; s != models.Success {
				return fmt.Errorf("put: %v", s)
			}
			env.Note(settled{d.Op.Key})
			return nil
		}}
		for i := range n {
			key := fmt.Sprint(i)
			if err := w.Issue(models.Op{Verb: models.Put, Space: "s", Key: key, Attrs: []models.Attr{word("x")}}); err != nil {
				return err
			}
			env.Note(issued{key})
		}
		return w.Flush()
	}
	reader := func(env actors.Env) error {
		env.Clock.Sleep(10 * time.Second)
		c := store.NewClient(env)
		for i := range n {
			if c.Get("s", fmt.Sprint(i)).Status == models.Success {
				env.Note(stored{fmt.Sprint(i)})
			}
		}
		return nil
	}
	s := withPrograms(store.Options{}, loader, reader)
	most := 0
	for at := 100 * time.Millisecond; at < 1500*time.Millisecond; at += 37 * time.Millisecond {
		r := run(t, s, faults.Fault{At: at, Kind: faults.Crash, Hosts: []string{"c0"}})
		sent, done, there := map[string]bool{}, map[string]bool{}, map[string]bool{}
		for _, note := range r.Notes {
			switch f := note.Fact.(type) {
			case issued:
				sent[f.Key] = true
			case settled:
				done[f.Key] = true
			case stored:
				there[f.Key] = true
			}
		}
		for key := range done {
			if !there[key] {
				t.Errorf("killed at %v: %s was acknowledged and is not there", at, key)
			}
		}
		for key := range there {
			// The kill may fall between the call and the note that follows it.
			if !sent[key] && key != fmt.Sprint(len(sent)) {
				t.Errorf("killed at %v: %s is there and was not issued", at, key)
			}
		}
		if uncertain := len(sent) - len(done); uncertain > window {
			t.Errorf("killed at %v: %d operations uncertain with a window of %d", at, uncertain, window)
		} else {
			most = max(most, uncertain)
		}
	}
	if most < window {
		t.Errorf("at most %d operations were uncertain: no kill fell into a full window", most)
	}
}

// TestHalfAFriendshipIsAllThatAKillLeaves kills a client at every step of making a
// friendship. Each half is there whole or not at all, and all four outcomes come
// up. R11, R24.
func TestHalfAFriendshipIsAllThatAKillLeaves(t *testing.T) {
	type outcome struct{ First, Second int }
	couple := func(env actors.Env) error {
		c := store.NewClient(env)
		for _, key := range []string{"a", "b"} {
			for c.Put("s", key, word("x")) != models.Success {
			}
		}
		step := func(d time.Duration) {
			env.Note(actors.Point("friends"))
			env.Clock.Sleep(d)
		}
		d1 := c.AsyncSetAdd("s", "a", tag("b"))
		step(5 * time.Millisecond)
		d2 := c.AsyncSetAdd("s", "b", tag("a"))
		for range 8 {
			step(20 * time.Millisecond)
		}
		d1.Wait()
		d2.Wait()
		step(0)
		return nil
	}
	size := func(c *store.Client, key string) int {
		for {
			for _, a := range c.Get("s", key).Attrs {
				if a.Name == "tags" {
					return len(a.Value.Strs)
				}
			}
		}
	}
	reader := func(env actors.Env) error {
		env.Clock.Sleep(10 * time.Second)
		c := store.NewClient(env)
		env.Note(outcome{size(c, "a"), size(c, "b")})
		return nil
	}
	s := withPrograms(store.Options{}, couple, reader)
	seen := map[outcome]int{}
	for seed := range uint64(150) {
		p := sim.NewPlan(s, seed)
		p.Policy = sim.Timed
		p.Net = faults.Net{DelayMin: time.Millisecond, DelayMax: 20 * time.Millisecond, Drop: 300}
		p.Faults = faults.Schedule{{Point: "friends", Nth: 1 + int(seed%10), Host: "c0", Kind: faults.Crash}}
		r := sim.Run(s, p)
		if r.Verdict != sim.Pass {
			t.Fatalf("seed %d: %v %s: %v", seed, r.Verdict, r.Check, r.Err)
		}
		for _, n := range r.Notes {
			if o, ok := n.Fact.(outcome); ok {
				seen[o]++
			}
		}
	}
	for _, o := range []outcome{{0, 0}, {0, 1}, {1, 0}, {1, 1}} {
		if seen[o] == 0 {
			t.Errorf("never ended with %+v: %v", o, seen)
		}
		delete(seen, o)
	}
	if len(seen) > 0 {
		t.Errorf("ended with %v", seen)
	}
}

// TestRestartedClientIsANewOne: after a crash of its host the client begins at 1
// again, with a larger Boot, and the daemons do not take its operations for
// repetitions of the old ones.
func TestRestartedClientIsANewOne(t *testing.T) {
	type got struct {
		Boot uint64
		Word string
	}
	program := func(env actors.Env) error {
		c := store.NewClient(env)
		if s := c.Put("s", "k", word(fmt.Sprint("boot ", env.Boot))); s != models.Success {
			return fmt.Errorf("put: %v", s)
		}
		for _, a := range c.Get("s", "k").Attrs {
			if a.Name == "word" {
				env.Note(got{env.Boot, string(a.Value.Str)})
			}
		}
		env.Clock.Sleep(time.Second)
		return nil
	}
	audience := func(env actors.Env) error {
		env.Clock.Sleep(5 * time.Second)
		return nil
	}
	s := withPrograms(store.Options{}, program, audience)
	s.Profile.Clients = nil // a client that dies here stays dead, and this host comes back
	r := run(t, s, faults.Fault{
		At: 800 * time.Millisecond, Kind: faults.Crash, Hosts: []string{"c0"}, For: 10 * time.Millisecond, Programs: true,
	})
	var words []string
	for _, n := range r.Notes {
		if g, ok := n.Fact.(got); ok {
			words = append(words, g.Word)
		}
	}
	if want := []string{"boot 1", "boot 2"}; !slices.Equal(words, want) {
		t.Errorf("read %q, want %q", words, want)
	}
}

// TestOperationsOfOneClientSwap shows that the order of issue promises nothing:
// two puts on one key, and sometimes the first is the one that stays. R18.
func TestOperationsOfOneClientSwap(t *testing.T) {
	program := func(env actors.Env) error {
		c := store.NewClient(env)
		c.AsyncPut("s", "k", word("first"))
		c.AsyncPut("s", "k", word("second"))
		c.Loop(0)
		c.Loop(0)
		for _, a := range c.Get("s", "k").Attrs {
			if a.Name == "word" {
				env.Note(actors.Sometimes(a.Value.Str))
			}
		}
		return nil
	}
	s := withPrograms(store.Options{}, program)
	stays := map[string]int{}
	for seed := range uint64(60) {
		p := sim.NewPlan(s, seed)
		p.Policy = sim.Timed
		p.Net = faults.Net{DelayMin: time.Millisecond, DelayMax: 20 * time.Millisecond}
		r := sim.Run(s, p)
		if r.Verdict != sim.Pass {
			t.Fatalf("seed %d: %v %s: %v", seed, r.Verdict, r.Check, r.Err)
		}
		stays["first"] += r.Stats.Sometimes["first"]
		stays["second"] += r.Stats.Sometimes["second"]
	}
	if stays["first"] == 0 || stays["second"] == 0 {
		t.Errorf("what stays: %v", stays)
	}
}
