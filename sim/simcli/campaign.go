package simcli

import (
	"context"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/sim"
)

// A campaign runs many seeds of some scenarios. The scenarios take turns, each
// with the same seeds: base, base+1, and so on.
type campaign struct {
	scenarios []sim.Scenario
	base      uint64
	runs      int           // of each scenario; 0: as many as there is time for
	limit     time.Duration // wall time in which runs begin; 0: no limit
	jobs      int           // worlds at a time
	policy    sim.Policy    // in the place of the drawn one; "": none
	watchdog  time.Duration // wall time after which a run counts as one that does not end
	folder    *folder
	// found is told of every failure, by one goroutine at a time.
	found func(f finding)

	mu      sync.Mutex
	tallies []*tally
	issued  []int // seeds handed out, by scenario
	turn    int
	ended   bool           // no further run may begin
	kept    map[string]int // failures by scenario and check
	stuck   int            // runs that did not end
	only    *sim.Result    // the last result, for a campaign of one run
	reports sync.Mutex
	quiet   sync.RWMutex // held for writing by a run that must be alone
}

// A finding is a run that failed, and what was made of it.
type finding struct {
	scenario sim.Scenario
	seed     uint64
	result   *sim.Result   // shrunk, if it could be
	events   []trace.Event // of result; nil for the later ones of many alike
	plan     string        // the file of result.Plan; "" if it was not saved
	alike    int           // which one it is of its scenario and check, from 1
	full     string        // the file of the plan as it was found; "" if it was not shrunk
}

const (
	// rowLength is how many seeds a worker takes at a time; they are made durable
	// with one sync.
	rowLength = 64
	// shrinkMost is how many failures of one check are shrunk; more of them would
	// only keep the campaign from finding others.
	shrinkMost = 2
	// keepMost is how many failures of one check are saved; of more than that the
	// seed has to do.
	keepMost = 100
	// tellMost is how many failures of one check people are told of.
	tellMost = 4
	// doubleOneIn is the share of passed runs that are run twice and compared.
	doubleOneIn = 100
	// aloneOneIn is the share of runs that have the process for themselves.
	aloneOneIn = 256
)

// run carries the campaign out. It returns an error only if results or seeds can
// no longer be written.
func (c *campaign) run(ctx context.Context) error {
	if c.limit > 0 {
		timer := time.AfterFunc(c.limit, c.stop)
		defer timer.Stop()
	}
	c.issued = make([]int, len(c.scenarios))
	c.kept = map[string]int{}
	for _, s := range c.scenarios {
		c.tallies = append(c.tallies, newTally(s))
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var workers sync.WaitGroup
	for w := range c.jobs {
		workers.Go(func() {
			if err := c.work(ctx, w); err != nil {
				cancel(brokenError{err})
			}
		})
	}
	workers.Wait()
	if err, ok := context.Cause(ctx).(brokenError); ok {
		return err
	}
	return nil
}

// stop lets no further run begin.
func (c *campaign) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
}

// stopped reports that no further run may begin.
func (c *campaign) stopped() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// next hands out a row of seeds: the index of a scenario, the first seed, and how
// many; none at the end of the campaign.
func (c *campaign) next() (scenario int, first uint64, n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		return 0, 0, 0
	}
	for range c.scenarios {
		i := c.turn % len(c.scenarios)
		c.turn++
		n := rowLength
		if c.runs > 0 {
			// Small campaigns are spread over all workers.
			n = min(n, c.runs-c.issued[i], max(1, c.runs/c.jobs))
		}
		if n > 0 {
			first := c.base + uint64(c.issued[i])
			c.issued[i] += n
			return i, first, n
		}
	}
	return 0, 0, 0
}

// work runs seeds until there are none left.
func (c *campaign) work(ctx context.Context, worker int) error {
	slot, err := c.folder.slot(worker)
	if err != nil {
		return err
	}
	for {
		i, first, n := c.next()
		if n == 0 {
			return slot.free()
		}
		s := c.scenarios[i]
		for k := range uint64(n) {
			if ctx.Err() != nil || c.stopped() {
				return slot.free()
			}
			r := running{Scenario: s.Name, Policy: string(c.policy), Seed: first + k, Last: first + uint64(n) - 1}
			if err := slot.record(r, k == 0); err != nil {
				return err
			}
			if err := c.one(ctx, c.tallies[i], first+k); err != nil {
				return err
			}
		}
	}
}

// one runs a seed, and judges it.
func (c *campaign) one(ctx context.Context, t *tally, seed uint64) error {
	r, double, wall := c.judged(ctx, t.scenario, seed)
	if r == nil {
		return nil
	}
	c.mu.Lock()
	t.add(r, wall)
	if double {
		t.doubled++
	}
	if r.Check == nondeterminism {
		t.nondeterministic++
	}
	c.only = r
	c.mu.Unlock()
	if r.Verdict == sim.Violation || r.Verdict == sim.Harness {
		return c.keep(ctx, t.scenario, seed, r)
	}
	return nil
}

