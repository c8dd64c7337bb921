package sim

import "github.com/simrun/simrun/faults"

// NewPlan draws a plan of the scenario from a seed: knobs, operations, network,
// faults and policy. Equal arguments give equal plans.
func NewPlan(s Scenario, seed uint64) Plan {
	d := faults.NewDraw(seed)
	p := Plan{Scenario: s.Name, Seed: seed, Policy: Timed}
	if s.Knobs != nil {
		p.Knobs = s.Knobs(d.Sub("knobs", 0))
	}
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
