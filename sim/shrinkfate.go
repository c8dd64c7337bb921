package sim

import (
	"slices"
	"time"
)

// maxDeviations bounds the messages with a fate of their own that a plan may list
// before they are reduced. Beyond, the drawn network is easier to read.
const maxDeviations = 20_000

// nameDeviations replaces the drawn network by a calm one and the list of all
// messages that it treated differently. Under policy Random these are all, since
// it chooses when each of them arrives, and the network is one without a delay.
func (sh *shrinker) nameDeviations() {
	p := sh.best.Plan
	random := p.Policy == Random
	if len(p.Deviations) > 0 || !random && p.Net == calm(p.Net, p.Net.DelayMin) || sh.exhausted() {
		return
	}
	sh.left--
	list := sh.fates(p)
	if len(list) == 0 || len(list) > maxDeviations {
		return
	}
	exact := func(p *Plan) {
		p.Net, p.Deviations = calm(p.Net, p.Net.DelayMin), list
		if random {
			p.Policy, p.Net = Timed, calm(p.Net, 0)
		}
	}
	if !sh.edit(exact) && p.Net.FIFO && !random {
		sh.edit(func(p *Plan) {
			exact(p)
			p.Net.FIFO = true
		})
	}
}

// removeDeviations gives messages back the fate of all others, at least so many at
// once.
func (sh *shrinker) removeDeviations(smallest int) {
	minimize(sh, sh.best.Plan.Deviations, max(smallest, 1), func(p *Plan, left []Deviation) { p.Deviations = left })
}

// hurryCopies has second copies arrive sooner, so that fewer operations are needed to
// pass the time until then.
func (sh *shrinker) hurryCopies() {
	for i, d := range sh.best.Plan.Deviations {
		if !d.Copy {
			continue
		}
		for _, part := range []time.Duration{32, 16, 8, 4, 2} {
			if sh.edit(func(p *Plan) { p.Deviations[i].Late = d.Late / part }) {
				break
			}
		}
	}
}

// On a network with a round delay, a message can overtake others in only a few
// ways: it is late by half a step, by one and a half, and so on.
const (
	calmDelay = time.Millisecond
	maxSteps  = 12
)

// alignDeviations replaces all late messages by one. What is left of them mostly
// keeps step with each other: many are late only because one is.
func (sh *shrinker) alignDeviations() bool {
	list := sh.best.Plan.Deviations
	if len(list) > maxAligned {
		return false
	}
	for i, one := range list {
		if one.Drop {
			continue
		}
		var left []Deviation
		for j, d := range list {
			if j == i || d.Drop || d.Copy {
				left = append(left, d)
			}
		}
		at := slices.Index(left, one)
		for n := range time.Duration(maxSteps) {
			if sh.edit(func(p *Plan) {
				p.Net, p.Deviations = calm(p.Net, calmDelay), slices.Clone(left)
				p.Deviations[at].Late = n*calmDelay + calmDelay/2
			}) {
				return true
			}
		}
	}
	return false
}

// removeOpsAligned removes operations that only pass the time until the one late
// message arrives: without them it has to be less late.
func (sh *shrinker) removeOpsAligned() {
	if len(sh.best.Plan.Deviations) != 1 || sh.best.Plan.Deviations[0].Drop {
		return
	}
	for i := len(sh.best.Plan.Ops) - 1; i >= 0; i-- {
		for n := range time.Duration(maxSteps) {
			late := n*calmDelay + calmDelay/2
			if late < sh.best.Plan.Deviations[0].Late && sh.edit(func(p *Plan) {
				p.Ops = slices.Delete(p.Ops, i, i+1)
				p.Deviations[0].Late = late
			}) {
				break
			}
		}
	}
}

// maxAligned bounds the deviations among which one is looked for.
const maxAligned = 12

// roundDeviations makes late messages less late, or late by a rounder time.
func (sh *shrinker) roundDeviations() {
	for i := range sh.best.Plan.Deviations {
		for _, late := range rounder(sh.best.Plan.Deviations[i].Late) {
			if sh.edit(func(p *Plan) { p.Deviations[i].Late = late }) {
				break
			}
		}
	}
}
