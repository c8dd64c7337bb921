package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/internal/trace"
)

// pointFault waits for a host to note a point.
type pointFault struct {
	fault faults.Fault
	seen  int
}

// An effect is a fault that lasts. Its undo is called once: when its time is over,
// or when everything heals.
type effect struct {
	applied *AppliedFault
	undo    func()
}

func (e *effect) end(w *world) {
	if e.undo == nil {
		return
	}
	undo := e.undo
	e.undo = nil
	undo()
	if w.now < int64(e.applied.To) {
		e.applied.To = time.Duration(w.now)
	}
}

// planFault has a fault of the plan happen at its time or point.
func (w *world) planFault(i int, f faults.Fault) {
	if f.Point != "" {
		w.points = append(w.points, pointFault{fault: f})
		return
	}
	w.at(w.now+int64(f.At), faults.Mix(w.plan.Seed^0x6661756c74, uint64(i)), func() { w.apply(f) })
}

// point lets the faults fire that wait for it. The step that noted it does not go
// on if its host goes down.
func (w *world) point(name string) {
	if len(w.points) == 0 || w.step.inc == nil {
		return
	}
	host := w.step.inc.host.def.Name
	var due faults.Schedule
	waiting := w.points[:0]
	for _, p := range w.points {
		if p.fault.Point == name && p.fault.Host == host {
			p.seen++
			if p.seen == max(1, p.fault.Nth) {
				due = append(due, p.fault)
				continue
			}
		}
		waiting = append(waiting, p)
	}
	w.points = waiting
	for _, f := range due {
		if len(f.Hosts) == 0 {
			f.Hosts = []string{host}
		}
		w.apply(f)
	}
}

// apply carries a fault out.
func (w *world) apply(f faults.Fault) {
	if w.phases.now != faultPhase {
		return
	}
	told := f
	f, ok := w.affordable(f)
	if !ok || f.Kind != told.Kind {
		w.stats.BudgetSkips++
		instead := "nothing"
		if ok {
			instead = f.Kind.String()
		}
		w.trace(trace.Event{Kind: trace.Fault, Text: fmt.Sprintf("budget-skip: %v would destroy the last copy of something; %s instead", told, instead)})
	}
	if !ok {
		return
	}
	if f.Kind == faults.Heal {
		w.restore()
		w.count(&AppliedFault{Text: f.String(), Told: f.String(), Kind: f.Kind.String(), From: time.Duration(w.now), To: time.Duration(w.now), InFlight: w.open > 0})
		return
	}
	a := &AppliedFault{Text: f.String(), Told: told.String(), Kind: f.Kind.String(), From: time.Duration(w.now), To: time.Duration(w.now) + f.For, InFlight: w.open > 0}
	if f.For == 0 && (f.Kind.Lasts() || f.Kind == faults.Destroy) {
		a.To = time.Duration(w.phases.deadline)
	}
	fired := func() {
		met := *a // once for each of its hosts
		met.From, met.To, met.InFlight = time.Duration(w.now), time.Duration(w.now), w.open > 0
		w.count(&met)
	}
	hit, undo := w.carryOut(f, fired)
	if !hit {
		return
	}
	if !f.Kind.Waits() {
		w.count(a)
	}
	e := &effect{applied: a, undo: undo}
	w.effects = append(w.effects, e)
	if undo != nil && f.For > 0 && !f.Kind.Waits() {
		w.at(w.now+int64(f.For), faults.Mix(w.plan.Seed^0x6d656e64, uint64(len(w.applied))), func() {
			if e.undo != nil {
				w.trace(trace.Event{Kind: trace.Heal, Text: f.String()})
			}
			e.end(w)
		})
	}
}

// carryOut has a fault happen. It reports whether there was anything to hit, and
// how to end it, if it lasts. A fault that waits for a call or a message calls
// fired when it has met it.
func (w *world) carryOut(f faults.Fault, fired func()) (hit bool, undo func()) {
	if f.Kind.Group() == faults.Network {
		return w.faultLinks(f, fired)
	}
	var undos []func()
	for _, h := range w.hit(f.Hosts) {
		var one bool
		var end func()
		switch {
		case f.Kind.Down():
			one = w.takeDown(h, f)
		case f.Kind.Group() == faults.Storage:
			one, end = h.faultDisk(f, fired)
		default:
			one, end = h.disturb(f)
		}
		if !one {
			continue
		}
		hit = true
		if end != nil {
			undos = append(undos, end)
		}
	}
	if len(undos) == 0 {
		return hit, nil
	}
	return hit, func() {
		for _, end := range undos {
			end()
		}
	}
}

// affordable returns the fault as the budget allows it: what would destroy the
// last copy of something becomes a plain crash, or does not happen.
func (w *world) affordable(f faults.Fault) (faults.Fault, bool) {
	if w.plan.Budget != Within || w.oracle == nil || f.Kind == faults.Heal || !f.Kind.HitsHosts() {
		return f, true
	}
	var names []string
	lies := false
	for _, h := range w.hit(f.Hosts) {
		names = append(names, h.def.Name)
		lies = lies || h.hasLied()
	}
	destroys := f.Kind.Destroys() || f.Kind == faults.PowerLoss && lies
	if destroys && !w.oracle.Spares(true, names...) {
		if !f.Kind.Down() {
			return f, false
		}
		f.Kind = faults.Crash
	}
	if !f.Kind.Down() {
		return f, true
	}
	// A graceful stop under way ends a process soon, and nobody has noted it yet.
	for _, h := range w.hosts {
		if h.up && h.inc.stopping && !slices.Contains(names, h.def.Name) {
			names = append(names, h.def.Name)
		}
	}
	return f, w.oracle.Spares(false, names...)
}

// count takes down that a fault has begun.
func (w *world) count(a *AppliedFault) {
	w.applied = append(w.applied, a)
	w.seq++
	w.notes = append(w.notes, Note{Seq: w.seq, At: a.From, Fact: FaultBegan{Text: a.Text}})
	w.countFault(a.Kind)
}

// countFault counts a fault, or an effect of one that has a name of its own, such
// as a torn write.
func (w *world) countFault(kind string) {
	c := w.stats.Faults[kind]
	c.Fired++
	if w.open > 0 {
		c.InFlight++
	}
	w.stats.Faults[kind] = c
}

// FaultBegan is the fact that a fault was carried out.
type FaultBegan struct{ Text string }

// restore ends all faults in effect and starts the hosts that can come back.
func (w *world) restore() {
	w.trace(trace.Event{Kind: trace.Heal, Text: "everything heals"})
	effects := w.effects
	w.effects = nil
	for _, e := range effects {
		e.end(w)
		e.applied.To = min(e.applied.To, time.Duration(w.now))
	}
	for _, h := range w.hosts {
		if !h.up && !h.destroyed && (h.resume || !w.isClient(h)) {
			w.restartHost(h, h.restart)
		}
	}
}

// hit resolves host names; "all" is every server.
func (w *world) hit(names []string) []*host {
	if len(names) == 1 && names[0] == faults.All {
		var hosts []*host
		for _, h := range w.hosts {
			if w.isServer(h) {
				hosts = append(hosts, h)
			}
		}
		return hosts
	}
	hosts := make([]*host, 0, len(names))
	for _, n := range names {
		if h := w.byName[n]; h != nil && !slices.Contains(hosts, h) {
			hosts = append(hosts, h)
		}
	}
	return hosts
}
