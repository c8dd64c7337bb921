package simcli

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// A worker runs the seeds of a campaign one after the other. The runs are carried
// out by a goroutine of its own, so that one that does not end can be left behind.
type worker struct {
	c     *campaign
	tasks chan task // to the goroutine that runs them; nil: there is none
}

// A task is a run for the goroutine of a worker.
type task struct {
	scenario sim.Scenario
	seed     uint64
	plan     *sim.Plan       // nil: that of the seed
	drawn    chan<- sim.Plan // told of the plan before it is run
	done     chan<- *sim.Result
}

func newWorker(c *campaign) *worker { return &worker{c: c} }

// work runs seeds until there are none left. Each is named in a file of the folder
// before it starts.
func (w *worker) work(ctx context.Context, number int) error {
	slot, err := w.c.folder.slot(number)
	if err != nil {
		return err
	}
	defer w.dismiss()
	for {
		i, first, n := w.c.next()
		if n == 0 {
			return slot.free()
		}
		t := w.c.tallies[i]
		for k := range uint64(n) {
			if ctx.Err() != nil || w.c.stopped() {
				return slot.free()
			}
			r := running{Scenario: t.scenario.Name, Policy: string(w.c.policy), Seed: first + k, Last: first + uint64(n) - 1}
			if err := slot.record(r, k == 0); err != nil {
				return err
			}
			if err := w.one(ctx, t, first+k); err != nil {
				return err
			}
		}
	}
}

// one runs and counts a seed.
func (w *worker) one(ctx context.Context, t *tally, seed uint64) error {
	began := time.Now()
	r := w.run(ctx, t.scenario, seed, nil)
	wall := time.Since(began)
	double := due(t.scenario, r, seed)
	if double {
		r = w.again(ctx, t.scenario, seed, r)
	}
	if r == nil {
		return nil
	}
	w.c.add(t, r, wall, double)
	if r.Verdict == sim.Violation || r.Verdict == sim.Harness {
		return w.c.keep(ctx, t.scenario, seed, r)
	}
	return nil
}

// due reports that a run has to be run twice: every violation, and some of those
// that passed.
func due(s sim.Scenario, r *sim.Result, seed uint64) bool {
	switch {
	case r == nil:
		return false
	case r.Verdict == sim.Violation:
		return true
	}
	return r.Verdict.ExitCode() == 0 && faults.NewDraw(seed).Sub(s.Name, 0).Permille("run twice", doubled)
}

// again runs a plan once more; see compare.
func (w *worker) again(ctx context.Context, s sim.Scenario, seed uint64, r *sim.Result) *sim.Result {
	second := w.run(ctx, s, seed, &r.Plan)
	if second == nil {
		return nil
	}
	return compare(r, second)
}

// run carries out a plan, or the one of the seed if it is nil. One run in many has
// the process to itself, which is what it takes to see goroutines left behind.
func (w *worker) run(ctx context.Context, s sim.Scenario, seed uint64, p *sim.Plan) *sim.Result {
	if p == nil && (seed-w.c.base)%aloneOneIn == 0 {
		w.c.quiet.Lock()
		defer w.c.quiet.Unlock()
	} else {
		w.c.quiet.RLock()
		defer w.c.quiet.RUnlock()
	}
	return w.carryOut(ctx, s, seed, p)
}

// carryOut has the goroutine of the worker run a plan. A run that panics or does
// not end is one of verdict Harness; nil means that the campaign was interrupted
// meanwhile. There is no way to stop a run, so the goroutine of one that does not
// end is left to it.
func (w *worker) carryOut(ctx context.Context, s sim.Scenario, seed uint64, p *sim.Plan) *sim.Result {
	if w.tasks == nil {
		w.tasks = make(chan task)
		go w.c.carryOut(w.tasks)
	}
	plan, done := make(chan sim.Plan, 1), make(chan *sim.Result, 1)
	w.tasks <- task{scenario: s, seed: seed, plan: p, drawn: plan, done: done}
	timer := time.NewTimer(w.c.watchdog)
	defer timer.Stop()
	select {
	case r := <-done:
		if r.Plan.Scenario == "" {
			r = broken(s, seed, plan, r.Check, r.Err)
		}
		return r
	case <-ctx.Done():
		w.dismiss()
		return nil
	case <-timer.C:
	}
	w.dismiss()
	w.c.stuckRun()
	return broken(s, seed, plan, "watchdog", fmt.Errorf("the run did not end within %v of wall time", w.c.watchdog))
}

// dismiss lets the goroutine of the worker end, after the run that it is busy
// with.
func (w *worker) dismiss() {
	if w.tasks != nil {
		close(w.tasks)
		w.tasks = nil
	}
}

// carryOut runs tasks until there are no more.
func (c *campaign) carryOut(tasks <-chan task) {
	for t := range tasks {
		t.done <- c.attempt(t)
	}
}

// attempt runs a task. Run answers for what the system under test does; what
// panics here is a function of the scenario, or the simulator.
func (c *campaign) attempt(t task) (r *sim.Result) {
	defer func() {
		if v := recover(); v != nil {
			r = &sim.Result{Verdict: sim.Harness, Check: "panic",
				Err: fmt.Errorf("panic of the simulator or of a scenario's function: %v\n%s", v, debug.Stack())}
		}
	}()
	if t.plan == nil {
		drawn := planOf(t.scenario, t.seed, c.policy)
		t.plan = &drawn
	}
	t.drawn <- *t.plan
	return sim.Run(t.scenario, *t.plan)
}

// broken is the result of a run that gave none. Its plan is known if it was drawn.
func broken(s sim.Scenario, seed uint64, plan <-chan sim.Plan, check string, err error) *sim.Result {
	r := &sim.Result{Plan: sim.Plan{Scenario: s.Name, Seed: seed}, Verdict: sim.Harness, Check: check, Err: err}
	select {
	case r.Plan = <-plan:
	default:
	}
	return r
}
