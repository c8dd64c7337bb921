package sim

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"runtime"
	"runtime/debug"
)

// A coroutine runs the scheduling loop itself, so that a step that does not block
// costs no switch. A step that blocks parks the coroutine it runs on, and a spare
// one goes on with the loop.
type coroutine struct {
	w      *world
	resume func() (struct{}, bool)
	stop   func()
	yield  func(struct{}) bool
	killed bool
	unwind int    // blocking calls after the kill
	id     uint64 // of its goroutine
}

// A task is something that can block: the current step of an actor, or a
// program.
type task struct {
	inc   *incarnation
	ep    *endpoint  // whose task it is
	co    *coroutine // where it is parked; nil if it is not
	gen   uint64     // counts the waits, so that a late wake-up finds nothing
	reply any
	err   error
	began int64 // for the trace: the event from which it goes on, if not from its last
}

// killed is the panic that unwinds a coroutine whose host has crashed.
type killed struct{}

// failure is the panic of a broken rule of the contract; it ends the run by
// name.
type failure struct {
	check string
	err   error
}

// maxUnwind is how often code may recover the unwinding and block again.
const maxUnwind = 100

func (w *world) newCoroutine() *coroutine {
	co := &coroutine{w: w}
	ours.Add(1)
	co.resume, co.stop = iter.Pull(co.body)
	return co
}

func (co *coroutine) body(yield func(struct{}) bool) {
	defer ours.Add(-1)
	co.yield = yield
	co.id = goroutineID()
	co.w.homes = append(co.w.homes, co.id)
	for {
		co.run()
		if co.killed {
			return
		}
		co.w.spare = append(co.w.spare, co)
		if !yield(struct{}{}) {
			return
		}
	}
}

// run is the loop under a recover. It returns when another coroutine has to go
// on, when the run is over, or when this one was killed.
func (co *coroutine) run() {
	for co.protect() {
	}
}

func (co *coroutine) protect() (again bool) {
	w := co.w
	defer func() {
		r := recover()
		if r == nil {
			return
		}
		if co.killed {
			again = false // stop() waits for us; the loop goes on elsewhere
			if _, ok := r.(killed); !ok {
				w.fail(Violation, "panic while crashing", fmt.Errorf("%v\n%s", r, debug.Stack()))
			}
			return
		}
		w.afterPanic(r, debug.Stack)
		again = true
	}()
	w.loop()
	return false
}

// afterPanic decides what a panic that reached the loop means.
func (w *world) afterPanic(r any, stack func() []byte) {
	where := "the simulator"
	if w.step.inc != nil {
		where = w.step.ep.name()
	}
	switch f := r.(type) {
	case killed:
		// A crash point, a Halt or a crash hit the step that was running.
	case failure:
		w.fail(Violation, f.check, fmt.Errorf("%s: %w", where, f.err))
	default:
		if w.step.inc == nil {
			w.fail(Harness, "simulator panic", fmt.Errorf("%v\n%s", r, stack()))
			break
		}
		w.fail(Violation, "actor panic", fmt.Errorf("%s: %v\n%s", where, r, userFrames(stack())))
	}
	if mb := w.step.mb; mb != nil && mb.inc == w.step.inc {
		mb.running = false
	}
	if p := w.step.prog; p != nil && !p.ended {
		p.end(nil)
	}
	w.step = step{}
}

// drive switches between coroutines until the run is over, and then stops them
// all.
func (w *world) drive() {
	for !w.ended || w.resume != nil {
		var co *coroutine
		if t := w.resume; t != nil {
			w.resume = nil
			co, t.co = t.co, nil
		} else if n := len(w.spare); n > 0 {
			co = w.spare[n-1]
			w.spare = w.spare[:n-1]
		} else {
			co = w.newCoroutine()
		}
		w.running = co
		co.resume()
	}
}

// stopAll ends every coroutine: the parked ones unwind.
func (w *world) stopAll() {
	for _, h := range w.hosts {
		if h.inc != nil {
			h.inc.kill()
		}
	}
	for _, co := range w.spare {
		co.stop()
	}
	w.spare = nil
}

// park blocks the running step until its task is woken. It panics with killed if
// the host dies meanwhile.
func (w *world) park() *task {
	t := w.step.task
	if t == nil {
		panic(failure{"blocked outside a step", errors.New("only an actor or a program may block")})
	}
	if t.inc.dead {
		w.unwinding()
	}
	saved := w.step
	co := w.running
	t.co = co
	t.inc.parked = append(t.inc.parked, t)
	w.step = step{}
	ok := co.yield(struct{}{})
	if !ok {
		w.unwinding()
	}
	w.step = saved
	if t.began != 0 {
		w.step.began, t.began = t.began, 0
	}
	return t
}

// unwinding panics for a blocking call of a dead incarnation.
func (w *world) unwinding() {
	co := w.running
	if w.killing != nil {
		co = w.killing
	}
	if co == nil {
		panic(killed{}) // a Producer at the start of the run
	}
	co.unwind++
	if co.unwind > maxUnwind {
		w.fail(Violation, "would not crash", errors.New("a crashed actor or program recovers and blocks again and again: let the panic of a blocking call pass"))
		runtime.Goexit()
	}
	panic(killed{})
}

// wake has a parked task go on at once, if it still waits for the event gen.
func (w *world) wake(t *task, gen uint64) {
	if t.co == nil || t.gen != gen || t.inc.dead {
		return
	}
	t.gen++
	t.inc.unpark(t)
	w.resume = t
}

// unpark forgets that a task is parked.
func (inc *incarnation) unpark(t *task) {
	for i, p := range inc.parked {
		if p == t {
			inc.parked = append(inc.parked[:i], inc.parked[i+1:]...)
			return
		}
	}
}

// kill ends an incarnation: its Env is dead and its parked coroutines unwind, in
// the order in which they parked.
func (inc *incarnation) kill() {
	inc.dead = true
	w := inc.host.w
	outer, saved := w.killing, w.step
	for len(inc.parked) > 0 {
		t := inc.parked[0]
		inc.parked = inc.parked[1:]
		co := t.co
		t.co = nil
		co.killed = true
		w.killing = co
		w.step = step{inc: inc, task: t, ep: t.ep}
		co.stop()
	}
	w.killing, w.step = outer, saved
}

// userFrames cuts a stack down to the frames between the panic and proto.actor or
// the simulator.
func userFrames(stack []byte) []byte {
	lines := bytes.SplitAfter(stack, []byte("\n"))
	from := 0
	for i, line := range lines {
		if bytes.HasPrefix(line, []byte("panic(")) {
			from = i + 2
		}
	}
	to := from
	for to < len(lines) && !bytes.Contains(lines[to], []byte("actors.(*guardedActor)")) && !bytes.Contains(lines[to], []byte("/sim.(*")) {
		to += 2
	}
	if from == 0 || to >= len(lines) || from == to {
		return stack
	}
	return bytes.Join(lines[from:to], nil)
}
