package simcli

import (
	"context"
	"sync"
	"time"

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
	quiet   sync.RWMutex // held for writing by what must have the process to itself
}

const (
	// A worker takes a row of seeds at a time, which are made durable with one sync.
	// Rows begin short, so that every scenario has its turn in a short campaign.
	rowMin, rowMax = 4, 64
	// shrinkMost is how many failures of one check are shrunk; more of them would
	// only keep the campaign from finding others.
	shrinkMost = 2
	// keepMost is how many failures of one check are saved; of more than that the
	// seed has to do.
	keepMost = 100
	// tellMost is how many failures of one check people are told of.
	tellMost = 4
	// doubled is the share of passed runs, in thousandths, that are run twice and
	// compared.
	doubled = 10
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
			if err := newWorker(c).work(ctx, w); err != nil {
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
		n := min(rowMax, max(rowMin, c.issued[i]))
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

// add counts a run.
func (c *campaign) add(t *tally, r *sim.Result, wall time.Duration, double bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t.add(r, wall)
	if double {
		t.doubled++
	}
	if r.Check == nondeterminism {
		t.nondeterministic++
	}
	c.only = r
}

// stuckRun counts a run that did not end.
func (c *campaign) stuckRun() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stuck++
	if c.stuck >= c.jobs {
		// Each such run burns a core for ever; nothing useful comes after these.
		c.ended = true
	}
}
