package harness

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/simrun/simrun/live"
	"github.com/simrun/simrun/sim"
)

// Host makes this process one host of a live run: what Options.Process starts has to
// call it, with standard input and descriptor 3 as they are, and to exit when it
// returns. It takes orders from the process that started it and reports to that; it
// returns when that is gone, or when ctx ends, which stops the host gracefully. An
// error is one that could not be reported.
func Host(ctx context.Context, scenarios []sim.Scenario) error {
	reports := os.NewFile(reportsFile, "reports")
	if reports == nil {
		return errors.New("host of a live run: no pipe to report on")
	}
	c := &child{reports: &reporter{w: reports}, orders: make(chan order)}
	ended := make(chan struct{})
	defer close(ended)
	go c.listen(os.Stdin, ended)
	first, ok := <-c.orders
	if !ok || first.Begin == nil {
		return errors.New("host of a live run: no order to begin")
	}
	if err := c.begin(scenarios, *first.Begin); err != nil {
		return c.fail(err)
	}
	return c.run(ctx)
}

// A child is the process of a host.
type child struct {
	reports  *reporter
	orders   chan order // closed when the parent is gone
	scenario sim.Scenario
	plan     sim.Plan
	host     string
	calls    bool // only they are reported
	world    *live.World
	fates    *fates      // nil if nothing is broken on purpose
	counted  live.Counts // as reported last
	soak     soakClient
}

// listen passes on the orders.
func (c *child) listen(r io.Reader, ended <-chan struct{}) {
	defer close(c.orders)
	in := bufio.NewReader(r)
	for {
		line, err := in.ReadBytes('\n')
		var o order
		if err != nil || json.Unmarshal(line, &o) != nil {
			return
		}
		select {
		case c.orders <- o:
		case <-ended:
			return
		}
	}
}

// begin starts the host.
func (c *child) begin(scenarios []sim.Scenario, b begin) error {
	i := slices.IndexFunc(scenarios, func(s sim.Scenario) bool { return s.Name == b.Scenario })
	if i < 0 {
		return fmt.Errorf("no scenario %s", b.Scenario)
	}
	c.scenario, c.host, c.calls = scenarios[i], b.Host, b.Calls
	c.soak = soakClient{scenario: c.scenario, host: c.host}
	var err error
	if c.plan, err = sim.ReadPlan(strings.NewReader(b.Plan), c.scenario); err != nil {
		return err
	}
	top := c.scenario.Topology(c.plan.Knobs)
	if !b.Programs {
		top.Hosts = slices.Clone(top.Hosts)
		for i := range top.Hosts {
			top.Hosts[i].Programs = nil
		}
	}
	opts := live.Options{Dir: b.Dir, Record: b.Record, Certs: b.Certs, Hosts: []string{b.Host}, Addrs: b.Addrs, Note: c.note}
	if b.Delivery != nil {
		c.fates = newFates(c.plan.Seed, b.Host, c.met)
		c.fates.begin(b.Life)
		c.fates.set(*b.Delivery)
		opts.Fate = c.fates.decide
	}
	if b.Log {
		opts.Log = slog.New(slog.NewTextHandler(os.Stderr, nil))
	}
	if c.world, err = live.Start(top, opts); err != nil {
		return err
	}
	return c.reports.sendJSON(reportBegun, begun{c.world.Addr(b.Host), c.world.Boot(b.Host)})
}

// note reports a fact. One that cannot be reported ends the process: without it the
// run could not be judged.
func (c *child) note(n live.Note) {
	if c.calls && !isCall(n.Fact) {
		return
	}
	if err := c.reports.note(n.Path, n.Fact); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(childBroken)
	}
}

// met reports that a rule has met its message.
func (c *child) met(id int) {
	_ = c.reports.send(reportMet, binary.BigEndian.AppendUint32(nil, uint32(id))) // unless nobody reads it any more
}

// countsEvery is how often a process reports its counts; one that is killed has not told
// of those of its last moment.
const countsEvery = 50 * time.Millisecond

// count reports the counts if there is anything new.
func (c *child) count() {
	if now := c.world.Counts(); now != c.counted {
		c.counted = now
		_ = c.reports.sendJSON(reportCounts, now) // unless nobody reads it any more
	}
}

// childBroken is the exit code of a process that cannot report.
const childBroken = 4

// run carries out the orders.
func (c *child) run(ctx context.Context) error {
	over := make(chan struct{})
	defer close(over)
	if !c.calls {
		go watchStalls(monotonic, over, func(from, late time.Duration) {
			_ = c.reports.noteAt(from, c.host, stallFact(0, late, c.host)) // unless nobody reads them any more
		})
	}
	tick := time.NewTicker(countsEvery)
	defer tick.Stop()
	for {
		select {
		case o, ok := <-c.orders:
			if !ok {
				return nil
			}
			if err := c.carryOut(o); err != nil {
				return c.fail(err)
			}
		case <-tick.C:
			c.count()
		case <-c.world.Failed():
			return c.fail(c.world.Err())
		case <-ctx.Done():
			grace, cancel := context.WithTimeout(context.Background(), graceTime)
			defer cancel()
			defer c.count()
			return c.world.StopHost(grace, c.host)
		}
	}
}

func (c *child) carryOut(o order) error {
	switch {
	case o.Delivery != nil:
		c.fates.set(*o.Delivery)
	case o.Weigh:
		return c.reports.sendJSON(reportHeld, weigh())
	case o.Work != nil && o.Work.Lines != nil:
		return c.soak.carryOut(c.world, o.Work.Lines, func() { _ = c.reports.send(reportEnded, nil) })
	case o.Work != nil:
		return c.work(*o.Work)
	}
	return nil
}

func (c *child) work(w work) error {
	if ops := w.assignment(c.scenario, c.plan, c.host); len(ops) > 0 {
		issued := func(index int) {
			_ = c.reports.send(reportIssued, binary.BigEndian.AppendUint32(nil, uint32(index)))
		}
		if err := c.world.Run(c.host, workload(c.scenario, c.host, w, ops, issued)); err != nil && c.world.Err() == nil {
			return err
		}
	}
	go func() {
		if c.world.Wait(context.Background()) == nil {
			_ = c.reports.send(reportEnded, nil)
		}
	}()
	return nil
}

// fail reports what ends the run, and waits for the parent to end this process too:
// before that its death would tell less.
func (c *child) fail(err error) error {
	f := failure{Check: cmp.Or(stopOf(err), "program"), Why: err.Error()}
	if err := c.reports.sendJSON(reportFailed, f); err != nil {
		return err
	}
	select {
	case <-c.gone():
	case <-time.After(graceTime):
	}
	return nil
}

// gone is closed when there are no more orders.
func (c *child) gone() <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range c.orders {
		}
	}()
	return done
}