// judged runs a seed, and once more if that is due. The wall time is that of the
// first run. No result means that the campaign was interrupted.
func (c *campaign) judged(ctx context.Context, s sim.Scenario, seed uint64) (r *sim.Result, double bool, wall time.Duration) {
	// Only a run that is alone in the process can tell whether it left goroutines
	// behind.
	if (seed-c.base)%aloneOneIn == 0 {
		c.quiet.Lock()
		defer c.quiet.Unlock()
	} else {
		c.quiet.RLock()
		defer c.quiet.RUnlock()
	}
	began := time.Now()
	r = c.guarded(ctx, s, seed, nil)
	wall = time.Since(began)
	if r == nil {
		return nil, false, 0
	}
	double = r.Verdict == sim.Violation ||
		r.Verdict.ExitCode() == 0 && faults.Mix(seed, doubleOneIn)%doubleOneIn == 0
	if !double {
		return r, false, wall
	}
	again := c.guarded(ctx, s, seed, &r.Plan)
	if again == nil {
		return nil, false, 0
	}
	if err := differ(r, again); err != nil {
		r.Verdict, r.Check, r.Err = sim.Harness, nondeterminism, err
	}
	return r, true, wall
}

// nondeterminism is the check that fails when two runs of one plan differ.
const nondeterminism = "nondeterminism"

// differ says how two runs of one plan differ, which they must not.
func differ(a, b *sim.Result) error {
	switch {
	case a.TraceHash != b.TraceHash:
		return fmt.Errorf("two runs of one plan differ: trace hash %#016x, then %#016x", a.TraceHash, b.TraceHash)
	case a.Verdict != b.Verdict || a.Check != b.Check:
		return fmt.Errorf("two runs of one plan differ: %v %s, then %v %s", a.Verdict, a.Check, b.Verdict, b.Check)
	}
	return nil
}

// guarded runs a plan, or the one of the seed if it is nil. A run that panics or
// does not end is one of verdict Harness; nil means that the campaign was
// interrupted meanwhile. A run that does not end keeps its goroutine: there is no
// way to stop it.
func (c *campaign) guarded(ctx context.Context, s sim.Scenario, seed uint64, p *sim.Plan) *sim.Result {
	plan, done := make(chan sim.Plan, 1), make(chan *sim.Result, 1)
	go func() {
		defer func() {
			if v := recover(); v != nil {
				done <- broken(s, seed, plan, "panic", fmt.Errorf("panic of the simulator or of a scenario's function: %v\n%s", v, debug.Stack()))
			}
		}()
		if p == nil {
			drawn := planOf(s, seed, c.policy)
			p = &drawn
		}
		plan <- *p
		done <- sim.Run(s, *p)
	}()
	timer := time.NewTimer(c.watchdog)
	defer timer.Stop()
	select {
	case r := <-done:
		return r
	case <-ctx.Done():
		return nil
	case <-timer.C:
	}
	c.mu.Lock()
	c.stuck++
	if c.stuck >= c.jobs {
		// Each such run burns a core for ever; nothing useful comes after these.
		c.ended = true
	}
	c.mu.Unlock()
	return broken(s, seed, plan, "watchdog", fmt.Errorf("the run did not end within %v of wall time", c.watchdog))
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

// keep makes of a failure what can be made of it, and reports it.
func (c *campaign) keep(ctx context.Context, s sim.Scenario, seed uint64, r *sim.Result) error {
	c.mu.Lock()
	kind := s.Name + " " + r.Check
	c.kept[kind]++
	alike := c.kept[kind]
	c.mu.Unlock()
	f := finding{scenario: s, seed: seed, result: r, alike: alike}
	if alike <= keepMost {
		if err := c.explain(ctx, &f); err != nil {
			return err
		}
	}
	c.reports.Lock()
	defer c.reports.Unlock()
	c.found(f)
	return nil
}

// explain shrinks a failure, unless there were enough like it, and saves what came of
// it.
func (c *campaign) explain(ctx context.Context, f *finding) (err error) {
	s, r := f.scenario, f.result
	name := fileName(s.Name, f.seed)
	if r.Verdict == sim.Violation && f.alike <= shrinkMost {
		if f.full, err = c.folder.savePlan(name+".full.plan", r.Plan); err != nil {
			return err
		}
		f.result = sim.Shrink(ctx, s, r)
		_, f.events = traced(s, f.result.Plan)
	}
	if f.plan, err = c.folder.savePlan(name+".plan", f.result.Plan); err != nil {
		return err
	}
	if f.events != nil {
		_, err = c.folder.save(name+".trace", func(w io.Writer) error { return writeTrace(w, f.result, f.events) })
	}
	return err
}

// savePlan saves a plan, unless it is one that no text can say, such as that of a
// run which failed before it was drawn: its seed has to do.
func (f *folder) savePlan(name string, p sim.Plan) (string, error) {
	if p.Validate() != nil {
		return "", nil
	}
	return f.save(name, func(w io.Writer) error {
		_, err := p.WriteTo(w)
		return err
	})
}

// writeTrace writes the trace of a run.
func writeTrace(w io.Writer, r *sim.Result, events []trace.Event) error {
	f := failureOf(r)
	t, err := trace.NewWriter(w, trace.Header{
		Scenario: r.Plan.Scenario, Seed: r.Plan.Seed, Plan: r.Plan.String(),
		Verdict: r.Verdict.String(), Check: f.Check, Why: f.Why, Operations: f.Operations,
	})
	if err != nil {
		return err
	}
	for _, e := range events {
		if err := t.Write(e); err != nil {
			return err
		}
	}
	return t.Close()
}
