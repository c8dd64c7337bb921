package harness

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/live"
	"github.com/simrun/simrun/live/proxy"
	"github.com/simrun/simrun/sim"
)

// A fakeNode takes down what is done to it.
type fakeNode struct {
	mu    sync.Mutex
	calls []string
	errs  map[string]error // by call
	now   delivery
}

func (n *fakeNode) call(name string) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.calls = append(n.calls, name)
	return n.errs[name]
}

func (n *fakeNode) start(_ context.Context, programs bool) (begun, error) {
	name := "start"
	if programs {
		name = "start with programs"
	}
	return begun{Addr: "127.0.0.1:1", Boot: 8}, n.call(name)
}

func (n *fakeNode) work(w work, _ func()) error {
	return n.call(fmt.Sprintf("work from %d, final %v, none %v", w.From, w.Final, w.None))
}

func (n *fakeNode) kill() error                { return n.call("kill") }
func (n *fakeNode) stop(context.Context) error { return n.call("stop") }
func (n *fakeNode) pause() error               { return n.call("pause") }
func (n *fakeNode) resume() error              { return n.call("resume") }
func (n *fakeNode) slow(factor int) (func(), error) {
	return func() { _ = n.call("fast") }, n.call(fmt.Sprint("slow ", factor))
}
func (n *fakeNode) deliver(d delivery)        { n.now = d }
func (n *fakeNode) counts() []live.Counts     { return nil }
func (n *fakeNode) end(context.Context) error { return nil }

// A fakeOracle spares what it is told to.
type fakeOracle struct {
	spares func(disks bool, hosts []string) bool
	excuse string
	lost   []linearizability.OpID
}

func (*fakeOracle) Observe(sim.Note)                          {}
func (o *fakeOracle) Spares(disks bool, hosts ...string) bool { return o.spares(disks, hosts) }
func (o *fakeOracle) Excuse() string                          { return o.excuse }
func (o *fakeOracle) Remains(h linearizability.History) (linearizability.History, []linearizability.OpID) {
	return h, o.lost
}

// A stage is a run whose hosts are fakes, all of them up: servers s1 to s3, the client c0
// with three operations, and final.
type stage struct {
	*run
	nodes map[string]*fakeNode
}

func newStage(t *testing.T, p sim.Plan, o *fakeOracle) *stage {
	t.Helper()
	s := sim.Scenario{
		Name: "harness/stage",
		Topology: func(sim.Knobs) actors.Topology {
			var top actors.Topology
			for _, name := range []string{"s1", "s2", "s3", "c0", finalHost} {
				top.Hosts = append(top.Hosts, actors.Host{Name: name})
			}
			return top
		},
		Profile: faults.Profile{Servers: []string{"s"}, Clients: []string{"c"}},
	}
	if o != nil {
		s.Oracle = func(sim.Knobs) sim.Oracle { return o }
	}
	for n := range 3 {
		p.Ops = append(p.Ops, sim.Op{Client: "c0", N: n + 1})
	}
	st := &stage{run: newRun(s, p, Options{Dir: t.TempDir(), Faults: true}, limitsOf(s)), nodes: map[string]*fakeNode{}}
	if err := st.prepare(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		st.cancel()
		if err := st.mesh.close(); err != nil {
			t.Error(err)
		}
	})
	for _, h := range st.hosts {
		st.nodes[h.name] = &fakeNode{errs: map[string]error{}}
		h.node, h.up, h.life, h.boot = st.nodes[h.name], true, 1, 7
		h.node.deliver(st.mesh.delivery(h.name))
	}
	return st
}

func (st *stage) host(name string) *host {
	return st.hosts[slices.IndexFunc(st.hosts, func(h *host) bool { return h.name == name })]
}

// settle carries out what is due within a time, and what comes of it.
func (st *stage) settle(within time.Duration) {
	for range 3 {
		st.agenda.carryOut(st.clock() + within)
		st.starts.Wait()
		st.takeFailure()
	}
}

func (st *stage) happen(f faults.Fault) {
	st.apply(f)
	st.settle(0)
}

