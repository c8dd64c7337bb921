package scenarios

import (
	"testing"

	"github.com/simrun/simrun/sim"
)

// BenchmarkCheckedRun is one complete run of store/bench: 5 hosts that serve and
// two clients, 200 operations and faults, drawn, run and judged.
func BenchmarkCheckedRun(b *testing.B) {
	s := storeBench()
	var messages, check float64
	seed := uint64(0)
	for b.Loop() {
		r := sim.Run(s, sim.NewPlan(s, seed))
		if r.Verdict != sim.Pass {
			b.Fatalf("seed %d: %v %s: %v", seed, r.Verdict, r.Check, r.Err)
		}
		messages += float64(r.Stats.Messages)
		check += r.Stats.CheckTime.Seconds()
		seed++
	}
	b.ReportMetric(float64(seed)/b.Elapsed().Seconds(), "runs/s")
	b.ReportMetric(messages/b.Elapsed().Seconds(), "messages/s")
	b.ReportMetric(100*check/b.Elapsed().Seconds(), "%checking")
}
