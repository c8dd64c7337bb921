package sim

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/internal/wire"
	"github.com/simrun/simrun/linearizability"
)

// A world is one simulated run: everything in it happens on one goroutine, in
// virtual time, decided by the plan.
type world struct {
	scenario Scenario
	plan     Plan
	limits   Limits
	strict   bool // every check of message handling is on; every 16th seed
	codec    wire.Codec
	scratch  []byte
	parcels  []*parcel // to be used again

	now    int64 // ns of virtual time
	times  queue // what has a time; under policy Timed, messages too
	flight queue // policy Random: messages in flight, by priority
	random bool
	ready  readyList
	hosts  []*host
	byName map[string]*host

	step    step
	running *coroutine
	killing *coroutine
	spare   []*coroutine
	resume  *task // the parked task that must go on now

	netKey  uint64 // seed of the fates of messages
	net     faults.Net
	healed  bool
	oracle  Oracle          // nil: no promise about copies
	devs    map[uint64]fate // by key; nil: drawn
	points  []pointFault
	effects []*effect
	pauses  int // in effect
	phases  phases
	envelop envelopes

	seq       int64 // of notes
	notes     []Note
	open      int // operations called and not returned
	applied   []*AppliedFault
	stats     Stats
	sometimes map[string]int
	hash      uint64
	sent      []sentMessage // of this step, to be hashed again at its end

	instant      int64 // the virtual time of the last step
	instantSteps int   // steps at that time

	ended   bool
	excuse  string // why the run could not go on, though nobody is to blame
	verdict Verdict
	check   string
	err     error

	homes     []uint64               // ids of the goroutines of its coroutines
	strangers int64                  // goroutines of the process that were nobody's when it began
	foreign   atomic.Pointer[string] // a call from a goroutine that is not the world's

	tracer   func(trace.Event)
	traceSeq int64
	causes   map[uint64]int64 // tracing: the step behind a key
	fates    *fateRecorder
}

// A step is what runs now: one message for one actor, or a stretch of a program.
type step struct {
	inc  *incarnation
	mb   *mailbox // nil in a program
	prog *program // nil in an actor
	task *task
	ep   *endpoint
	key  uint64 // its cause
	n    uint64 // sends, timers and waits so far
	op   *Op    // the operation of the plan behind it; nil: none, or not known

	began int64 // tracing: the event with which it began
}

// nextKey is the key of what the running step causes next: a hash of the step's
// own key and of how many it caused before. So a key names a chain of causes
// down to an operation of the plan, and what other operations do does not change
// it.
func (w *world) nextKey() uint64 {
	w.step.n++
	return faults.Mix(w.step.key, w.step.n)
}

// loop carries out one step after the other. It returns when the run is over or
// when a parked task has to go on.
func (w *world) loop() {
	for !w.ended && w.resume == nil {
		if w.phases.due {
			w.nextPhase()
			continue
		}
		if r, ok := w.ready.pop(); ok {
			if w.pauses > 0 && w.stall(r) {
				continue
			}
			if r.mb != nil {
				r.mb.runNext()
			} else {
				r.prog.run()
			}
			continue
		}
		w.advance()
	}
}

// advance takes the next event, and moves the clock to it.
func (w *world) advance() {
	if w.random && w.flight.len() > 0 && (w.times.len() == 0 || !w.timeFirst() && !w.timeIsDue()) {
		_, ev := w.flight.pop()
		w.land(&ev)
		w.dispatch(&ev)
		return
	}
	if w.times.len() == 0 {
		w.stuck()
		return
	}
	at, ev := w.times.pop()
	if at > w.now {
		w.now = at
		if at > w.phases.deadline {
			w.late()
			return
		}
	}
	w.dispatch(&ev)
}

// stall keeps what is ready on a host that is paused.
func (w *world) stall(r readyItem) bool {
	h := r.host()
	if h.pauses == 0 {
		return false
	}
	h.stalled = append(h.stalled, r)
	return true
}

// timeFirst decides, under policy Random, between the next message and letting
// time go on to the next event that has one. Both have a priority drawn from
// their key, so that the choice does not depend on what else is in the plan.
func (w *world) timeFirst() bool {
	return w.priority(w.times.peek(), timePriority, w.times.first().key) < w.flight.peek()
}

