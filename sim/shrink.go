package sim

import (
	"context"
	"slices"
	"time"

	"github.com/simrun/simrun/faults"
)

// MaxReplays is how many runs Shrink spends at most. The limit is a count and no
// time, so that equal failures shrink to equal plans on every machine.
const MaxReplays = 500

// Shrink looks for a smaller plan that fails like the given result: with the same
// verdict and the same check. It removes faults and operations, makes the faults
// that are left milder, shorter and rounder, and calms the network: a fixed small
// delay on every link, and what must be different about single messages as
// Deviations. It returns the result of the smallest plan found, which is failing
// itself if there is none or if it has not failed. Once ctx is done it returns
// the best so far.
//
// Where that leads no further, it lowers knobs that are integers or durations: a
// log that is rotated after two records needs fewer operations than one of a
// thousand. The seed may change: in a calm plan it decides little but what a power
// loss leaves behind.
func Shrink(ctx context.Context, s Scenario, failing *Result) *Result {
	return shrinkWith(ctx, s, failing, func(p Plan) *Result { return Run(s, p) })
}

// shrinkWith is Shrink with another way to run a plan.
func shrinkWith(ctx context.Context, s Scenario, failing *Result, run func(Plan) *Result) *Result {
	if failing.Verdict == Pass {
		return failing
	}
	sh := &shrinker{
		best:    failing,
		left:    MaxReplays,
		seen:    map[uint64]moments{},
		done:    func() bool { return ctx.Err() != nil },
		run:     run,
		valid:   func(p Plan) bool { return readable(s, p) },
		servers: func(p Plan) []string { return serversOf(s, p) },
		fates:   func(p Plan) []Deviation { return fatesOf(s, p) },
	}
	sh.shrink()
	return sh.best
}

// serversOf lists the hosts that a fault of "all" hits.
func serversOf(s Scenario, p Plan) (servers []string) {
	t, err := topologyOf(s, p.Knobs)
	if err != nil {
		return nil
	}
	for _, h := range t.Hosts {
		if s.Profile.IsServer(h.Name) {
			servers = append(servers, h.Name)
		}
	}
	return servers
}

// A shrinker holds the smallest failure found so far. Every pass proposes plans
// that are smaller than it in one respect and not larger in any other.
type shrinker struct {
	best    *Result
	left    int                 // replays
	seen    map[uint64]moments  // by hash of the text of the plans that were run
	servers func(Plan) []string // that a fault of "all" hits
	seed    uint64              // of the plans that are proposed; 0: as it is
	done    func() bool
	run     func(Plan) *Result
	valid   func(Plan) bool        // another value of a knob may make no system
	fates   func(Plan) []Deviation // of the messages that a calm network would treat differently
}

// maxRounds bounds the passes over all parts of a plan: each removal may make
// another one possible, but hardly ever a fourth time.
const maxRounds = 4

// maxSeeds bounds how many other seeds are tried.
const maxSeeds = 8

// shrink begins with what takes few replays and makes every later one shorter or
// surer, and ends with what only looks better.
func (sh *shrinker) shrink() {
	sh.seen[hashString(sh.best.Plan.String())] = momentsOf(sh.best)
	sh.removeUnapplied()
	sh.beginCold()
	sh.removeFaults()
	sh.removeClients()
	sh.calmHosts()
	sh.calmNet()
	sh.nameDeviations()
	sh.beginCold()
	sh.rounds()
	sh.nameDeviations()
	if len(sh.best.Plan.Deviations) > 0 {
		sh.removeDeviations(1)
		sh.hurryCopies()
		sh.rounds()
		if sh.alignDeviations() {
			sh.rounds()
		}
		sh.removeOpsAligned()
		sh.roundDeviations()
	}
	sh.reroll()
}

// reroll proposes the same removals under other seeds. What a power loss leaves of
// a file is drawn from the seed, and an operation that only brought the luck for
// it explains nothing.
func (sh *shrinker) reroll() {
	before := sh.best
	for sh.seed = 1; sh.seed <= maxSeeds && !sh.exhausted(); sh.seed++ {
		sh.calmHosts()
		sh.calmNet()
		sh.removeFaults()
		sh.removeOps()
	}
	sh.seed = 0
	if sh.best != before {
		sh.rounds()
	}
}

