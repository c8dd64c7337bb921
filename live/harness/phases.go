package harness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/live"
	"github.com/simrun/simrun/sim"
)

// A run is one call of Run. One goroutine, which carries out what others send it, owns
// everything but the facts and the network.
type run struct {
	scenario sim.Scenario
	plan     sim.Plan
	opts     Options
	limits   sim.Limits
	epoch    time.Duration // the start, by the clock of the machine
	facts    *facts
	mesh     *mesh
	hosts    []*host // as in the topology
	events   chan func()
	stopped  chan struct{} // closed when nobody takes events any more
	starts   sync.WaitGroup
	cancel   context.CancelFunc // of what starts
	starting context.Context
	agenda   agenda
	phase    phase
	begun    time.Duration // when the phase that has the deadline began
	deadline time.Duration
	warmed   <-chan struct{} // nil once faults may begin
	effects  []*effect
	ambushes map[int]ambush // by rule
	rules    int            // so far
	excuse   string         // why the system owes nothing more
	over     bool
	result   *sim.Result
}

type phase uint8

const (
	faultPhase phase = iota
	settlePhase
	finalPhase
)

// A host is one of the topology, and what has become of it.
type host struct {
	name      string
	node      node
	programs  []string // of the topology
	ops       int      // of the plan
	issued    atomic.Int64
	boot      uint64
	life      int // counts the starts
	up        bool
	rising    bool // a start is under way
	stopping  bool
	destroyed bool // it does not come back
	working   bool // its programs have not ended
	resume    bool // it will come back with its programs
}

func newRun(s sim.Scenario, p sim.Plan, o Options, limits sim.Limits) *run {
	r := &run{
		scenario: s, plan: p, opts: o, limits: limits, epoch: monotonic(), events: make(chan func(), 64), stopped: make(chan struct{}),
		ambushes: map[int]ambush{}, result: &sim.Result{Plan: p, Stats: sim.Stats{Faults: map[string]sim.FaultCount{}}},
	}
	r.starting, r.cancel = context.WithCancel(context.Background())
	r.facts = newFacts(r.clock, r.newOracle())
	r.warmed = r.facts.warmed
	return r
}

func (r *run) newOracle() sim.Oracle {
	if r.scenario.Oracle == nil {
		return nil
	}
	return r.scenario.Oracle(r.plan.Knobs)
}

// clock is the time since the start of the run.
func (r *run) clock() time.Duration { return monotonic() - r.epoch }

// post has the goroutine of the run carry something out, if it still goes on.
func (r *run) post(do func()) {
	select {
	case r.events <- do:
	case <-r.stopped:
	}
}

// prepare makes the network and the nodes.
func (r *run) prepare() error {
	top := r.scenario.Topology(r.plan.Knobs)
	if err := top.Validate(); err != nil {
		return err
	}
	byName := map[string]*host{}
	for _, def := range top.Hosts {
		h := &host{name: def.Name}
		for _, p := range def.Programs {
			h.programs = append(h.programs, p.Name)
		}
		r.hosts = append(r.hosts, h)
		byName[h.name] = h
	}
	for _, op := range r.plan.Ops {
		h := byName[op.Client]
		if h == nil {
			return fmt.Errorf("operation %s#%d: the topology has no host %s", op.Client, op.N, op.Client)
		}
		h.ops++
	}
	for i, h := range r.hosts {
		r.facts.clients[h.name] = h.ops > 0 || len(h.programs) > 0 || h.name == finalHost
		// What the programs of a client are called must be known before it starts.
		if h.ops > 0 {
			with := top.Hosts[i]
			with.Programs = append(slices.Clip(with.Programs), actors.ProgramDef{Name: "workload", Run: func(actors.Env) error { return nil }})
			if err := (actors.Topology{Hosts: []actors.Host{with}}).Validate(); err != nil {
				return err
			}
		}
	}
	var net faults.Net
	if r.opts.Faults {
		net = r.plan.Net
	}
	var err error
	if r.mesh, err = newMesh(top, r.plan.Seed, net); err != nil {
		return err
	}
	r.mesh.deliver = func(host string, d delivery) { byName[host].node.deliver(d) }
	for _, h := range r.hosts {
		h.node = r.newNode(top, h)
	}
	if r.opts.Faults {
		r.mesh.redeliver(r.mesh.order)
	}
	return issueCerts(r.opts.Certs, top)
}

