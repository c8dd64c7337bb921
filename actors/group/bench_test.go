package group

import (
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// BenchmarkCommittedCommands is what a command costs in the simulator, from its request
// to its answer, on a group of three whose disks take 1 ms a call. With 64 in flight
// many share a sync; with 1 none does. The virtual time of a command is reported too.
func BenchmarkCommittedCommands(b *testing.B) {
	for _, c := range []struct {
		name   string
		window int
	}{{"window=1", 1}, {"window=64", 64}} {
		b.Run(c.name, func(b *testing.B) {
			s := testGroup(3, Config{}, faults.Profile{DelayMin: time.Millisecond, DelayMax: time.Millisecond}, func(env actors.Env, hosts []string) error {
				ask(env, hosts, add{N: 1 << 40})
				leader := ""
				for _, host := range hosts {
					if reply, err := env.Request(env.PID(host+"/sum"), add{N: 1 << 41}, time.Second); err == nil && reply.(total).OK {
						leader = host
					}
				}
				for n := 0; n < b.N; n += c.window {
					for i := 1; i < c.window; i++ {
						env.Send(env.PID(leader+"/sum"), add{N: uint64(n + i)})
					}
					ask(env, []string{leader}, add{N: uint64(n)})
				}
				return nil
			})
			s.Limits.Steps, s.Limits.Time = 1<<60, 1<<60
			s.Wire = sim.WireCopy
			p := sim.NewPlan(s, 1)
			p.Net.DiskMin, p.Net.DiskMax = time.Millisecond, time.Millisecond
			b.ResetTimer()
			r := sim.Run(s, p)
			b.StopTimer()
			if r.Verdict != sim.Pass {
				b.Fatalf("%v %s: %v", r.Verdict, r.Check, r.Err)
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commands/s")
			b.ReportMetric(float64(r.Stats.Virtual.Microseconds())/float64(b.N), "virtual-us/op")
		})
	}
}