func (sh *shrinker) rounds() {
	for range maxRounds {
		before := sh.best
		// Hundreds of messages would take all replays; most of them go with the
		// operations that sent them.
		sh.removeDeviations(len(sh.best.Plan.Deviations) / 8)
		sh.removeFaults()
		sh.removeClients()
		sh.removeStretches(4)
		if len(sh.best.Plan.Ops) >= manyOps {
			sh.lowerKnobs() // before the replays are spent on single operations
		}
		sh.removeOps()
		sh.removeStretches(1)
		sh.calmHosts()
		sh.calmNet()
		sh.removeDeviations(1)
		sh.simplifyFaults()
		if sh.exhausted() || sh.best == before && !sh.lowerKnobs() {
			return
		}
	}
}

func (sh *shrinker) exhausted() bool { return sh.left <= 0 || sh.done() }

// try runs a plan and keeps it if it fails like the best so far, if need be with
// its faults moved to where they belong.
func (sh *shrinker) try(p Plan) bool {
	q := p
	for range 1 + maxMoves {
		if sh.attempt(q) {
			return true
		}
		at, ok := sh.seen[hashString(q.String())]
		if !ok {
			return false
		}
		q = reanchor(sh.best, p, at)
	}
	return false
}

// maxMoves bounds how often the faults of one plan are moved. A fault that is
// moved may itself move what it was tied to.
const maxMoves = 2

// attempt runs a plan and keeps it if it fails like the best so far. It runs no
// plan twice.
func (sh *shrinker) attempt(p Plan) bool {
	id := hashString(p.String())
	if _, again := sh.seen[id]; again || sh.exhausted() {
		return false
	}
	sh.left--
	r := sh.run(p)
	sh.seen[id] = momentsOf(r)
	if r.Verdict != sh.best.Verdict || r.Check != sh.best.Check {
		return false
	}
	sh.best = r
	return true
}

// edit proposes a copy of the best plan with one change.
func (sh *shrinker) edit(change func(p *Plan)) bool {
	if sh.exhausted() {
		return false
	}
	p := sh.best.Plan
	p.Knobs, p.Ops = slices.Clone(p.Knobs), slices.Clone(p.Ops)
	p.Faults, p.Deviations = slices.Clone(p.Faults), slices.Clone(p.Deviations)
	p.Swarm = nil // of what the seed drew, little is left
	change(&p)
	if sh.seed != 0 {
		if p.String() == sh.best.Plan.String() {
			return false // another seed alone makes nothing smaller
		}
		p.Seed = sh.seed
	}
	return sh.try(p)
}

// removeUnapplied removes, in one go, the faults that never began, and puts those
// that the budget made milder into the plan as they were carried out.
func (sh *shrinker) removeUnapplied() {
	began := map[string]string{}
	for _, f := range sh.best.Applied {
		began[f.Told] = f.Kind
	}
	sh.edit(func(p *Plan) {
		p.Budget = AsTold
		left := p.Faults[:0]
		for _, f := range p.Faults {
			told := f
			if f.Point != "" && len(f.Hosts) == 0 {
				told.Hosts = []string{f.Host} // as it was applied
			}
			if k, ok := faults.ParseKind(began[told.String()]); ok {
				f.Kind = k
				left = append(left, f)
			}
		}
		p.Faults = left
	})
}

// beginCold has the times of faults count from the beginning of the run, not from
// the end of a warm-up, which moves with every operation that is removed. Under
// policy Random that changes what happens.
func (sh *shrinker) beginCold() {
	if sh.best.Plan.WarmUp == 0 {
		return
	}
	warm := sh.best.Stats.WarmUp
	sh.edit(func(p *Plan) {
		p.WarmUp = 0
		for i := range p.Faults {
			if p.Faults[i].Point == "" {
				p.Faults[i].At += warm
			}
		}
	})
}

