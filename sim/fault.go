package sim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/internal/trace"
)

// pointFault waits for a host to note a point.
type pointFault struct {
	fault faults.Fault
	seen  int
}

// A cut is a fault of links in effect.
type cut struct{ links []*link }

func (c *cut) mend() {
	for _, l := range c.links {
		l.cut--
	}
	c.links = nil
}

// planFault has a fault of the plan happen at its time or point.
func (w *world) planFault(i int, f faults.Fault) {
	if f.Point != "" {
		w.points = append(w.points, pointFault{fault: f})
		return
	}
	w.at(int64(f.At), faults.Mix(w.plan.Seed^0x6661756c74, uint64(i)), func() { w.apply(f) })
}

// point lets the faults fire that wait for it. The step that noted it does not go
// on if its host goes down.
func (w *world) point(name string) {
	w.traceHere(trace.Event{Kind: trace.Note, Msg: name})
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
	a := &AppliedFault{Text: f.String(), Kind: f.Kind.String(), From: time.Duration(w.now), To: time.Duration(w.now) + f.For, InFlight: w.open > 0}
	if f.For == 0 {
		a.To = time.Duration(w.phases.deadline)
	}
	hit := false
	switch f.Kind {
	case faults.Crash, faults.PowerLoss, faults.Wipe, faults.Stop:
		for _, h := range w.hit(f.Hosts) {
			if w.takeDown(h, f) {
				hit = true
			}
		}
	case faults.Partition, faults.Cut, faults.Isolate:
		hit = w.cutLinks(f)
	}
	if !hit {
		return
	}
	w.applied = append(w.applied, a)
	w.active = append(w.active, a)
	w.notes = append(w.notes, w.faultNote(a))
	c := w.stats.Faults[a.Kind]
	c.Fired++
	if a.InFlight {
		c.InFlight++
	}
	w.stats.Faults[a.Kind] = c
}

// FaultBegan is the fact that a fault was carried out.
type FaultBegan struct{ Text string }

func (w *world) faultNote(a *AppliedFault) Note {
	w.seq++
	return Note{Seq: w.seq, At: a.From, Fact: FaultBegan{Text: a.Text}}
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
		if h := w.byName[n]; h != nil {
			hosts = append(hosts, h)
		}
	}
	return hosts
}

// takeDown ends a host as the fault says and plans its restart.
func (w *world) takeDown(h *host, f faults.Fault) bool {
	// What is destroyed is keyed by how many such faults the host has had: it stays
	// the same when other faults are taken out of the plan.
	key := faults.Mix(faults.Mix(w.plan.Seed, h.key), faults.Mix(uint64(f.Kind), h.falls[f.Kind]))
	if !h.up && f.Kind != faults.PowerLoss && f.Kind != faults.Wipe || h.up && h.inc.stopping {
		return false
	}
	h.falls[f.Kind]++
	again := func() {
		if f.For > 0 && (f.Programs || !w.isClient(h)) {
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
		var lost []string
		h.eachDisk(func(d *disk) { lost = append(lost, d.powerLoss(key)...) })
		text := "nothing was lost"
		if len(lost) > 0 {
			text = "lost: " + strings.Join(lost, ", ")
		}
		w.trace(trace.Event{Kind: trace.PowerLoss, Host: name, Text: text})
	case faults.Wipe:
		h.disks = map[string]*disk{}
		w.trace(trace.Event{Kind: trace.Wipe, Host: name})
	}
	again()
	return true
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
	if h.up || h.restart != down {
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

// cutLinks cuts the links of a fault and plans their mending.
func (w *world) cutLinks(f faults.Fault) bool {
	a := w.hit(f.Hosts)
	b := w.hit(f.Others)
	if f.Kind == faults.Isolate {
		b = nil
		for _, h := range w.hosts {
			if !slices.Contains(a, h) {
				b = append(b, h)
			}
		}
	}
	c := &cut{}
	for _, x := range a {
		for _, y := range b {
			if x == y {
				continue
			}
			c.links = append(c.links, x.link(y))
			if f.Kind != faults.Cut {
				c.links = append(c.links, y.link(x))
			}
		}
	}
	if len(c.links) == 0 {
		return false
	}
	for _, l := range c.links {
		l.cut++
	}
	w.cuts = append(w.cuts, c)
	kind := trace.Partition
	if f.Kind == faults.Cut {
		kind = trace.Cut
	}
	w.trace(trace.Event{Kind: kind, Text: f.String()})
	if f.For > 0 {
		w.at(w.now+int64(f.For), faults.Mix(w.plan.Seed^0x6d656e64, uint64(len(w.applied))), func() {
			if len(c.links) > 0 {
				w.trace(trace.Event{Kind: trace.Heal, Text: f.String()})
			}
			c.mend()
		})
	}
	return true
}