// places returns where some facts are among all, -1 if they are not.
func (st *stage) places(facts ...any) (at []int) {
	for _, fact := range facts {
		at = append(at, slices.IndexFunc(st.facts.notes, func(n sim.Note) bool {
			if began, ok := n.Fact.(sim.FaultBegan); ok && fact == "began" {
				return began.Text != ""
			}
			return n.Fact == fact
		}))
	}
	return at
}

// A fault of a host is what it says it is: the host ends, in that way, the fact that it
// did follows the fact that the fault began, its disk goes or stays, and it comes back or
// does not.
func TestFaultOfAHostIsCarriedOut(t *testing.T) {
	for _, c := range []struct {
		kind  faults.Kind
		call  string
		disk  bool // is left
		comes bool
	}{
		{faults.Crash, "kill", true, true},
		{faults.Wipe, "kill", false, true},
		{faults.Destroy, "kill", false, false},
		{faults.Stop, "stop", true, true},
	} {
		t.Run(c.kind.String(), func(t *testing.T) {
			st := newStage(t, sim.Plan{}, nil)
			file := filepath.Join(st.opts.Dir, "s1", "actor", "file")
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o750), os.WriteFile(file, nil, 0o600)); err != nil {
				t.Fatal(err)
			}
			n := st.nodes["s1"]
			st.happen(faults.Fault{Kind: c.kind, Hosts: []string{"s1"}, For: time.Second})
			if !slices.Equal(n.calls, []string{c.call}) || st.host("s1").up {
				t.Errorf("did %q, up %v", n.calls, st.host("s1").up)
			}
			if _, err := os.Stat(file); err == nil != c.disk {
				t.Errorf("its disk: %v", err)
			}
			at := st.places("began", sim.Down{Boot: 7}, sim.DiskLost{Boot: 7, Why: c.kind.String()})
			if at[0] != 0 || at[1] != 1 || at[2] >= 0 == c.disk {
				t.Errorf("places of facts %v", at)
			}
			if len(st.result.Applied) != 1 || st.result.Stats.Faults[c.kind.String()].Fired != 1 {
				t.Errorf("applied %v, counted %v", st.result.Applied, st.result.Stats.Faults)
			}
			// What is down does not go down again.
			st.happen(faults.Fault{Kind: faults.Crash, Hosts: []string{"s1"}, For: time.Second})
			st.happen(faults.Fault{Kind: faults.Pause, Hosts: []string{"s1"}, For: time.Second})
			if len(st.result.Applied) != 1 || len(n.calls) != 1 {
				t.Errorf("applied %v, did %q", st.result.Applied, n.calls)
			}
			st.settle(time.Minute)
			st.restore()
			st.settle(0)
			if h := st.host("s1"); h.up != c.comes || c.comes && h.boot != 8 || slices.Contains(n.calls, "start") != c.comes {
				t.Errorf("did %q, up %v, boot %d", n.calls, h.up, h.boot)
			}
			for _, other := range []string{"s2", "s3", "c0", finalHost} {
				if did := st.nodes[other].calls; len(did) > 0 {
					t.Errorf("%s did %q", other, did)
				}
			}
		})
	}
}

func TestHealedRunHasNoFaults(t *testing.T) {
	st := newStage(t, sim.Plan{Net: faults.Net{DelayMin: time.Millisecond, DelayMax: 2 * time.Millisecond, Drop: 100}}, nil)
	st.happen(faults.Fault{Kind: faults.Crash, Hosts: []string{faults.All}}) // for ever, if nothing heals
	st.happen(faults.Fault{Kind: faults.Crash, Hosts: []string{"c0"}})
	st.happen(faults.Fault{Kind: faults.Cut, Hosts: []string{"s1"}, Others: []string{"s2"}})
	if st.host("s1").up || st.host("s3").up || !st.host(finalHost).up {
		t.Error("all are the servers")
	}
	st.heal()
	st.settle(0)
	for _, h := range st.hosts {
		if want := h.name != "c0"; h.up != want {
			t.Errorf("%s is up: %v, want %v", h.name, h.up, want)
		}
	}
	for _, p := range st.mesh.order {
		if f := st.mesh.links[p].Faults(); f != (proxy.Faults{}) {
			t.Errorf("%v: %+v", p, f)
		}
		if d := st.nodes[p.from].now; d.Usual != (way{}) || len(d.Cut) > 0 {
			t.Errorf("%s: %+v", p.from, d)
		}
	}
	for _, a := range st.result.Applied {
		if a.Kind == "cut" && a.To > st.clock() {
			t.Errorf("%s lasts until %v", a.Text, a.To)
		}
	}
	// One that comes too late does not happen.
	st.happen(faults.Fault{Kind: faults.Crash, Hosts: []string{"s1"}, For: time.Second})
	if !st.host("s1").up {
		t.Error("a fault after the last one")
	}
}

