package harness

import (
	"slices"
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// Plan draws a plan for a live run from a seed: that of the simulator, with the faults
// that are possible live. A power loss is a crash, since the machine goes on; faults of
// disks and clocks are left out, and without processes pauses and slow hosts are too. With always, a scenario that knows no faults gets some:
// crashes of its servers, cuts and resets of links, and a network with delays.
func Plan(s sim.Scenario, seed uint64, processes, always bool) sim.Plan {
	p := sim.NewPlan(s, seed)
	if always && s.Script == nil && s.Profile.Counts == (faults.Counts{}) {
		drawn := modest(s, p).Draw(faults.NewDraw(seed).Sub("live faults", 0), hostsOf(s, p))
		p.Faults, p.Swarm = drawn.Faults, drawn.Swarm
		if s.Profile.DelayMax == 0 {
			p.Net = drawn.Net
		}
	}
	var possible faults.Schedule
	for _, f := range p.Faults {
		if f.Kind == faults.PowerLoss {
			f.Kind = faults.Crash
		}
		if isPossible(f, processes) {
			possible = append(possible, f)
		}
	}
	p.Faults, p.Policy = possible, sim.Timed
	return p
}

// isPossible reports whether a fault can be carried out live.
func isPossible(f faults.Fault, processes bool) bool {
	switch f.Kind {
	case faults.Crash, faults.Wipe, faults.Destroy, faults.Stop, faults.Heal,
		faults.Partition, faults.Cut, faults.Isolate, faults.Ring, faults.Clog, faults.Swizzle, faults.Reset,
		faults.DropMessage, faults.Replay:
		return true
	case faults.Pause, faults.Slow:
		return processes
	}
	return false
}

// modest is a profile for a scenario that has none: who carries out operations or has a
// program is a client and spared.
func modest(s sim.Scenario, p sim.Plan) faults.Profile {
	var servers []string
	for _, h := range s.Topology(p.Knobs).Hosts {
		client := h.Name == finalHost || len(h.Programs) > 0 || slices.ContainsFunc(p.Ops, func(op sim.Op) bool { return op.Client == h.Name })
		if !client && len(h.Actors) > 0 {
			servers = append(servers, h.Name)
		}
	}
	profile := faults.Profile{
		DelayMax: 5 * time.Millisecond, DropMax: 20, DuplicateMax: 50, FIFO: 300,
		Span: time.Second, DownMin: 10 * time.Millisecond, DownMax: time.Second, Servers: servers,
		Counts: faults.Counts{faults.Cut: 2, faults.Isolate: 1, faults.Clog: 2, faults.Reset: 2},
	}
	if len(servers) > 0 {
		profile.Counts[faults.Crash], profile.Counts[faults.Pause] = 3, 2
	}
	return profile
}

func hostsOf(s sim.Scenario, p sim.Plan) (names []string) {
	for _, h := range s.Topology(p.Knobs).Hosts {
		names = append(names, h.Name)
	}
	return names
}
