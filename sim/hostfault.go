package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/internal/trace"
)

// takeDown ends a host as the fault says and plans its restart.
func (w *world) takeDown(h *host, f faults.Fault) bool {
	// What is destroyed is keyed by how many such faults the host has had: it stays
	// the same when other faults are taken out of the plan.
	key := faults.Mix(faults.Mix(w.plan.Seed, h.key), faults.Mix(uint64(f.Kind), h.falls[f.Kind]))
	if h.destroyed || !h.up && !keepsHitting(f.Kind) || h.up && h.inc.stopping {
		return false
	}
	h.falls[f.Kind]++
	if w.isClient(h) {
		w.countFault("client-crash")
	}
	again := func() {
		if f.For > 0 && f.Kind != faults.Destroy && (f.Programs || !w.isClient(h)) {
			if f.Programs && !h.resume {
				h.resume = true
				w.phases.running++ // the run waits for them
			}
			down := h.restart
			w.at(w.now+int64(f.For), faults.Mix(key, 0x7570), func() { w.restartHost(h, down) })
		}
	}
	name := h.def.Name
	if f.Kind == faults.Stop {
		w.trace(trace.Event{Kind: trace.Stop, Host: name})
		h.stopGracefully(again)
		return true
	}
	if h.up {
		h.down()
	}
	switch f.Kind {
	case faults.Crash:
		w.trace(trace.Event{Kind: trace.Crash, Host: name})
	case faults.PowerLoss:
		h.losePower(key)
	case faults.Wipe:
		h.loseDisk(f.Kind)
		w.trace(trace.Event{Kind: trace.Wipe, Host: name})
	case faults.Destroy:
		h.loseDisk(f.Kind)
		h.destroyed = true
		w.trace(trace.Event{Kind: trace.Fault, Host: name, Text: f.String()})
	}
	again()
	return true
}

// keepsHitting reports the kinds that do something to a host that is down already.
func keepsHitting(k faults.Kind) bool {
	return k == faults.PowerLoss || k == faults.Wipe || k == faults.Destroy
}

// loseDisk empties the disk.
func (h *host) loseDisk(why faults.Kind) {
	h.disks = map[string]*disk{}
	h.w.observe(h, DiskLost{Boot: h.boot, Why: why.String()})
}

func (h *host) eachDisk(do func(*disk)) {
	paths := make([]string, 0, len(h.disks))
	for p := range h.disks {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	for _, p := range paths {
		do(h.disks[p])
	}
}

// restartHost starts a host unless it has been up, or down again, since.
func (w *world) restartHost(h *host, down uint64) {
	if h.up || h.destroyed || h.restart != down {
		return
	}
	w.trace(trace.Event{Kind: trace.Restart, Host: h.def.Name, Text: fmt.Sprintf("boot %d", h.boot+1)})
	programs := h.resume
	if programs {
		h.resume = false
		w.phases.running--
	}
	h.start(programs)
	if w.phases.running == 0 {
		w.phases.due = true // the client had nothing left to do
	}
}

// stopGrace is how long a stopped host waits for actors that block.
const stopGrace = time.Second

// stopGracefully lets every actor receive Stopping, the last started first, and
// takes the host down when they have ended or the grace is over.
func (h *host) stopGracefully(then func()) {
	w, inc := h.w, h.inc
	inc.stopping = true
	for _, a := range slices.Backward(h.def.Actors) {
		if mb := h.endpoint(a.Name).mb; mb != nil {
			mb.PostSystemMessage(&actor.Stop{})
		}
	}
	end := w.now + int64(stopGrace)
	var check func()
	check = func() {
		if h.inc != inc || !h.up {
			return
		}
		if w.now < end && inc.blocked() {
			w.at(w.now+int64(time.Millisecond), faults.Mix(inc.key, 0x73746f70), check)
			return
		}
		h.down()
		then()
	}
	w.at(w.now, faults.Mix(inc.key, 0x73746f70), check)
}

// blocked reports whether an actor of the incarnation is parked in a step.
func (inc *incarnation) blocked() bool {
	for _, t := range inc.parked {
		if t.ep.mb != nil {
			return true
		}
	}
	return false
}

// slowStep is the least that a step on a slow host takes, before the factor. Steps
// take no time otherwise, unless the scenario says so.
const slowStep = 20 * time.Microsecond

// disturb carries out what does not end the processes of a host.
func (h *host) disturb(f faults.Fault) (hit bool, undo func()) {
	w := h.w
	switch f.Kind {
	case faults.Pause:
		if !h.up {
			return false, nil
		}
		h.pauses++
		w.pauses++
		inc := h.inc
		undo = func() {
			w.pauses--
			if h.inc == inc && h.up {
				h.pauses--
				h.goOn()
			}
		}
	case faults.Slow:
		h.slow += f.Factor
		undo = func() { h.slow -= f.Factor }
	case faults.ClockStep:
		h.wall += f.Step
	}
	w.trace(trace.Event{Kind: trace.Fault, Host: h.def.Name, Text: f.String()})
	return true, undo
}

// hold keeps an event for a host that is paused.
func (h *host) hold(ev *event) { h.held = append(h.held, *ev) }

// goOn has everything happen, in order, that a pause held back.
func (h *host) goOn() {
	if h.pauses > 0 {
		return
	}
	w := h.w
	held, stalled := h.held, h.stalled
	h.held, h.stalled = nil, nil
	for _, r := range stalled {
		w.ready.push(r)
	}
	for i := range held {
		*w.times.push(w.now) = held[i]
	}
}

// pausedHost returns the host whose processes an event is for, if they are paused.
func (w *world) pausedHost(ev *event) *host {
	var h *host
	switch ev.kind {
	case evTimer:
		h = ev.tm.mb.inc.host
	case evWake, evTimeout:
		h = ev.task.inc.host
	case evIdle, evReceive:
		h = ev.to.host
	}
	if h == nil || h.pauses == 0 {
		return nil
	}
	return h
}

// freeze parks the running step if a point has just paused its host: what comes
// after the point happens after the pause.
func (p *party) freeze() {
	if p.inc.host.pauses > 0 && p.w.step.task != nil {
		p.pause(0)
	}
}

// service is how long a step occupies its actor on this host, in virtual time.
func (h *host) service() int64 {
	s := h.w.scenario.Service
	if h.slow > 0 {
		s = max(s, slowStep) * time.Duration(h.slow)
	}
	return int64(s)
}