// A client that dies comes back with its program, if at all, and goes on with what it had
// not begun.
func TestClientGoesOnWhereItWas(t *testing.T) {
	st := newStage(t, sim.Plan{}, nil)
	c := st.host("c0")
	c.issued.Store(2)
	st.happen(faults.Fault{Kind: faults.Crash, Hosts: []string{"c0"}, For: time.Second, Programs: true})
	st.settle(time.Minute)
	if want := []string{"kill", "start with programs", "work from 2, final false, none false"}; !slices.Equal(st.nodes["c0"].calls, want) {
		t.Errorf("did %q, want %q", st.nodes["c0"].calls, want)
	}
	if c.resume || !c.working {
		t.Errorf("is to come back %v, works %v", c.resume, c.working)
	}
	st.happen(faults.Fault{Kind: faults.Crash, Hosts: []string{"c0"}, For: time.Second})
	st.settle(time.Minute)
	if c.up || st.result.Stats.Faults["client-crash"].Fired != 2 {
		t.Errorf("up %v, faults %v", c.up, st.result.Stats.Faults)
	}
	// A server has no programs here: it comes back alone.
	st.happen(faults.Fault{Kind: faults.Crash, Hosts: []string{"s1"}, For: time.Second})
	st.settle(time.Minute)
	if want := []string{"kill", "start"}; !slices.Equal(st.nodes["s1"].calls, want) {
		t.Errorf("did %q, want %q", st.nodes["s1"].calls, want)
	}
}

// A pause ends with its time, or with all faults, and is one of the life that it hit.
func TestPauseEnds(t *testing.T) {
	st := newStage(t, sim.Plan{}, nil)
	st.happen(faults.Fault{Kind: faults.Pause, Hosts: []string{"s1"}, For: time.Second})
	st.happen(faults.Fault{Kind: faults.Pause, Hosts: []string{"s2"}})
	st.happen(faults.Fault{Kind: faults.Pause, Hosts: []string{"s3"}, For: time.Second})
	st.happen(faults.Fault{Kind: faults.Slow, Hosts: []string{"c0"}, Factor: 3, For: time.Second})
	st.happen(faults.Fault{Kind: faults.Crash, Hosts: []string{"s3"}, For: time.Millisecond})
	st.settle(100 * time.Millisecond)
	st.settle(time.Minute)
	st.restore()
	st.settle(time.Minute)
	for name, want := range map[string][]string{
		"s1": {"pause", "resume"}, "s2": {"pause", "resume"}, "s3": {"pause", "kill", "start"}, "c0": {"slow 3", "fast"},
	} {
		if did := st.nodes[name].calls; !slices.Equal(did, want) {
			t.Errorf("%s did %q, want %q", name, did, want)
		}
	}
	// A host that cannot be paused is not counted as paused.
	st.nodes["s1"].errs["pause"] = errPause
	fired := st.result.Stats.Faults["pause"].Fired
	st.happen(faults.Fault{Kind: faults.Pause, Hosts: []string{"s1"}, For: time.Second})
	if st.result.Stats.Faults["pause"].Fired != fired {
		t.Error("a pause is counted that was none")
	}
}