func (r *run) newNode(top actors.Topology, h *host) node {
	tell := listener{
		failed: func(check string, err error) {
			r.post(func() { r.fail(sim.Violation, check, err) })
		},
		issued: func(index int) { h.issued.Store(int64(index) + 1) },
		met:    func(id int) { go r.post(func() { r.met(id) }) },
		noted:  r.facts.told,
	}
	if r.opts.Process != nil {
		return &process{
			command: r.opts.Process, epoch: r.epoch, tell: tell,
			first: begin{
				Scenario: r.scenario.Name, Plan: r.plan.String(), Host: h.name, Dir: r.opts.Dir, Record: r.opts.Record, Certs: r.opts.Certs, Addrs: r.mesh.addrs(h.name),
				Log: r.opts.Log != nil,
			},
		}
	}
	l := &local{
		scenario: r.scenario, plan: r.plan, host: h.name, top: top, tell: tell, over: make(chan struct{}),
		opts: live.Options{
			Dir: r.opts.Dir, Record: r.opts.Record, Certs: r.opts.Certs, Hosts: []string{h.name}, Addrs: r.mesh.addrs(h.name), Log: r.opts.Log,
			Note: func(n live.Note) { r.facts.note(n.Host, n.Path, n.Fact) },
		},
	}
	if r.opts.Faults {
		l.fates = newFates(r.plan.Seed, h.name, tell.met)
		l.opts.Fate = l.fates.decide
	}
	return l
}

// boot starts all hosts together, and then the clients. The error is of a run that
// could not begin.
func (r *run) boot(ctx context.Context) error {
	stop := context.AfterFunc(ctx, r.cancel)
	defer stop()
	type outcome struct {
		begun
		err error
	}
	outcomes := make([]outcome, len(r.hosts))
	for i, h := range r.hosts {
		r.starts.Go(func() {
			b, err := h.node.start(r.starting, true)
			outcomes[i] = outcome{b, err}
		})
	}
	r.starts.Wait()
	for i, h := range r.hosts {
		switch err := outcomes[i].err; {
		case err == nil:
			r.rise(h, outcomes[i].begun)
		case ctx.Err() != nil:
			r.fail(sim.Inconclusive, "interrupted", ctx.Err())
		case stopOf(err) != "":
			r.fail(sim.Violation, stopOf(err), err)
		case r.takeFailure():
		default:
			return err
		}
	}
	if r.over {
		return nil
	}
	if r.opts.Process == nil {
		go watchStalls(r.clock, r.stopped, r.stalled)
	}
	r.begun, r.deadline = 0, max(r.scenario.Profile.Span, r.opts.Time)+r.limits.Settle
	r.facts.expect(r.plan.WarmUp)
	if r.plan.WarmUp > 0 {
		r.agenda.at(r.clock()+r.scenario.Profile.Span, r.warmUp)
	}
	for _, h := range r.hosts {
		if h.ops > 0 || len(h.programs) > 0 {
			r.employ(h, work{None: h.ops == 0})
		}
	}
	return nil
}

// stalled takes down that all hosts of this process were held up.
func (r *run) stalled(from, late time.Duration) {
	var names []string
	for _, h := range r.hosts {
		names = append(names, h.name)
	}
	r.facts.began(from, stallFact(from, late, names...).Text)
}

// takeFailure reports that a node has told of a failure already, and takes it.
func (r *run) takeFailure() bool {
	for {
		select {
		case do := <-r.events:
			do()
		default:
			return r.over
		}
	}
}

// rise takes a host as up.
func (r *run) rise(h *host, b begun) {
	h.up, h.rising, h.boot = true, false, b.Boot
	h.life++
	r.mesh.forward(h.name, b.Addr)
}

// employ has the programs of a host do something.
func (r *run) employ(h *host, w work) {
	life := h.life
	h.working = true
	ended := func() {
		r.post(func() {
			if h.life == life {
				h.working = false
			}
		})
	}
	if err := h.node.work(w, ended); err != nil {
		r.fail(sim.Harness, "work", err)
	}
}

