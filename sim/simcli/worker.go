package simcli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/sim"
)

const (
	// doubled is the share of passed runs, in thousandths, that are run twice and
	// compared.
	doubled = 10
	// shrinkLimit is the wall time after which the smallest plan so far has to do.
	shrinkLimit = 5 * time.Minute
	// memoryEvery is how often a worker looks at the memory it has.
	memoryEvery = 100 * time.Millisecond
	// stackShare is the part of the memory, one in so many, that a stack may have.
	stackShare = 8
	// memoryCode is the exit code of a worker that has more memory than it may.
	memoryCode = 5
)

// A worker is the process that carries out runs of a campaign, one at a time. It
// lives as long as its standard input is open.
type worker struct {
	scenarios []sim.Scenario
	settings  settings
	folder    *folder
	slot      *slot // nil: the seeds are recorded by somebody else
	orders    chan order
	ctx       context.Context // done when the campaign is interrupted or gone
	busy      atomic.Bool     // with what must not be dropped when ctx is done
	stop      atomic.Bool     // no further run begins
	out       *json.Encoder
}

// errGone ends a worker that nobody listens to.
var errGone = errors.New("the campaign is over")

// work is what Main does in a worker: it carries out the orders on in until there
// are no more, and returns the exit code.
func work(scenarios []sim.Scenario, in io.Reader, out io.Writer) int {
	// What the process started with has no meaning for what runs in it.
	os.Unsetenv(workerVariable)
	// A terminal sends its signals to all processes of the job; the campaign decides
	// what becomes of this one.
	signal.Ignore(os.Interrupt, syscall.SIGTERM)
	// What the system under test prints is no report.
	os.Stdout = os.Stderr
	ctx, cancel := context.WithCancel(context.Background())
	w := &worker{scenarios: scenarios, orders: make(chan order, 1), ctx: ctx, out: json.NewEncoder(out)}
	go w.listen(in, cancel)
	err := w.serve()
	if err != nil && !errors.Is(err, errGone) {
		w.report(report{Broken: err.Error()})
		return sim.Harness.ExitCode()
	}
	return 0
}

// listen reads orders, and carries out those that concern the run under way. At
// the end of the input it ends the process, soon if there is something to save.
func (w *worker) listen(in io.Reader, cancel func()) {
	d := json.NewDecoder(bufio.NewReader(in))
	for {
		var o order
		switch err := d.Decode(&o); {
		case err != nil:
			cancel()
			close(w.orders)
			if w.busy.Load() {
				time.Sleep(lastWords)
			}
			os.Exit(0)
		case o.Stop:
			w.stop.Store(true)
		case o.Dump:
			fmt.Fprint(os.Stderr, sim.BusyStacks())
			os.Exit(0)
		default:
			w.orders <- o
		}
	}
}

// serve carries out one order after the other.
func (w *worker) serve() error {
	for o := range w.orders {
		var err error
		switch {
		case o.Begin != nil:
			err = w.begin(*o.Begin)
		case o.Seeds != nil:
			err = w.row(*o.Seeds)
		case o.Plan != "":
			err = w.second(o.Plan, o.TraceTo)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *worker) begin(set settings) error {
	w.settings = set
	w.folder = &folder{path: set.Folder}
	if set.Number >= 0 {
		var err error
		if w.slot, err = w.folder.slot(set.Number); err != nil {
			return err
		}
	}
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(set.Cores)
	}
	collectLess()
	// A recursion without an end is to be noticed before it has all the memory.
	debug.SetMaxStack(set.Memory << 20 / stackShare)
	go watchMemory(uint64(set.Memory) << 20)
	return w.report(report{Ready: true})
}

// watchMemory ends the process when it needs more memory than it may have, before
// the machine suffers.
func watchMemory(most uint64) {
	for range time.Tick(memoryEvery) {
		if memoryInUse() <= most {
			continue
		}
		// Much of it may be garbage.
		runtime.GC()
		if used := memoryInUse(); used > most {
			fmt.Fprintf(os.Stderr, "%d MiB of memory in use, at most %d (--memory)\n%s", used>>20, most>>20, sim.BusyStacks())
			os.Exit(memoryCode)
		}
	}
}

// memoryInUse counts objects and stacks, in bytes. It does not stop the process.
func memoryInUse() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64() + sample[1].Value.Uint64()
}

func (w *worker) report(r report) error {
	if err := w.out.Encode(r); err != nil {
		return errGone
	}
	return nil
}

// ask reports and waits for the answer.
func (w *worker) ask(r report) (*answer, error) {
	if err := w.report(r); err != nil {
		return nil, err
	}
	o, ok := <-w.orders
	if !ok || o.Answer == nil {
		return nil, errGone
	}
	return o.Answer, nil
}

func (w *worker) scenario(name string) (sim.Scenario, error) {
	for _, s := range w.scenarios {
		if s.Name == name {
			return s, nil
		}
	}
	return sim.Scenario{}, fmt.Errorf("worker process: no scenario %q", name)
}