// Within the budget nothing happens that the oracle does not spare, and what only a disk
// does not survive hits the memory alone.
func TestBudgetIsAsked(t *testing.T) {
	var asked []string
	o := &fakeOracle{spares: func(disks bool, hosts []string) bool {
		asked = append(asked, fmt.Sprintf("%v %s", disks, strings.Join(hosts, " ")))
		return !disks && !slices.Contains(hosts, "s3")
	}}
	st := newStage(t, sim.Plan{Budget: sim.Within}, o)
	st.host("s2").stopping = true
	st.happen(faults.Fault{Kind: faults.Wipe, Hosts: []string{"s1"}, For: time.Second})
	st.happen(faults.Fault{Kind: faults.Crash, Hosts: []string{"s3"}, For: time.Second})
	if want := []string{"true s1", "false s1 s2", "false s3 s2"}; !slices.Equal(asked, want) {
		t.Errorf("asked %q, want %q", asked, want)
	}
	if at := st.places(sim.Down{Boot: 7}, sim.DiskLost{Boot: 7, Why: "wipe"}); at[0] < 0 || at[1] >= 0 || !st.host("s3").up {
		t.Errorf("places of facts %v, s3 is up: %v", at, st.host("s3").up)
	}
	if n := st.result.Stats.BudgetSkips; n != 2 || st.result.Stats.Faults["crash"].Fired != 1 {
		t.Errorf("%d skipped, %v", n, st.result.Stats.Faults)
	}
}

// What cannot be done to a host fails the run by name.
func TestHostThatDoesNotObeyFailsTheRun(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		kind    faults.Kind
		call    string
		err     error
		verdict sim.Verdict
		check   string
	}{
		{faults.Crash, "kill", broken, sim.Harness, "kill"},
		{faults.Stop, "stop", broken, sim.Violation, "stop"},
		{faults.Stop, "stop", context.DeadlineExceeded, 0, ""}, // it was killed then
		{faults.Crash, "start", broken, sim.Violation, "restart"},
		{faults.Crash, "start", live.ErrPanic, sim.Violation, "actor panic"},
	} {
		st := newStage(t, sim.Plan{}, nil)
		st.nodes["s1"].errs[c.call] = c.err
		st.happen(faults.Fault{Kind: c.kind, Hosts: []string{"s1"}, For: time.Second})
		st.settle(time.Minute)
		if r := st.result; r.Verdict != c.verdict || r.Check != c.check || c.verdict != 0 && !errors.Is(r.Err, c.err) {
			t.Errorf("%v and %s: %v, got %v, %s: %v", c.kind, c.call, c.err, r.Verdict, r.Check, r.Err)
		}
	}
}

// disturbed are the ways on which something is wrong, and what.
func (st *stage) disturbed() map[pair]string {
	all := map[pair]string{}
	for _, p := range st.mesh.order {
		f := st.mesh.links[p].Faults()
		switch {
		case slices.Contains(st.nodes[p.from].now.Cut, p.to):
			all[p] = "lossy"
		case f.Forth.Hole:
			all[p] = "held"
		case f.Forth.Rate > 0:
			all[p] = "slow"
		}
	}
	return all
}