func (sh *shrinker) removeFaults() {
	minimize(sh, sh.best.Plan.Faults, 1, func(p *Plan, left []faults.Fault) { p.Faults = left })
}

// minimize removes as many of the items as it can: all, halves, quarters, and so
// on down to so many at once, from the end, since what comes late causes less of
// the rest.
func minimize[T any](sh *shrinker, items []T, smallest int, set func(p *Plan, left []T)) {
	if len(items) == 0 || sh.edit(func(p *Plan) { set(p, nil) }) {
		return
	}
	for size := (len(items) + 1) / 2; size >= smallest; size = (size + 1) / 2 {
		for end := len(items); end > 0 && !sh.exhausted(); end -= size {
			start := max(end-size, 0)
			left := slices.Delete(slices.Clone(items), start, end)
			if sh.edit(func(p *Plan) { set(p, left) }) {
				items = left
			}
		}
		if size == 1 {
			return
		}
	}
}

// calmHosts makes clocks and disks exact, and the policy the one that people can
// follow.
func (sh *shrinker) calmHosts() {
	sh.edit(func(p *Plan) { p.Policy = Timed })
	sh.edit(func(p *Plan) { p.Heal = HealAll })
	sh.edit(func(p *Plan) { p.Net.Drift, p.Net.Offset, p.Net.Jitter = 0, 0, 0 })
	sh.edit(func(p *Plan) { p.Net.Drift = 0 })
	sh.edit(func(p *Plan) { p.Net.Offset = 0 })
	sh.edit(func(p *Plan) { p.Net.Jitter = 0 })
	sh.edit(func(p *Plan) { p.Net.DiskMin, p.Net.DiskMax = 0, 0 })
	sh.edit(func(p *Plan) { p.Net.DiskMin = p.Net.DiskMax })
}

// calmNet tries a network that treats all messages alike, then one without each
// kind of trouble.
func (sh *shrinker) calmNet() {
	if len(sh.best.Plan.Deviations) > 0 {
		sh.edit(func(p *Plan) { p.Net = calm(p.Net, calmDelay) })
		return
	}
	net := sh.best.Plan.Net
	for _, delay := range []time.Duration{calmDelay, net.DelayMin, (net.DelayMin + net.DelayMax) / 2, net.DelayMax} {
		if sh.edit(func(p *Plan) { p.Net = calm(p.Net, delay) }) || sh.best.Plan.Net == calm(net, delay) {
			return
		}
	}
	if net.FIFO && sh.edit(func(p *Plan) {
		p.Net = calm(p.Net, net.DelayMin)
		p.Net.FIFO = true // decides what policy Random may choose
	}) {
		return
	}
	sh.edit(func(p *Plan) { p.Net.Late, p.Net.LateMax = 0, 0 })
	sh.edit(func(p *Plan) { p.Net.Duplicate = 0 })
	sh.edit(func(p *Plan) { p.Net.Drop = 0 })
	sh.edit(func(p *Plan) { p.Net.FIFO = false })
	sh.edit(func(p *Plan) { p.Net.Corrupt = 0 })
	sh.edit(func(p *Plan) { p.Net.Capacity = 0 })
}

// calm keeps only what a network with a fixed delay still has.
func calm(n faults.Net, delay time.Duration) faults.Net {
	return faults.Net{DelayMin: delay, DelayMax: delay, DiskMin: n.DiskMin, DiskMax: n.DiskMax, Drift: n.Drift, Offset: n.Offset, Jitter: n.Jitter}
}

// rounder lists times up to d that have fewer digits, the roundest first.
func rounder(d time.Duration) []time.Duration {
	var list []time.Duration
	for _, unit := range []time.Duration{
		time.Minute, 10 * time.Second, time.Second, 100 * time.Millisecond, 10 * time.Millisecond, time.Millisecond, 100 * time.Microsecond,
	} {
		if t := d.Truncate(unit); t > 0 && t < d && !slices.Contains(list, t) {
			list = append(list, t)
		}
	}
	return list
}
