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
	drawn := s.Profile.Draw(d.Sub("faults", 0), hosts)
	p.Net, p.Faults, p.Swarm = drawn.Net, drawn.Faults, drawn.Swarm
	if drawn.Random {
		p.Policy = Random
	}
	if !drawn.Cold && len(p.Faults) > 0 {
		for _, op := range p.Ops {
			p.WarmUp += min(op.N, 1)
		}
		p.WarmUp /= 10
	}
	if s.Oracle != nil && !drawn.Unrestricted {
		p.Budget = Within
	}
	if s.Oracle != nil && drawn.Core {
		p.Heal = HealCore
	}
	if s.Script != nil {
		// A story is told as it is: nothing of the Profile takes away from it.
		p.WarmUp, p.Budget, p.Heal = 0, AsTold, HealAll
		p.Net, p.Faults = s.Script(d.Sub("script", 0), p.Knobs)
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
