package sim_test

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/actorstest"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// runContract runs a system of the suite without faults, in one order.
func runContract(top actors.Topology, policy sim.Policy, seed uint64) error {
	s := sim.Scenario{Name: "contract", Topology: func(sim.Knobs) actors.Topology { return top }}
	p := sim.NewPlan(s, seed)
	p.Policy = policy
	p.Net = faults.Net{DelayMax: 3 * time.Millisecond, DiskMax: time.Millisecond, Drift: 40}
	if r := sim.Run(s, p); r.Verdict != sim.Pass {
		return fmt.Errorf("%s, seed %d: %s: %w", policy, seed, r.Verdict, r.Err)
	}
	return nil
}

// The suite says what holds without faults, whatever the order and the delays.
func TestContract(t *testing.T) {
	actorstest.Run(t, func(t *testing.T, top actors.Topology) error {
		for _, policy := range []sim.Policy{sim.Timed, sim.Random} {
			for seed := range uint64(10) {
				if err := runContract(top, policy, seed); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// A tally is a testing.T that counts the claims that do not hold.
type tally struct{ refuted int }

func (*tally) Helper() {}

func (t *tally) Error(...any) { t.refuted++ }

func (t *tally) Run(_ string, f func(*tally)) bool {
	f(t)
	return true
}

// broken has every actor and program of a topology live with a planted bug.
func broken(top actors.Topology, plant func(env *actors.Env)) actors.Topology {
	var out actors.Topology
	for _, h := range top.Hosts {
		h.Actors, h.Programs = slices.Clone(h.Actors), slices.Clone(h.Programs)
		for i, a := range h.Actors {
			h.Actors[i].New = func(env actors.Env) actor.Actor {
				plant(&env)
				return a.New(env)
			}
		}
		for i, p := range h.Programs {
			h.Programs[i].Run = func(env actors.Env) error {
				plant(&env)
				return p.Run(env)
			}
		}
		out.Hosts = append(out.Hosts, h)
	}
	return out
}

// A badClock and a badDisk do what their functions say, and the rest right.
type badClock struct {
	actors.Clock
	after func(c actors.Clock, d time.Duration, msg any) func()
	sleep func(c actors.Clock, d time.Duration)
}

func (b badClock) After(d time.Duration, msg any) func() { return b.after(b.Clock, d, msg) }

func (b badClock) Sleep(d time.Duration) { b.sleep(b.Clock, d) }

type badDisk struct {
	actors.Disk
	read     func(d actors.Disk, name string) ([]byte, error)
	write    func(d actors.Disk, name string, b []byte) error
	truncate func(d actors.Disk, name string, size int64) error
	rename   func(d actors.Disk, from, to string) error
	list     func(d actors.Disk) ([]string, error)
}

func (b badDisk) ReadFile(name string) ([]byte, error)   { return b.read(b.Disk, name) }
func (b badDisk) WriteFile(name string, c []byte) error  { return b.write(b.Disk, name, c) }
func (b badDisk) Truncate(name string, size int64) error { return b.truncate(b.Disk, name, size) }
func (b badDisk) Rename(from, to string) error           { return b.rename(b.Disk, from, to) }
func (b badDisk) List() ([]string, error)                { return b.list(b.Disk) }

// planted are worlds that break the contract in one place.
var planted = []struct {
	name  string
	plant func(env *actors.Env, c *badClock, d *badDisk)
}{
	{"cancel does nothing", func(_ *actors.Env, c *badClock, _ *badDisk) {
		c.after = func(c actors.Clock, d time.Duration, msg any) func() {
			c.After(d, msg)
			return func() {}
		}
	}},
	{"timers are early", func(_ *actors.Env, c *badClock, _ *badDisk) {
		c.after = func(c actors.Clock, d time.Duration, msg any) func() { return c.After(d*9/10, msg) }
	}},
	{"Sleep returns early", func(_ *actors.Env, c *badClock, _ *badDisk) {
		c.sleep = func(c actors.Clock, d time.Duration) { c.Sleep(d * 9 / 10) }
	}},
	{"a local message is doubled", func(env *actors.Env, _ *badClock, _ *badDisk) {
		send := env.Send
		env.Send = func(to *actor.PID, msg any) { send(to, msg); send(to, msg) }
	}},
	{"a request without a reply is no error", func(env *actors.Env, _ *badClock, _ *badDisk) {
		request := env.Request
		env.Request = func(to *actor.PID, msg any, timeout time.Duration) (any, error) {
			answer, err := request(to, msg, timeout)
			if errors.Is(err, actors.ErrTimeout) {
				err = nil
			}
			return answer, err
		}
	}},
	{"Boot is not counted", func(env *actors.Env, _ *badClock, _ *badDisk) { env.Boot = 0 }},
	{"children live beside their parent", func(env *actors.Env, _ *badClock, _ *badDisk) {
		spawn := env.Spawn
		env.Spawn = func(ctx actor.Context, name string, p actors.Producer) *actor.PID {
			return spawn(ctx, "x"+name, p)
		}
	}},
	{"a missing file is empty", func(_ *actors.Env, _ *badClock, d *badDisk) {
		d.read = func(d actors.Disk, name string) ([]byte, error) {
			b, err := d.ReadFile(name)
			if errors.Is(err, fs.ErrNotExist) {
				err = nil
			}
			return b, err
		}
	}},
	{"WriteFile appends", func(_ *actors.Env, _ *badClock, d *badDisk) {
		d.write = func(d actors.Disk, name string, b []byte) error { return d.Append(name, b) }
	}},
	{"Truncate empties", func(_ *actors.Env, _ *badClock, d *badDisk) {
		d.truncate = func(d actors.Disk, name string, _ int64) error { return d.Truncate(name, 0) }
	}},
	{"Rename copies", func(_ *actors.Env, _ *badClock, d *badDisk) {
		d.rename = func(d actors.Disk, from, to string) error {
			b, err := d.ReadFile(from)
			if err != nil {
				return err
			}
			return d.WriteFile(to, b)
		}
	}},
	{"List is not sorted", func(_ *actors.Env, _ *badClock, d *badDisk) {
		d.list = func(d actors.Disk) ([]string, error) {
			names, err := d.List()
			slices.Reverse(names)
			return names, err
		}
	}},
}

func TestSuiteFindsPlantedBugs(t *testing.T) {
	for _, bug := range planted {
		plant := func(env *actors.Env) {
			c := badClock{env.Clock, actors.Clock.After, actors.Clock.Sleep}
			d := badDisk{env.Disk, actors.Disk.ReadFile, actors.Disk.WriteFile, actors.Disk.Truncate, actors.Disk.Rename, actors.Disk.List}
			bug.plant(env, &c, &d)
			env.Clock, env.Disk = c, d
		}
		found := &tally{}
		actorstest.Run(found, func(_ *tally, top actors.Topology) error {
			return runContract(broken(top, plant), sim.Timed, 1)
		})
		if found.refuted == 0 {
			t.Errorf("not found: %s", bug.name)
		}
		t.Logf("%s: refutes %d claims", bug.name, found.refuted)
	}
	none := &tally{}
	actorstest.Run(none, func(_ *tally, top actors.Topology) error {
		return runContract(broken(top, func(*actors.Env) {}), sim.Timed, 1)
	})
	if none.refuted != 0 {
		t.Errorf("without a bug %d claims are refuted", none.refuted)
	}
}