// warmUp has the faults begin, once.
func (r *run) warmUp() {
	if r.warmed == nil || r.phase != faultPhase {
		return
	}
	r.warmed = nil
	now := r.clock()
	r.result.Stats.WarmUp = now
	if !r.opts.Faults {
		return
	}
	healAt := r.scenario.Profile.Span
	var atPoints faults.Schedule
	for _, f := range r.plan.Faults {
		if f.Point != "" {
			atPoints = append(atPoints, f)
			continue
		}
		healAt = max(healAt, f.At+f.For)
		r.agenda.at(now+f.At, func() { r.apply(f) })
	}
	r.facts.await(atPoints, func(f faults.Fault) { go r.post(func() { r.apply(f) }) })
	if healAt > 0 {
		r.agenda.at(now+healAt, func() {
			if r.phase == faultPhase {
				r.heal()
			}
		})
	}
}

// advance goes on to the next phase when all programs have ended.
func (r *run) advance() {
	for !r.over && !slices.ContainsFunc(r.hosts, func(h *host) bool { return h.working || h.resume }) {
		switch r.phase {
		case faultPhase:
			r.heal()
		case settlePhase:
			if slices.ContainsFunc(r.hosts, func(h *host) bool { return h.rising || h.stopping }) {
				return
			}
			r.readBack()
		case finalPhase:
			r.over = true
		}
	}
}

// heal ends the faults: links work, no message is lost any more, and every host is
// started again but clients that died for good.
func (r *run) heal() {
	r.phase = settlePhase
	r.restore()
	r.watchQuiet()
	if r.opts.Faults {
		r.mesh.quiet()
		r.begun = r.clock()
		r.deadline = r.begun + r.opts.Time + r.limits.Settle
	}
}

// readBack has the host "final" begin.
func (r *run) readBack() {
	r.phase = finalPhase
	r.begun = r.clock()
	r.deadline = r.begun + r.limits.Settle
	if r.scenario.Workload.Final == nil {
		return
	}
	i := slices.IndexFunc(r.hosts, func(h *host) bool { return h.name == finalHost && h.up })
	if i < 0 {
		r.fail(sim.Harness, "read back", fmt.Errorf("host %s is not up, so nothing can be read back", finalHost))
		return
	}
	r.employ(r.hosts[i], work{Final: true})
}

// expire is reached at the deadline of a phase.
func (r *run) expire() {
	if oracle := r.facts.oracle; oracle != nil {
		r.facts.mu.Lock()
		r.excuse = oracle.Excuse()
		r.facts.mu.Unlock()
	}
	switch {
	case r.excuse == "":
		r.fail(sim.Violation, "liveness", fmt.Errorf("%s had not ended after %v", r.late(), (r.deadline-r.begun).Round(time.Millisecond)))
	case r.phase == finalPhase:
		r.over = true
	default: // what is left can still be seen
		for _, h := range r.hosts {
			h.working, h.resume = false, false
		}
	}
}

// late names what has not ended.
func (r *run) late() string {
	var all []string
	for _, h := range r.hosts {
		if !h.working {
			continue
		}
		if l, ok := h.node.(*local); ok {
			all = append(all, l.world.Running()...)
			continue
		}
		for _, p := range h.programs {
			all = append(all, h.name+"/"+p)
		}
		if h.ops > 0 || r.phase == finalPhase {
			all = append(all, h.name+"/workload")
		}
	}
	slices.Sort(all)
	return cmp.Or(strings.Join(all, ", "), "nobody")
}

// end pulls the plug: what the actors do from here on is not part of the run.
func (r *run) end() error {
	r.facts.close()
	close(r.stopped)
	r.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), min(stopTime, r.limits.Settle))
	defer cancel()
	errs := make([]error, len(r.hosts))
	var ends sync.WaitGroup
	r.starts.Wait()
	for i, h := range r.hosts {
		ends.Go(func() { errs[i] = h.node.end(ctx) })
	}
	ends.Wait()
	r.countMessages()
	err := r.mesh.close()
	if r.result.Verdict != 0 { // only a run that has failed leaves programs to stop
		r.result.Err = errors.Join(r.result.Err, errors.Join(errs...))
	}
	return err
}

// fail ends the run with a verdict; the first one stays.
func (r *run) fail(v sim.Verdict, check string, err error) {
	r.over = true
	if r.result.Verdict == 0 {
		r.result.Verdict, r.result.Check, r.result.Err = v, check, err
	}
}
