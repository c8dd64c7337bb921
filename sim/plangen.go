package sim

import "github.com/simrun/simrun/faults"

// NewPlan draws a plan of the scenario from a seed: knobs, operations, network,
// faults and policy. Equal arguments give equal plans.
func NewPlan(s Scenario, seed uint64) Plan {
	d := faults.NewDraw(seed)
	p := Plan{Scenario: s.Name, Seed: seed, Policy: Timed, Knobs: s.drawKnobs(d)}
	if s.Workload.Generate != nil {
		p.Ops = s.Workload.Generate(d.Sub("operations", 0), p.Knobs)
	}
	var hosts []string
	for _, h := range s.Topology(p.Knobs).Hosts {
		hosts = append(hosts, h.Name)
	}
	var random bool
	if p.Net, p.Faults, random = s.Profile.Draw(d.Sub("faults", 0), hosts); random {
		p.Policy = Random
	}
	return p
}

// drawKnobs draws the knobs of a seed.
func (s Scenario) drawKnobs(d *faults.Draw) Knobs {
	if s.Knobs == nil {
		return nil
	}
	return s.Knobs(d.Sub("knobs", 0))
}
