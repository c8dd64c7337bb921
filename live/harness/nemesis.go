package harness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// An effect is a fault that lasts. Its undo is called once: when its time is over, or
// when everything heals.
type effect struct{ undo func() }

// apply carries a fault out.
func (r *run) apply(told faults.Fault) {
	if r.phase != faultPhase || r.over {
		return
	}
	if told.Point != "" && len(told.Hosts) == 0 {
		told.Hosts = []string{told.Host}
	}
	if isOfMessage(told.Kind) {
		r.lieInWait(told)
		return
	}
	f, ok := r.affordable(told)
	if !ok || f.Kind != told.Kind {
		r.result.Stats.BudgetSkips++
	}
	if !ok {
		return
	}
	now := r.clock()
	a := sim.AppliedFault{
		Text: f.String(), Told: told.String(), Kind: f.Kind.String(), From: now, To: now + f.For, InFlight: r.facts.inFlight(),
	}
	if f.For == 0 && (f.Kind.Lasts() || f.Kind == faults.Destroy) {
		a.To = r.deadline
	}
	// Before it happens, so that nothing that comes of it is thought to come earlier.
	r.facts.began(now, a.Text)
	hit, undo := r.carryOut(f)
	if !hit {
		return
	}
	r.result.Applied = append(r.result.Applied, a)
	r.count(a.Kind, a.InFlight)
	if undo == nil {
		return
	}
	i := len(r.result.Applied) - 1
	e := r.effect(func() {
		undo()
		r.result.Applied[i].To = r.clock()
	})
	if f.For > 0 {
		r.agenda.at(now+f.For, func() { r.undo(e) })
	}
}

// effect adds an effect.
func (r *run) effect(undo func()) *effect {
	e := &effect{undo}
	r.effects = append(r.effects, e)
	return e
}

// count takes down that a kind of fault has begun.
func (r *run) count(kind string, inFlight bool) {
	c := r.result.Stats.Faults[kind]
	c.Fired++
	if inFlight {
		c.InFlight++
	}
	r.result.Stats.Faults[kind] = c
}

// undo ends an effect, unless it has ended.
func (r *run) undo(e *effect) {
	if e.undo == nil {
		return
	}
	e.undo()
	e.undo = nil
}

// affordable returns the fault as the budget allows it, as the simulator does.
func (r *run) affordable(f faults.Fault) (faults.Fault, bool) {
	if r.plan.Budget != sim.Within || f.Kind == faults.Heal || !f.Kind.HitsHosts() {
		return f, true
	}
	var names []string
	for _, h := range r.hit(f.Hosts) {
		names = append(names, h.name)
	}
	if f.Kind.Destroys() && !r.facts.spares(true, names...) {
		f.Kind = faults.Crash
	}
	if !f.Kind.Down() {
		return f, true
	}
	// A graceful stop under way ends a process soon, and nobody has noted it yet.
	for _, h := range r.hosts {
		if h.stopping && !slices.Contains(names, h.name) {
			names = append(names, h.name)
		}
	}
	return f, r.facts.spares(false, names...)
}

// carryOut has a fault happen. It reports whether there was anything to hit, and how to
// end it, if it lasts.
func (r *run) carryOut(f faults.Fault) (hit bool, undo func()) {
	switch {
	case f.Kind == faults.Heal:
		r.restore()
		return true, nil
	case f.Kind.Group() == faults.Network:
		return r.faultLinks(f)
	case f.Kind == faults.Pause:
		return r.pause(f)
	case f.Kind == faults.Slow:
		return r.slow(f)
	case f.Kind.Down():
		for _, h := range r.hit(f.Hosts) {
			hit = r.takeDown(h, f) || hit
		}
	}
	return hit, nil
}

