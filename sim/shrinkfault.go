package sim

import (
	"slices"
	"time"

	"github.com/simrun/simrun/faults"
)

// simplifyFaults makes each fault that is left as mild, small, short and round as
// it can be. A change that holds is kept, and the next one is tried on top.
func (sh *shrinker) simplifyFaults() {
	for i := range sh.best.Plan.Faults {
		for _, candidates := range []func(faults.Fault) []faults.Fault{
			sh.fewerHosts, milder, sooner, shorter,
		} {
			for _, f := range candidates(sh.best.Plan.Faults[i]) {
				if sh.edit(func(p *Plan) { p.Faults[i] = f }) {
					break
				}
			}
		}
	}
}

// fewerHosts lists the fault with one host a side.
func (sh *shrinker) fewerHosts(f faults.Fault) (list []faults.Fault) {
	hosts, others := f.Hosts, f.Others
	if slices.Equal(hosts, []string{faults.All}) {
		hosts = sh.servers(sh.best.Plan)
		if f.Point != "" {
			g := f
			g.Hosts = nil
			list = append(list, g)
		}
	} else if len(hosts) <= 1 && len(others) <= 1 {
		return nil
	}
	if len(others) == 0 {
		others = []string{""}
	}
	for _, h := range hosts {
		for _, o := range others {
			g := f
			g.Hosts = []string{h}
			if o != "" {
				g.Others = []string{o}
			}
			list = append(list, g)
		}
	}
	return list
}

// milder lists what does less: a crash instead of a power loss, one direction
// instead of two.
func milder(f faults.Fault) (list []faults.Fault) {
	add := func(k faults.Kind) {
		g := f
		g.Kind = k
		list = append(list, g)
	}
	switch f.Kind {
	case faults.Wipe, faults.Destroy:
		add(faults.Crash)
		add(faults.PowerLoss)
	case faults.PowerLoss:
		add(faults.Crash)
	case faults.Partition:
		add(faults.Cut)
		f.Hosts, f.Others = f.Others, f.Hosts
		add(faults.Cut)
	}
	if f.Programs {
		f.Programs = false
		list = append(list, f)
	}
	return list
}

// sooner lists rounder and earlier beginnings.
func sooner(f faults.Fault) (list []faults.Fault) {
	if f.Point != "" {
		for _, nth := range []int{1, 2, f.Nth / 2, f.Nth - 1} {
			if nth >= 1 && nth < f.Nth {
				g := f
				g.Nth = nth
				list = append(list, g)
			}
		}
		return list
	}
	for _, at := range rounder(f.At) {
		g := f
		g.At = at
		list = append(list, g)
	}
	return list
}

// shorter lists shorter and rounder durations.
func shorter(f faults.Fault) (list []faults.Fault) {
	times := []time.Duration{time.Millisecond, 10 * time.Millisecond, 100 * time.Millisecond, time.Second}
	for _, d := range append(times, rounder(f.For)...) {
		if d < f.For {
			g := f
			g.For = d
			list = append(list, g)
		}
	}
	return list
}