// priority draws the place of something that is sent or due at a time among all
// that can happen next. Nothing is overtaken by what comes a few delays later: a
// message that can be put off for ever is a lost message, and nobody's timeouts
// are made for a network on which all are.
func (w *world) priority(at int64, what, key uint64) int64 {
	window := min(4*w.net.DelayMax, randomWindowMax)
	return at + int64(faults.Scale(faults.Mix(w.netKey^what, key), uint64(window)))
}

const (
	randomWindowMax = 100 * time.Millisecond

	timePriority   = 0x74696d65
	flightPriority = 0x666c7479
)

func (w *world) dispatch(ev *event) {
	if w.pauses > 0 {
		if h := w.pausedHost(ev); h != nil {
			h.hold(ev)
			return
		}
	}
	switch ev.kind {
	case evDeliver:
		w.arrive(ev)
	case evReceive:
		w.receive(ev)
	case evTimer:
		if t := ev.tm; !t.cancelled && !t.mb.inc.dead {
			t.mb.deliver(item{msg: t.msg, key: ev.key, op: t.op, tm: t})
		}
	case evWake:
		w.countStep(ev.key, 0)
		w.wake(ev.task, ev.gen)
	case evTimeout:
		if t := ev.task; t.gen == ev.gen && t.co != nil {
			w.countStep(ev.key, 0)
			t.err = actors.ErrTimeout
			w.wake(t, ev.gen)
		}
	case evIdle:
		if mb := ev.to.mb; mb != nil && mb.busy && mb.gen == ev.gen {
			mb.busy = false
			mb.makeReady()
		}
	case evAction:
		w.countStep(ev.key, 1)
		ev.act()
	}
}

// instantStepsMax is how many steps may follow each other without time passing.
const instantStepsMax = 500_000

// countStep folds a step into the trace hash.
func (w *world) countStep(key, what uint64) {
	w.hash = faults.Mix(w.hash^what, key^uint64(w.now))
	w.stats.Steps++
	if w.now != w.instant {
		w.instant, w.instantSteps = w.now, 0
	}
	w.instantSteps++
	if w.stats.Steps >= int64(w.limits.Steps) {
		w.fail(Inconclusive, "steps", fmt.Errorf("the limit of %d steps was reached after %v", w.limits.Steps, time.Duration(w.now)))
	}
}

// at has something the run planned happen at a virtual time.
func (w *world) at(t int64, key uint64, act func()) {
	ev := w.times.push(max(t, w.now))
	ev.kind, ev.key, ev.act = evAction, key, act
}

// fail ends the run with a verdict; the first one stays.
func (w *world) fail(v Verdict, check string, err error) {
	if w.verdict != 0 {
		return
	}
	w.verdict, w.check, w.err = v, check, err
	w.ended = true
	if w.tracer != nil {
		w.traceHere(trace.Event{Kind: trace.Fail, Msg: check, Text: err.Error()})
	}
}

// note records a fact, counts it, and lets a crash point fire.
func (w *world) note(fact any) {
	ep := w.step.ep
	w.seq++
	n := Note{Seq: w.seq, At: time.Duration(w.now), Fact: fact}
	if ep != nil {
		n.Host, n.Path = ep.host.def.Name, ep.name()
	}
	switch f := fact.(type) {
	case actors.Sometimes:
		w.sometimes[string(f)]++
		w.traceHere(trace.Event{Kind: trace.Note, Msg: string(f)})
		return
	case actors.Point:
		w.traceHere(trace.Event{Kind: trace.Note, Msg: string(f)})
		w.point(string(f))
		return
	case linearizability.Called:
		w.open++
		w.stats.Ops++
	case linearizability.Returned:
		w.open--
		if w.phases.cold--; w.phases.cold == 0 {
			w.warm()
		}
		if f.Outcome.Certainty != linearizability.Unknown {
			w.stats.Acked++
		}
	}
	w.notes = append(w.notes, n)
	if w.oracle != nil {
		w.oracle.Observe(n)
	}
	w.traceNote(n)
}