// hit resolves host names; "all" is every server.
func (r *run) hit(names []string) (hosts []*host) {
	all := len(names) == 1 && names[0] == faults.All
	for _, h := range r.hosts {
		if all && r.scenario.Profile.IsServer(h.name) && h.name != finalHost || slices.Contains(names, h.name) {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

// takeDown ends a life of a host as the fault says and plans the next one.
func (r *run) takeDown(h *host, f faults.Fault) bool {
	losesDisk := f.Kind == faults.Wipe || f.Kind == faults.Destroy
	if h.destroyed || h.rising || h.stopping || !h.up && !losesDisk {
		return false
	}
	client := r.scenario.Profile.IsClient(h.name)
	if client {
		r.count("client-crash", r.facts.inFlight())
	}
	again := func() {
		if f.For <= 0 || f.Kind == faults.Destroy || !f.Programs && client {
			return
		}
		h.resume = h.resume || f.Programs
		life := h.life
		r.agenda.at(r.clock()+f.For, func() {
			if h.life == life {
				r.restart(h)
			}
		})
	}
	if f.Kind == faults.Stop {
		h.stopping = true
		r.starts.Go(func() {
			ctx, cancel := context.WithTimeout(r.starting, graceTime)
			defer cancel()
			err := h.node.stop(ctx)
			r.post(func() { r.stoppedHost(h, err, again) })
		})
		return true
	}
	if h.up {
		if err := h.node.kill(); err != nil {
			r.fail(sim.Harness, "kill", fmt.Errorf("host %s: %w", h.name, err))
			return false
		}
		r.down(h)
	}
	if losesDisk {
		if err := os.RemoveAll(filepath.Join(r.opts.Dir, h.name)); err != nil {
			r.fail(sim.Harness, "wipe", fmt.Errorf("host %s: wipe: %w", h.name, err))
			return false
		}
		r.facts.observe(h.name, sim.DiskLost{Boot: h.boot, Why: f.Kind.String()})
	}
	h.destroyed = f.Kind == faults.Destroy
	again()
	return true
}

// down takes the life of a host as over.
func (r *run) down(h *host) {
	h.up, h.working = false, false
	r.facts.down(h.name, h.boot)
}

// stoppedHost is reached when a host has stopped gracefully.
func (r *run) stoppedHost(h *host, err error, again func()) {
	h.stopping = false
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		r.fail(sim.Violation, "stop", err)
		return
	}
	r.down(h)
	if r.phase == faultPhase {
		again()
	} else {
		r.restart(h)
	}
}

// restart begins the next life of a host that is down.
func (r *run) restart(h *host) {
	if h.up || h.rising || h.stopping || h.destroyed {
		return
	}
	h.rising = true
	programs := h.resume
	r.facts.up(h.name)
	r.starts.Go(func() {
		b, err := h.node.start(r.starting, programs)
		r.post(func() {
			if err != nil {
				r.fail(sim.Violation, startCheck(err), fmt.Errorf("start again: %w", err))
				return
			}
			r.rise(h, b)
			if programs {
				h.resume = false
				from := int(h.issued.Load())
				r.employ(h, work{From: from, None: from >= h.ops})
			}
		})
	})
}

// startCheck names the check of a host that does not come up again.
func startCheck(err error) string {
	if check := stopOf(err); check != "" {
		return check
	}
	return "restart"
}

// pause holds hosts up, where they are processes.
func (r *run) pause(f faults.Fault) (hit bool, undo func()) {
	type sleeper struct {
		*host
		life int
	}
	var paused []sleeper
	for _, h := range r.hit(f.Hosts) {
		if h.up && !h.stopping && h.node.pause() == nil {
			paused = append(paused, sleeper{h, h.life})
		}
	}
	return len(paused) > 0, func() {
		for _, h := range paused {
			if h.up && h.host.life == h.life {
				_ = h.node.resume() // unless it has just failed, which is told elsewhere
			}
		}
	}
}

// slow has hosts run by turns, where they are processes.
func (r *run) slow(f faults.Fault) (hit bool, undo func()) {
	var undos []func()
	for _, h := range r.hit(f.Hosts) {
		if !h.up {
			continue
		}
		if undo, err := h.node.slow(f.Factor); err == nil {
			undos = append(undos, undo)
		}
	}
	return len(undos) > 0, func() {
		for _, undo := range undos {
			undo()
		}
	}
}

// faultLinks carries out a fault of links. Half of those that cut links lose what is
// sent, as in sim; with the others it waits in TCP until then.
func (r *run) faultLinks(f faults.Fault) (hit bool, undo func()) {
	pairs := r.pairsOf(f)
	if len(pairs) == 0 && f.Kind != faults.Swizzle {
		return false, nil
	}
	odd := faults.NewDraw(r.plan.Seed).Permille("manner of "+f.String(), 500)
	switch f.Kind {
	case faults.Partition, faults.Cut, faults.Isolate, faults.Ring:
		if odd {
			return true, r.mesh.disturb(pairs, held)
		}
		return true, r.mesh.disturb(pairs, lossy)
	case faults.Clog:
		if odd {
			return true, r.mesh.disturb(pairs, slow)
		}
		return true, r.mesh.disturb(pairs, held)
	case faults.Swizzle:
		return r.swizzle(f)
	case faults.Reset:
		if !odd {
			for _, p := range pairs {
				r.mesh.links[p].Reset()
			}
			return true, nil
		}
		e := &effect{undo: r.mesh.forget(pairs)}
		forgotten := e.undo
		r.agenda.at(r.clock()+halfOpenTime, func() {
			if e.undo != nil {
				e.undo = nil
				forgotten()
			}
		})
		return true, func() {
			if e.undo != nil {
				e.undo = nil
				forgotten()
			}
		}
	}
	return false, nil
}

// pairsOf lists the links that a fault is about, each direction on its own.
func (r *run) pairsOf(f faults.Fault) (pairs []pair) {
	a, b := r.hit(f.Hosts), r.hit(f.Others)
	switch f.Kind {
	case faults.Ring:
		return ring(f.Hosts)
	case faults.Isolate:
		b = r.hosts
	}
	oneWay := f.Kind == faults.Cut || f.Kind == faults.Clog || isOfMessage(f.Kind)
	for _, x := range a {
		for _, y := range b {
			if x == y || f.Kind == faults.Isolate && slices.Contains(a, y) {
				continue
			}
			pairs = append(pairs, pair{x.name, y.name})
			if !oneWay {
				pairs = append(pairs, pair{y.name, x.name})
			}
		}
	}
	return pairs
}

// ring lists the ways between hosts that are no neighbours on a ring on which
// everybody reaches half of the others.
func ring(hosts []string) (pairs []pair) {
	n := len(hosts)
	reach := max(1, (n/2+1)/2) // on either side
	for i, x := range hosts {
		for j, y := range hosts {
			if d := (j - i + n) % n; d > reach && n-d > reach {
				pairs = append(pairs, pair{x, y})
			}
		}
	}
	return pairs
}

// swizzle holds up the links of one host after the other and frees them in another
// order.
func (r *run) swizzle(f faults.Fault) (hit bool, undo func()) {
	hosts := r.hit(f.Hosts)
	over := false
	free := make([]func(), len(hosts))
	release := func(i int) {
		if free[i] != nil {
			free[i]()
			free[i] = nil
		}
	}
	now, half := r.clock(), f.For/2
	for i, h := range hosts {
		r.agenda.at(now+half*time.Duration(i)/time.Duration(len(hosts)), func() {
			if !over {
				free[i] = r.mesh.disturb(r.pairsOf(faults.Fault{Kind: faults.Isolate, Hosts: []string{h.name}}), held)
			}
		})
		key := faults.Mix(r.plan.Seed^0x7377697a, uint64(f.At)+uint64(i))
		r.agenda.at(now+half+time.Duration(faults.Scale(key, uint64(half)+1)), func() { release(i) })
	}
	return len(hosts) > 0, func() {
		over = true
		for i := range free {
			release(i)
		}
	}
}

// restore ends all faults in effect and starts the hosts that can come back.
func (r *run) restore() {
	for _, e := range r.effects {
		r.undo(e)
	}
	r.effects = nil
	for i := range r.result.Applied {
		a := &r.result.Applied[i]
		a.To = min(a.To, r.clock())
	}
	for _, h := range r.hosts {
		if !h.up && (h.resume || !r.scenario.Profile.IsClient(h.name)) {
			r.restart(h)
		}
	}
}
