package sim

import (
	"fmt"
	"runtime/debug"
	"strings"
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/internal/trace"
)

// finalHost is the host whose client reads everything back at the end.
const finalHost = "final"

// phases are the stretches of a run: the clients work and faults happen; then
// everything heals and the clients must come to an end; then the host "final"
// reads everything back.
type phases struct {
	now      phase
	running  int  // programs that have not ended
	due      bool // all programs have ended
	deadline int64
	cold     int  // operations to be answered before faults begin
	warm     bool // they may begin
}

type phase uint8

const (
	faultPhase phase = iota
	settlePhase
	finalPhase
)

// begin starts the hosts and plans the faults.
func (w *world) begin() {
	top := w.scenario.Topology(w.plan.Knobs)
	if err := top.Validate(); err != nil {
		w.fail(Harness, "topology", err)
		return
	}
	w.byName = make(map[string]*host, len(top.Hosts))
	for _, def := range top.Hosts {
		w.addHost(def)
	}
	for _, h := range w.hosts {
		h.links = make([]*link, len(w.hosts))
	}
	for _, op := range w.plan.Ops {
		h := w.byName[op.Client]
		if h == nil {
			w.fail(Harness, "plan", fmt.Errorf("operation %s#%d: the topology has no host %s", op.Client, op.N, op.Client))
			return
		}
		h.ops = append(h.ops, op)
	}
	w.phases.deadline = int64(w.limits.Time)
	if w.phases.cold = w.plan.WarmUp; w.phases.cold > 0 {
		w.at(int64(w.scenario.Profile.Span), faults.Mix(w.plan.Seed, 0x7761726d), w.warm)
	} else {
		w.warm()
	}
	for _, h := range w.hosts {
		w.boot(h)
		if w.ended {
			return
		}
	}
	w.phases.due = w.phases.running == 0
}

// warm has the faults begin: enough operations are answered, or the system takes
// too long for that.
func (w *world) warm() {
	if w.phases.warm || w.phases.now != faultPhase {
		return
	}
	w.phases.warm = true
	w.stats.WarmUp = time.Duration(w.now)
	for _, clock := range []struct {
		name string
		on   bool
	}{{"drift", w.net.Drift > 0}, {"offset", w.net.Offset > 0}, {"jitter", w.net.Jitter > 0}} {
		if clock.on {
			w.countFault(clock.name) // once a run
		}
	}
	healAt := int64(w.scenario.Profile.Span)
	for i, f := range w.plan.Faults {
		w.planFault(i, f)
		if f.Point == "" {
			healAt = max(healAt, int64(f.At+f.For))
		}
	}
	if healAt > 0 {
		w.at(w.now+healAt, faults.Mix(w.plan.Seed, 0x6865616c), func() {
			if w.phases.now == faultPhase {
				w.heal()
			}
		})
	}
}

// boot starts a host for the first time. A Producer that panics fails the run, one
// that halts its host takes only that down.
func (w *world) boot(h *host) {
	defer func() {
		if r := recover(); r != nil {
			w.afterPanic(r, debug.Stack)
		}
	}()
	h.start(true)
}

// nextPhase is reached when all programs have ended.
func (w *world) nextPhase() {
	w.phases.due = false
	if w.phases.running > 0 {
		return
	}
	switch w.phases.now {
	case faultPhase:
		w.heal()
		if w.phases.running == 0 {
			w.phases.due = true
		}
	case settlePhase:
		w.readBack()
	case finalPhase:
		w.ended = true
	}
}

// readBack has the host "final" begin.
func (w *world) readBack() {
	w.phases.now = finalPhase
	w.phases.deadline = w.now + int64(w.limits.Settle)
	h := w.byName[finalHost]
	if w.scenario.Workload.Final == nil || h == nil || !h.up {
		w.ended = true
		return
	}
	h.ops, h.next = w.scenario.Workload.Final(w.plan.Knobs, w.plan.Ops), 0
	h.startWorkload()
	w.phases.due = w.phases.running == 0
}

// heal ends the faults: links work, no message is lost any more, and every host
// is started again but clients that died for good.
func (w *world) heal() {
	w.phases.now = settlePhase
	w.phases.deadline = w.now + int64(w.limits.Settle)
	w.healed = true
	w.points = nil
	if w.plan.Heal == HealCore && w.oracle != nil {
		w.abandon()
	}
	w.restore()
}

// abandon leaves hosts down for good, one after the other, as long as the system
// can do without them.
func (w *world) abandon() {
	var dead []string
	for _, h := range w.hosts {
		if h.up || h.destroyed || !w.isServer(h) {
			continue
		}
		if with := append(dead, h.def.Name); w.oracle.Spares(true, with...) {
			dead = with
			h.destroyed = true
			w.observe(h, DiskLost{Boot: h.boot, Why: "not part of the core"})
			w.trace(trace.Event{Kind: trace.Fault, Host: h.def.Name, Text: "stays down: it is not part of the core that heals"})
		}
	}
}

// isServer reports that a fault of "all" hits the host.
func (w *world) isServer(h *host) bool {
	return w.scenario.Profile.IsServer(h.def.Name) && h.def.Name != finalHost
}

func (w *world) isClient(h *host) bool { return w.scenario.Profile.IsClient(h.def.Name) }

// late is reached when virtual time passes the deadline of the phase.
func (w *world) late() {
	switch w.phases.now {
	case faultPhase:
		w.fail(Inconclusive, "time", fmt.Errorf("the clients did not end within %v of virtual time", w.limits.Time))
	case settlePhase, finalPhase:
		if !w.excused() {
			w.fail(Violation, "liveness", fmt.Errorf("%s had not ended %v after everything healed%s", w.waiting(), w.limits.Settle, w.ailing()))
		} else if w.phases.now == settlePhase {
			w.readBack() // what is left can still be seen
		} else {
			w.ended = true
		}
	}
}

// stuck is reached when nothing will ever happen again although programs wait.
func (w *world) stuck() {
	if w.phases.now == faultPhase {
		w.heal()
		return
	}
	if w.excused() {
		w.ended = true
		return
	}
	w.fail(Violation, "liveness", fmt.Errorf("%s waits for ever: nothing is left to happen%s", w.waiting(), w.ailing()))
}

// excused reports that a run makes no progress because copies were destroyed beyond
// what the system promised to survive. What its clients saw is still judged.
func (w *world) excused() bool {
	if w.oracle == nil {
		return false
	}
	w.excuse = w.oracle.Excuse()
	if w.excuse == "" {
		return false
	}
	w.trace(trace.Event{Kind: trace.Note, Text: "nothing more is owed: " + w.excuse})
	return true
}

// waiting names the programs that have not ended.
func (w *world) waiting() string {
	var names []string
	for _, h := range w.hosts {
		if h.inc == nil {
			continue
		}
		for _, p := range h.inc.programs {
			if !p.ended {
				names = append(names, p.ep.name())
			}
		}
	}
	if len(names) == 0 {
		return "nobody"
	}
	return strings.Join(names, ", ")
}

// ailing names the hosts that stopped themselves, and why.
func (w *world) ailing() string {
	var b strings.Builder
	for _, h := range w.hosts {
		if h.halts > 0 {
			fmt.Fprintf(&b, "; %s halted %d times, last: %v", h.def.Name, h.halts, h.haltErr)
		}
	}
	return b.String()
}
