package sim_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/actorstest"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// The suite says what holds without faults, whatever the order and the delays.
func TestContract(t *testing.T) {
	actorstest.Run(t, func(t *testing.T, top actors.Topology) error {
		s := sim.Scenario{Name: "contract", Topology: func(sim.Knobs) actors.Topology { return top }}
		for _, policy := range []sim.Policy{sim.Timed, sim.Random} {
			for seed := range uint64(10) {
				p := sim.NewPlan(s, seed)
				p.Policy = policy
				p.Net = faults.Net{DelayMax: 3 * time.Millisecond, DiskMax: time.Millisecond, Drift: 40}
				if r := sim.Run(s, p); r.Verdict != sim.Pass {
					return fmt.Errorf("%s, seed %d: %s: %w", policy, seed, r.Verdict, r.Err)
				}
			}
		}
		return nil
	})
}
