package group

import (
	"encoding/binary"
	"fmt"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// A sum is a machine for the tests: it adds up numbers. It answers an add when that
// is applied, and a look when a read has come through.
type sum struct {
	env     actors.Env
	m       *Member
	total   uint64
	adds    uint64
	pending map[string]*actor.PID // by command
}

type (
	add   struct{ N uint64 }
	look  struct{}
	total struct {
		OK    bool
		Total uint64
		Adds  uint64
	}
)

func init() {
	actors.Message("grouptest.add", add{})
	actors.Message("grouptest.look", look{})
	actors.Message("grouptest.total", total{})
}

func newSum(env actors.Env, m *Member) Machine {
	return &sum{env: env, m: m, pending: map[string]*actor.PID{}}
}

func (s *sum) Apply(_ uint64, command []byte) {
	s.total += binary.LittleEndian.Uint64(command)
	s.adds++
	if to := s.pending[string(command)]; to != nil {
		delete(s.pending, string(command))
		s.env.Send(to, total{OK: true, Total: s.total, Adds: s.adds})
	}
}

func (s *sum) Snapshot() []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(nil, s.total), s.adds)
}

func (s *sum) Restore(state []byte) error {
	if len(state) != 16 {
		return fmt.Errorf("a state of %d bytes", len(state))
	}
	s.total, s.adds = binary.LittleEndian.Uint64(state), binary.LittleEndian.Uint64(state[8:])
	return nil
}

func (s *sum) Lead(uint64) {}

func (s *sum) Follow() { clear(s.pending) }

func (s *sum) Receive(ctx actor.Context) {
	switch msg := ctx.Message().(type) {
	case add:
		command := binary.LittleEndian.AppendUint64(nil, msg.N)
		if !s.m.Propose(command) {
			ctx.Respond(total{})
			return
		}
		s.pending[string(command)] = ctx.Sender()
	case look:
		to := ctx.Sender()
		s.m.Read(func(ok bool) { s.env.Send(to, total{OK: ok, Total: s.total, Adds: s.adds}) })
	}
}

// testGroup has n members on the hosts m0, m1, ..., and one program that uses them.
func testGroup(n int, cfg Config, p faults.Profile, use func(env actors.Env, hosts []string) error) sim.Scenario {
	cfg.Name = "sum"
	for i := range n {
		cfg.Members = append(cfg.Members, fmt.Sprintf("m%d", i))
	}
	p.Servers = []string{"m"}
	return sim.Scenario{
		Name: "test/group",
		Topology: func(sim.Knobs) actors.Topology {
			var t actors.Topology
			for _, host := range cfg.Members {
				t.Hosts = append(t.Hosts, actors.Host{Name: host, Actors: []actors.ActorDef{{Name: cfg.Name, New: New(cfg, newSum)}}})
			}
			run := func(env actors.Env) error { return use(env, cfg.Members) }
			t.Hosts = append(t.Hosts, actors.Host{Name: "user", Programs: []actors.ProgramDef{{Name: "use", Run: run}}})
			return t
		},
		Profile: p,
	}
}

// ask asks one member after the other until one says yes.
func ask(env actors.Env, hosts []string, msg any) total {
	for i := 0; ; i++ {
		reply, err := env.Request(env.PID(hosts[i%len(hosts)]+"/sum"), msg, 300*time.Millisecond)
		if err == nil && reply.(total).OK {
			return reply.(total)
		}
		env.Clock.Sleep(20 * time.Millisecond)
	}
}

// calm is a network and a disk that work.
var calm = faults.Profile{DelayMin: time.Millisecond, DelayMax: 5 * time.Millisecond, DiskMax: time.Millisecond}

func pass(t *testing.T, s sim.Scenario, seed uint64) *sim.Result {
	t.Helper()
	r := sim.Run(s, sim.NewPlan(s, seed))
	if r.Verdict != sim.Pass {
		t.Fatalf("seed %d: %v %s: %v", seed, r.Verdict, r.Check, r.Err)
	}
	return r
}

// TestAGroupAppliesWhatItsLeaderProposes: every member of a group of 1, 3 or 5 applies
// every command, once, and a linearizable read sees it.
func TestAGroupAppliesWhatItsLeaderProposes(t *testing.T) {
	for _, n := range []int{1, 3, 5} {
		s := testGroup(n, Config{}, calm, func(env actors.Env, hosts []string) error {
			for i := range uint64(20) {
				if got := ask(env, hosts, add{N: i}); got.Adds != i+1 {
					return fmt.Errorf("add %d came as number %d", i, got.Adds)
				}
			}
			for _, host := range hosts {
				if got := ask(env, []string{host}, look{}); got.Total != 190 {
					return fmt.Errorf("%s has %d", host, got.Total)
				}
			}
			return nil
		})
		r := pass(t, s, 1)
		applied := map[string]int{}
		for _, note := range r.Notes {
			if _, ok := note.Fact.(Applied); ok {
				applied[note.Host]++
			}
		}
		if len(applied) != n {
			t.Errorf("of %d members these applied something: %v", n, applied)
		}
		t.Logf("%d members: %d steps, %v of virtual time", n, r.Stats.Steps, r.Stats.Virtual)
	}
}
