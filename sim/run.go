package sim

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync/atomic"
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/linearizability"
)

// Run carries a plan out in a simulated world and judges it. It is a pure
// function: equal scenarios and plans give equal results, whatever else runs in
// the process. It never panics for what the system under test does.
func Run(s Scenario, p Plan) *Result { return newWorld(s, p).result() }

// Trace is Run, and hands every event of the run to emit, in order. The result is
// that of Run.
func Trace(s Scenario, p Plan, emit func(trace.Event)) *Result {
	w := newWorld(s, p)
	w.tracer = emit
	return w.result()
}

func newWorld(s Scenario, p Plan) *world {
	l := s.Limits
	if l.Steps == 0 {
		l.Steps = DefaultLimits.Steps
	}
	if l.Time == 0 {
		l.Time = DefaultLimits.Time
	}
	if l.Settle == 0 {
		l.Settle = DefaultLimits.Settle
	}
	if l.CheckSteps == 0 {
		l.CheckSteps = DefaultLimits.CheckSteps
	}
	w := &world{scenario: s, plan: p, limits: l, net: p.Net, random: p.Policy == Random,
		strict: faults.Mix(p.Seed, strictSeed)%16 == 0,
		netKey: faults.Mix(p.Seed, 0x6e6574), devs: fatesFrom(p.Deviations), sometimes: map[string]int{}}
	if w.net.DelayMax < w.net.DelayMin {
		w.net.DelayMax = w.net.DelayMin
	}
	w.stats.Faults = map[string]FaultCount{}
	if s.Oracle != nil {
		w.oracle = s.Oracle(p.Knobs)
	}
	return w
}

// strictSeed chooses the runs with every check of message handling on: one in 16.
const strictSeed = 0x737472696374

// live counts the worlds that run in this process. The goroutines are counted
// only after a run that was alone.
var live atomic.Int64

// result runs the world on a goroutine of its own and judges it.
func (w *world) result() *Result {
	alone := live.Add(1) == 1
	w.strangers = strangers()
	done := make(chan struct{})
	ours.Add(1)
	go func() {
		defer close(done)
		defer ours.Add(-1)
		defer w.leave()
		w.begin()
		w.drive()
	}()
	<-done
	if live.Add(-1) == 0 && alone {
		w.countGoroutines()
	}
	if w.foreign.Load() != nil {
		w.verdict = 0
		w.foreignCall()
	}
	return w.judge()
}

// leave ends the world's goroutine: also after a Goexit, which is a t.FailNow in
// a step, or code that would not crash.
func (w *world) leave() {
	if r := recover(); r != nil {
		if f, ok := r.(failure); ok {
			w.fail(Violation, f.check, f.err)
		} else {
			w.fail(Harness, "simulator panic", fmt.Errorf("%v\n%s", r, debug.Stack()))
		}
	} else if !w.ended {
		where := "the simulator"
		if w.step.ep != nil {
			where = w.step.ep.name()
		}
		w.fail(Violation, "goexit", errors.New(where+" ended its goroutine, as t.FailNow does: return an error instead"))
	}
	w.stopAll()
}

// countGoroutines looks for goroutines that an actor started and left behind.
func (w *world) countGoroutines() {
	// The world's own goroutine has done its last act but may still be there.
	for range 20 {
		if strangers() <= w.strangers {
			return
		}
		runtime.Gosched()
	}
	if n := w.stranded(); n > 0 {
		w.verdict = 0
		w.fail(Violation, "foreign goroutine", fmt.Errorf("%d goroutines were left behind: actors must not start any", n))
	}
}

// judge turns what happened into a Result.
func (w *world) judge() *Result {
	w.stats.Virtual = time.Duration(w.now)
	r := &Result{Plan: w.plan, Verdict: w.verdict, Check: w.check, Err: w.err, Notes: w.notes}
	for _, a := range w.applied {
		r.Applied = append(r.Applied, *a)
	}
	began := time.Now()
	w.judgeHistory(r)
	w.stats.CheckTime = time.Since(began)
	w.stats.Sometimes = w.sometimes
	r.TraceHash = faults.Mix(w.hash, uint64(w.now)^uint64(len(w.notes)))
	r.Stats = w.stats
	return r
}

