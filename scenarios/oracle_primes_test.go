package scenarios

import (
	"testing"
	"time"

	"github.com/simrun/simrun/actors/primes"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// TestPrimesOracleSparesCopiesOnly: one of the daemons that have the responses may lose
// its disk, and nobody else may go for good. R113.
func TestPrimesOracleSparesCopiesOnly(t *testing.T) {
	s := primesPlain()
	p := sim.NewPlan(s, 2)
	p.Knobs = sim.Knobs{}.With("store", primes.Replicated)
	p.Policy, p.Budget, p.Heal, p.Net = sim.Timed, sim.Within, sim.HealAll, faults.Net{DelayMin: time.Millisecond, DelayMax: 2 * time.Millisecond}
	p.Faults = nil
	for i, host := range []string{"daemon1", "daemon2", "sv1", "lb", "coordinator"} {
		// All at once, so that nothing is transferred between two of them.
		p.Faults = append(p.Faults, faults.Fault{Kind: faults.Wipe, Hosts: []string{host}, At: 2*time.Second + time.Duration(i)*time.Microsecond, For: 50 * time.Millisecond})
	}
	r := sim.Run(s, p)
	if r.Verdict != sim.Pass {
		t.Fatalf("%v %s: %v", r.Verdict, r.Check, r.Err)
	}
	lost := 0
	for _, n := range r.Notes {
		if _, ok := n.Fact.(sim.DiskLost); ok {
			lost++
			if n.Host != "daemon1" {
				t.Errorf("the disk of %s was lost", n.Host)
			}
		}
	}
	if lost != 1 {
		t.Errorf("%d disks were lost, want 1", lost)
	}
}
