package sim

import (
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/hop"
	"github.com/simrun/simrun/faults"
)

func hopScenario(nodes, inFlight, steps int) Scenario {
	return Scenario{
		Name:     "bench/hop",
		Topology: func(Knobs) actors.Topology { return hop.Topology(nodes, inFlight) },
		Limits:   Limits{Steps: steps, Time: 1000 * time.Hour},
	}
}

func benchmarkHop(b *testing.B, mode WireMode) {
	b.ReportAllocs()
	s := hopScenario(5, 100, b.N+20)
	s.Wire = mode
	w := newWorld(s, Plan{Seed: 3, Policy: Timed, Net: faults.Net{DelayMin: time.Millisecond, DelayMax: 10 * time.Millisecond}})
	w.strict = false
	b.ResetTimer()
	r := w.result()
	b.StopTimer()
	if r.Check != "steps" {
		b.Fatalf("%v %s: %v", r.Verdict, r.Check, r.Err)
	}
	b.ReportMetric(float64(r.Stats.Messages)/b.Elapsed().Seconds(), "deliveries/s")
}

func BenchmarkHopRef(b *testing.B)     { benchmarkHop(b, WireRef) }
func BenchmarkHopChecked(b *testing.B) { benchmarkHop(b, WireChecked) }
func BenchmarkHopCopy(b *testing.B)    { benchmarkHop(b, WireCopy) }

// BenchmarkHopBare is the same workload on the bare queue, without actors.
func BenchmarkHopBare(b *testing.B) {
	b.ReportAllocs()
	b.ReportMetric(bareLoop(b.N), "deliveries/s")
}

func BenchmarkBuildTenHosts(b *testing.B) {
	b.ReportAllocs()
	s := hopScenario(10, 0, 1)
	template()
	for b.Loop() {
		Run(s, Plan{Seed: 3, Policy: Timed, Net: faults.Net{DelayMin: time.Millisecond}})
	}
}
