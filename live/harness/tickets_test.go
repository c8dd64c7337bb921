package harness_test

import (
	"slices"
	"testing"

	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/scenarios"
	"github.com/simrun/simrun/sim"
)

// R50 to R69 over TCP, files and the wall clock: jobs of several browsers are done,
// called back, stored and told, under the checks of the simulated runs. How long a page
// takes says something of the machine here, so that one is left out.
func TestTicketsLive(t *testing.T) {
	for _, name := range []string{"tickets/plain", "tickets/hybrid"} {
		t.Run(name, func(t *testing.T) {
			s := catalogued(t, name)
			s.Checks = slices.DeleteFunc(slices.Clone(s.Checks), func(c sim.Check) bool { return c.Name == "pages" })
			p := sim.NewPlan(s, 1)
			for knob, value := range map[string]string{
				"trackers": "3", "webs": "2", "workers": "2", "ttl": "2s", "lease": "30s", "tickets": "1000", "jobs": "100", "durable": "yes",
				"joblease": "10s", "deadline": "5s", "deliveries": "3", "parallel": "4", "callbacks": "64",
			} {
				p.Knobs = p.Knobs.With(knob, value)
			}
			r := runLive(t, s, p)
			if r.Verdict != sim.Pass {
				t.Fatalf("%v, %s: %v", r.Verdict, r.Check, r.Err)
			}
			finished, forgotten := 0, 0
			for _, n := range r.Notes {
				f, ok := n.Fact.(tickets.Changed)
				switch {
				case ok && f.To == models.TicketFinished:
					finished++
				case ok && f.To == models.NoTicket:
					forgotten++
				}
			}
			jobs := map[string]bool{}
			for _, op := range p.Ops {
				if do, ok := op.Do.(scenarios.SubmitJob); ok && !do.Job.Poison {
					jobs[do.Job.Name] = true
				}
			}
			// Every member of the tracker tells; one of the three may be behind.
			if finished < 2*len(jobs) || forgotten < 2*len(jobs) {
				t.Errorf("of %d jobs the members of the tracker saw %d finished and %d forgotten", len(jobs), finished, forgotten)
			}
		})
	}
}