// A fault of links is on the ways that it names, in its direction, in one of two manners,
// until it ends.
func TestFaultOfLinksIsOnItsWays(t *testing.T) {
	ways := func(text string) []string {
		all := strings.Fields(text)
		slices.Sort(all)
		return all
	}
	both := "s1>s2 s2>s1 s1>s3 s3>s1"
	for _, c := range []struct {
		f       faults.Fault
		want    []string
		manners []string
	}{
		{faults.Fault{Kind: faults.Partition, Hosts: []string{"s1"}, Others: []string{"s2", "s3"}}, ways(both), []string{"held", "lossy"}},
		{faults.Fault{Kind: faults.Cut, Hosts: []string{"s1"}, Others: []string{"s2"}}, ways("s1>s2"), []string{"held", "lossy"}},
		{faults.Fault{Kind: faults.Clog, Hosts: []string{"s1"}, Others: []string{"s2"}}, ways("s1>s2"), []string{"held", "slow"}},
		{faults.Fault{Kind: faults.Isolate, Hosts: []string{"s1", "s2"}},
			ways("s1>s3 s1>c0 s1>final s3>s1 c0>s1 final>s1 s2>s3 s2>c0 s2>final s3>s2 c0>s2 final>s2"), []string{"held", "lossy"}},
		{faults.Fault{Kind: faults.Ring, Hosts: []string{"s1", "s2", "s3", "c0", "final"}},
			ways("s1>s3 s1>c0 s2>c0 s2>final s3>final s3>s1 c0>s1 c0>s2 final>s2 final>s3"), []string{"held", "lossy"}},
	} {
		st := newStage(t, sim.Plan{Seed: 1}, nil)
		manners := map[string]bool{}
		for n := range 40 {
			c.f.At, c.f.For = time.Duration(n)*time.Millisecond, time.Duration(n%2)*time.Second
			st.happen(c.f)
			var got []string
			for p, what := range st.disturbed() {
				got = append(got, p.from+">"+p.to)
				manners[what] = true
			}
			if slices.Sort(got); !slices.Equal(got, c.want) {
				t.Fatalf("%v is on %v, want %v", c.f, got, c.want)
			}
			if c.f.For > 0 {
				st.settle(time.Minute)
			} else {
				st.restore()
			}
			if left := st.disturbed(); len(left) > 0 {
				t.Fatalf("%v has left %v", c.f, left)
			}
		}
		if got := slices.Sorted(maps.Keys(manners)); !slices.Equal(got, c.manners) {
			t.Errorf("%v was %v, want %v", c.f.Kind, got, c.manners)
		}
		if n := st.result.Stats.Faults[c.f.Kind.String()].Fired; n != 40 {
			t.Errorf("%v: %d are counted", c.f.Kind, n)
		}
	}
}

// A link that two faults disturb is not well when one of them ends.
func TestFaultsOfOneLinkAreEachUndone(t *testing.T) {
	st := newStage(t, sim.Plan{}, nil)
	ways := []pair{{"s1", "s2"}}
	for _, how := range []disturbance{held, lossy, slow} {
		one, other := st.mesh.disturb(ways, how), st.mesh.disturb(ways, how)
		one()
		if len(st.disturbed()) != 1 {
			t.Error("the end of one fault was that of the other")
		}
		other()
		if left := st.disturbed(); len(left) > 0 {
			t.Errorf("%v is left", left)
		}
	}
}

// A swizzle holds up the links of its hosts, one after the other, and frees them all.
func TestSwizzleHoldsAndFrees(t *testing.T) {
	for _, early := range []bool{false, true} {
		st := newStage(t, sim.Plan{Seed: 1}, nil)
		const span = 2 * time.Hour
		st.happen(faults.Fault{Kind: faults.Swizzle, Hosts: []string{"s1", "s2"}, For: span})
		first := len(st.disturbed())
		st.settle(span/4 + time.Second)
		if n := len(st.disturbed()); first != 8 || n != 14 {
			t.Errorf("%d ways are held up by one host, %d by two", first, n)
		}
		if early {
			st.restore()
		}
		st.settle(2 * span)
		if left := st.disturbed(); len(left) > 0 {
			t.Errorf("ended early %v: %v is left", early, left)
		}
	}
}

// A host that fails by itself as it is killed is no fault of the harness: its failure is
// told.
func TestHostThatFailedCanBeKilled(t *testing.T) {
	failed := make(chan string, 1)
	l := &local{
		host: "s1", over: make(chan struct{}), tell: listener{failed: func(check string, _ error) { failed <- check }},
		top: actors.Topology{Hosts: []actors.Host{{Name: "s1", Actors: []actors.ActorDef{{Name: "a", New: func(actors.Env) actor.Actor {
			return actor.ReceiveFunc(func(actor.Context) { panic("boom") })
		}}}}}},
		opts: live.Options{Dir: t.TempDir()},
	}
	if _, err := l.start(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	if check := <-failed; check != "actor panic" {
		t.Errorf("the failure is %s", check)
	}
	if err := l.kill(); err != nil {
		t.Errorf("kill: %v", err)
	}
	if err := l.end(t.Context()); err != nil {
		t.Error(err)
	}
}
