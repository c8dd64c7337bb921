package simcli

import (
	"context"
	"io"
	"runtime"
	"sync"
	"time"

	"github.com/simrun/simrun/sim"
)

// A campaign runs many seeds of some scenarios. The scenarios take turns, each
// with the same seeds: base, base+1, and so on. The runs are carried out by worker
// processes; the campaign itself runs nothing of a scenario.
type campaign struct {
	scenarios []sim.Scenario
	base      uint64
	runs      int           // of each scenario; 0: as many as there is time for
	limit     time.Duration // wall time in which runs begin; 0: no limit
	jobs      int           // worker processes
	policy    sim.Policy    // in the place of the drawn one; "": none
	watchdog  time.Duration // wall time after which a run counts as one that does not end
	memory    int           // MiB after which a run counts as one that needs too much
	folder    *folder
	printed   io.Writer // gets what the system under test prints
	// found is told of every failure, by one goroutine at a time.
	found func(n notice)

	mu        sync.Mutex
	tallies   []*tally
	issued    []int // seeds handed out, by scenario
	turn      int
	ended     bool           // no further run may begin
	deadly    bool           // because too many ended their process
	kept      map[string]int // failures by scenario and check
	only      outcome        // the last one, for a campaign of one run
	processes []*process     // all that were started
	reports   sync.Mutex
	second    sync.Mutex // of other
	other     *process   // confirms violations; nil: not started
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
	// deathsMost is how many processes a campaign may lose: each costs the time of
	// many runs, or all the time of the watchdog.
	deathsMost = 100
)

// run carries the campaign out. It returns an error only if results or seeds can
// no longer be written, or no worker process can be started.
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
	var supervisors sync.WaitGroup
	for number := range c.jobs {
		supervisors.Go(func() {
			v := &supervisor{c: c, number: number}
			if err := v.work(ctx); err != nil {
				cancel(brokenError{err})
			}
		})
	}
	supervisors.Wait()
	if c.other != nil {
		c.other.end()
	}
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
	for _, p := range c.processes {
		p.order(order{Stop: true})
	}
}

// stopped reports that no further run may begin.
func (c *campaign) stopped() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended
}

// next hands out a row of seeds; an empty one at the end of the campaign.
func (c *campaign) next() seeds {
	c.mu.Lock()
	defer c.mu.Unlock()
	for range c.scenarios {
		if c.ended {
			break
		}
		i := c.turn % len(c.scenarios)
		c.turn++
		n := rowMin
		if !c.scenarios[i].Control {
			n = min(rowMax, max(rowMin, c.issued[i]))
		}
		if c.runs > 0 {
			// Small campaigns are spread over all workers.
			n = min(n, c.runs-c.issued[i], max(1, c.runs/c.jobs))
		}
		if n > 0 {
			first := c.base + uint64(c.issued[i])
			c.issued[i] += n
			return seeds{Scenario: c.scenarios[i].Name, First: first, Count: n}
		}
	}
	return seeds{}
}

// add counts a run, and returns how many failed like it so far.
func (c *campaign) add(o outcome) (alike int) {
	c.mu.Lock()
	for _, t := range c.tallies {
		if t.scenario.Name == o.Scenario {
			t.add(o)
		}
	}
	c.only = o
	if o.failed() {
		c.kept[o.kind()]++
		alike = c.kept[o.kind()]
	}
	deaths := 0
	for _, t := range c.tallies {
		deaths += t.crashed
	}
	c.deadly = deaths >= deathsMost
	deadly := c.deadly
	c.mu.Unlock()
	if deadly {
		c.stop()
	}
	return alike
}

// alike is how many runs failed like this one so far.
func (c *campaign) alike(o outcome) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kept[o.kind()]
}

// tell reports a failure.
func (c *campaign) tell(n notice) {
	c.reports.Lock()
	defer c.reports.Unlock()
	c.found(n)
}

// coresOf is how many cores a worker process makes use of: its run needs one, the
// garbage collector what is left.
func coresOf(jobs int) int { return max(1, runtime.GOMAXPROCS(0)/jobs) }
