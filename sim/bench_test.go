package sim

import (
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
)

// hopper sends what it receives on to a random other node.
type hopper struct {
	env   actors.Env
	peers []*actor.PID
	start int
}

func (h *hopper) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		for range h.start {
			ctx.Send(h.peers[h.env.Rand.IntN(len(h.peers))], &ball{})
		}
	case *ball:
		ctx.Send(h.peers[h.env.Rand.IntN(len(h.peers))], m)
	}
}

func hopScenario(nodes, flying int) Scenario {
	names := []string{"n0", "n1", "n2", "n3", "n4", "n5", "n6", "n7", "n8", "n9"}[:nodes]
	var hosts []actors.Host
	for i, n := range names {
		hosts = append(hosts, actors.Host{Name: n, Actors: []actors.ActorDef{{Name: "hop", New: func(env actors.Env) actor.Actor {
			h := &hopper{env: env, start: flying / nodes}
			for j, p := range names {
				if j != i {
					h.peers = append(h.peers, env.PID(p+"/hop"))
				}
			}
			return h
		}}}})
	}
	hosts = append(hosts, actors.Host{Name: "clock", Programs: []actors.ProgramDef{{Name: "main", Run: func(env actors.Env) error {
		env.Clock.Sleep(100 * time.Hour)
		return nil
	}}}})
	return scenarioOf("bench/hop", hosts...)
}

func init() { actors.Message("simtest.ballp", &ball{}) }

func benchmarkHop(b *testing.B, mode WireMode) {
	b.ReportAllocs()
	s := hopScenario(5, 100)
	s.Limits.Steps = b.N + 20
	s.Limits.Time = 1000 * time.Hour
	p := Plan{Seed: 3, Policy: Timed, Net: faults.Net{DelayMin: time.Millisecond, DelayMax: 10 * time.Millisecond}}
	s.Wire = mode
	w := newWorld(s, p)
	w.strict = false
	b.ResetTimer()
	r := w.result()
	b.StopTimer()
	if r.Check != "steps" {
		b.Fatalf("%v %s: %v", r.Verdict, r.Check, r.Err)
	}
	b.ReportMetric(float64(r.Stats.Messages)/b.Elapsed().Seconds(), "deliveries/s")
}

func BenchmarkHopRef(b *testing.B)  { benchmarkHop(b, WireRef) }
func BenchmarkHopCopy(b *testing.B) { benchmarkHop(b, WireCopy) }

// BenchmarkHopBare is the same workload on the bare queue, without actors.
func BenchmarkHopBare(b *testing.B) {
	b.ReportAllocs()
	var q queue
	now := int64(0)
	seed := faults.Mix(3, 4)
	for i := range 100 {
		ev := q.push(int64(faults.Scale(faults.Mix(seed, uint64(i)), 9_000_001)) + 1_000_000)
		ev.key = uint64(i)
	}
	b.ResetTimer()
	for range b.N {
		at, ev := q.pop()
		now = at
		key := faults.Mix(ev.key, 1)
		ev2 := q.push(now + 1_000_000 + int64(faults.Scale(key, 9_000_001)))
		ev2.key = key
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "deliveries/s")
}

func BenchmarkBuildTenHosts(b *testing.B) {
	b.ReportAllocs()
	s := hopScenario(9, 0)
	p := Plan{Seed: 3, Policy: Timed, Net: faults.Net{DelayMin: time.Millisecond}}
	template()
	for b.Loop() {
		Run(s, p)
	}
}