// judgeHistory collects the history and runs the checks. A run that failed
// already keeps its verdict, but what its clients saw is kept too.
func (w *world) judgeHistory(r *Result) {
	defer func() {
		if p := recover(); p != nil {
			r.Verdict, r.Check, r.Err = Harness, "checker panic", fmt.Errorf("%v\n%s", p, debug.Stack())
		}
	}()
	h, err := linearizability.Collect(func(yield func(int64, any) bool) {
		for _, n := range w.notes {
			if !yield(n.Seq, n.Fact) {
				return
			}
		}
	})
	r.History = h
	if err != nil {
		if r.Verdict == 0 {
			r.Verdict, r.Check, r.Err = Violation, "client", err
		}
		return
	}
	w.countOverlaps(h)
	if r.Verdict != 0 {
		return
	}
	var lost []linearizability.OpID
	if w.oracle != nil {
		h, lost = w.oracle.Remains(h)
	}
	o := &Observation{Knobs: w.plan.Knobs, Ops: w.plan.Ops, History: h, Notes: w.notes,
		Sometimes: func(name string) { w.sometimes[name]++ }}
	undecided := Judge(w.scenario, o, w.limits.CheckSteps, r)
	switch {
	case r.Verdict != 0:
	case undecided != nil:
		r.Verdict, r.Check, r.Err = Inconclusive, "check steps", undecided
	case w.excuse != "":
		r.Verdict, r.Check, r.Err = ExpectedLoss, "beyond budget", errors.New(w.excuse)
	case len(lost) > 0:
		r.Verdict, r.Check, r.Err = ExpectedLoss, "beyond budget", fmt.Errorf("every copy of what these operations did was destroyed: %v", lost)
	default:
		r.Verdict = Pass
	}
}

// Judge runs the Model and the Checks of a scenario on an observation and sets
// the verdict, check, error and suspects of r for the first one that fails. It
// returns why the Model could not decide, if so. live/harness judges with it too.
func Judge(s Scenario, o *Observation, steps int, r *Result) (undecided error) {
	if s.Model != nil {
		rep := s.Model.Check(o.History, steps)
		switch rep.Verdict {
		case linearizability.Illegal:
			r.Verdict, r.Check, r.Err, r.Suspects = Violation, rep.Check, errors.New(rep.Why), rep.Operations
			return nil
		case linearizability.Undecided:
			undecided = fmt.Errorf("key %s: %s", rep.Key, rep.Why)
		}
	}
	for _, c := range s.Checks {
		if err := c.Func(o); err != nil {
			r.Verdict, r.Check, r.Err = Violation, c.Name, err
			return nil
		}
	}
	return undecided
}

// countOverlaps counts the acknowledged operations during a fault, and those
// never answered.
func (w *world) countOverlaps(h linearizability.History) {
	type span struct{ from, to int64 }
	var spans []span
	for _, n := range w.notes {
		if f, ok := n.Fact.(FaultBegan); ok {
			to := int64(n.At)
			for _, a := range w.applied {
				if a.Text == f.Text && a.From == n.At {
					to = int64(a.To)
				}
			}
			end, found := slices.BinarySearchFunc(w.notes, time.Duration(to), func(n Note, t time.Duration) int {
				if n.At <= t {
					return -1
				}
				return 1
			})
			_ = found
			last := w.seq + 1
			if end < len(w.notes) {
				last = w.notes[end].Seq
			}
			spans = append(spans, span{n.Seq, last})
		}
	}
	for _, op := range h.Operations {
		if op.Return == linearizability.Open {
			w.stats.Unwaited++
			continue
		}
		for _, s := range spans {
			if op.Call < s.to && op.Return > s.from {
				w.stats.Overlapped++
				break
			}
		}
	}
}