// row runs seeds. Each is named in the file of the worker before it starts.
func (w *worker) row(row seeds) error {
	s, err := w.scenario(row.Scenario)
	if err != nil {
		return err
	}
	for k := range uint64(row.Count) {
		if w.stop.Load() || w.ctx.Err() != nil {
			break
		}
		seed := row.First + k
		now := running{Scenario: s.Name, Policy: string(w.settings.Policy), Seed: seed, Last: row.First + uint64(row.Count) - 1}
		if err := w.slot.record(now, k == 0); err != nil {
			return err
		}
		if err := w.one(s, seed, now); err != nil {
			return err
		}
	}
	return w.report(report{Idle: true})
}

// one runs a seed and reports what came of it.
func (w *worker) one(s sim.Scenario, seed uint64, now running) error {
	began := time.Now()
	r := attempt(s, seed, func() sim.Plan {
		p := planOf(s, seed, w.settings.Policy)
		now.head(p)
		// The seed is on disk already; the head of the plan is for people.
		w.slot.record(now, false)
		return p
	})
	wall := time.Since(began)
	double := due(s, r, seed)
	if double {
		if err := w.report(report{Alive: true}); err != nil {
			return err
		}
		r = compare(r, attempt(s, seed, func() sim.Plan { return r.Plan }))
	}
	parting := func() string { return sim.Parting(s, r.Plan) }
	if r.Verdict == sim.Violation && r.Plan.Validate() == nil {
		a, err := w.ask(report{Confirm: r.Plan.String()})
		if err != nil {
			return err
		}
		if r = compareElsewhere(r, a.Elsewhere); r.Check == nondeterminism {
			parting = func() string { return w.partingElsewhere(s, r.Plan) }
		}
	}
	o := outcomeOf(r, wall, double)
	if !o.failed() {
		return w.report(report{Run: &o})
	}
	w.busy.Store(true)
	defer w.busy.Store(false)
	a, err := w.ask(report{Run: &o})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(w.ctx, shrinkLimit)
	defer cancel()
	f := finding{scenario: s, seed: seed, policy: w.settings.Policy, parting: parting, result: r, alike: a.Alike}
	if a.Alike <= keepMost {
		if err := f.explain(ctx, w.folder); err != nil {
			return err
		}
	}
	return w.report(report{Notice: f.notice()})
}

// due reports that a run has to be run twice: every violation, and some of those
// that passed.
func due(s sim.Scenario, r *sim.Result, seed uint64) bool {
	if r.Verdict == sim.Violation {
		return true
	}
	return r.Verdict.ExitCode() == 0 && faults.NewDraw(seed).Sub(s.Name, 0).Permille("run twice", doubled)
}

// partingElsewhere says where a run of a plan in this process differs from one in
// another.
func (w *worker) partingElsewhere(s sim.Scenario, p sim.Plan) string {
	name := fileName(s.Name, p.Seed) + ".elsewhere.trace"
	if _, err := w.ask(report{Confirm: p.String(), TraceTo: name}); err != nil {
		return "where is not known"
	}
	f, err := os.Open(filepath.Join(w.folder.path, name))
	if err != nil {
		// The process ended in the run, which has been said.
		return "that one has left no trace"
	}
	defer f.Close()
	_, events, err := trace.Read(f)
	if err != nil {
		return fmt.Sprintf("trace %s: %v", name, err)
	}
	text := sim.PartingFrom(s, p, events)
	if text == "" {
		return "not in an event of the trace"
	}
	return text + ", in " + f.Name() + " and here"
}

// second runs the plan of a violation that another process has found.
func (w *worker) second(text, traceTo string) error {
	name, err := sim.PlanScenario(strings.NewReader(text))
	if err != nil {
		return err
	}
	s, err := w.scenario(name)
	if err != nil {
		return err
	}
	p, err := sim.ReadPlan(strings.NewReader(text), s)
	if err != nil {
		return err
	}
	r := attempt(s, p.Seed, func() sim.Plan { return p })
	if traceTo != "" {
		again, events := traced(s, p)
		if _, err := w.folder.save(traceTo, func(f io.Writer) error { return writeTrace(f, again, events) }); err != nil {
			return err
		}
	}
	o := outcomeOf(r, 0, false)
	return w.report(report{Run: &o})
}

// attempt runs a plan. Run answers for what the system under test does; what
// panics here is a function of the scenario, or the simulator.
func attempt(s sim.Scenario, seed uint64, draw func() sim.Plan) (r *sim.Result) {
	p := sim.Plan{Scenario: s.Name, Seed: seed}
	defer func() {
		if v := recover(); v != nil {
			r = &sim.Result{Plan: p, Verdict: sim.Harness, Check: "panic",
				Err: fmt.Errorf("panic of the simulator or of a scenario's function: %v\n%s", v, debug.Stack())}
		}
	}()
	p = draw()
	return sim.Run(s, p)
}
