package harness

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/live"
	"github.com/simrun/simrun/sim"
)

// A Soak is a load of many rounds on a system whose hosts are killed every few
// seconds. Each round works on keys of its own; when its clients have ended, the host
// "final" reads the keys back, the round is judged by the Model of the scenario, its
// keys are retired and its history is forgotten. So a soak of any length needs the
// memory of one round.
//
// Hosts are killed as by World.Crash, in this process, whether or not a round is
// between two of its phases. Clients are not.
type Soak struct {
	// Scenario gives the Topology, the Client of the Workload and the Model. Its Checks
	// need the facts of a whole run and are not made.
	Scenario sim.Scenario
	Knobs    sim.Knobs
	// Round returns what the clients do in round n, from 0. No two operations of a client
	// have one number, also not in different rounds. The last line of each client waits
	// for all that it issued.
	Round func(n int) []sim.Op
	// Retire returns what the host "final" does with the keys of a round that was judged,
	// such as deleting them; nil for nothing.
	Retire func(n int, ops []sim.Op) []sim.Op
	// Kill are the hosts that may be killed, one at a time.
	Kill []string
	// Every is the mean time between two kills, Down the longest time a host is down.
	Every, Down time.Duration
	// Time is how long rounds begin; the one that has begun is carried out.
	Time time.Duration
	// Patience is how long a phase of a round may take.
	Patience time.Duration
	// Seed draws the kills.
	Seed uint64
	// Sampled, if not nil, is told each Sample when it is taken.
	Sampled func(Sample)
}

// A SoakReport is what a Soak came to.
type SoakReport struct {
	Verdict sim.Verdict
	// Check and Err say what failed, as in a Result, and Suspects which operations show
	// it.
	Check    string
	Err      error
	Suspects []linearizability.Operation

	Rounds int
	Kills  map[string]int // by host
	// Ops are the operations of the clients and the reads of "final", without the
	// retirement; Acked are those whose outcome was certain.
	Ops, Acked int
	Took       time.Duration
	Counts     live.Counts
	// Before and After are taken without the system, Samples while it runs: the first
	// after the first round.
	Before, After Sample
	Samples       []Sample
}

// Run carries the soak out. The error is for a system that could not begin. If ctx
// ends first, the verdict is Inconclusive, "interrupted".
func (s Soak) Run(ctx context.Context) (*SoakReport, error) {
	dir, err := os.MkdirTemp("", "simrun-soak-")
	if err != nil {
		return nil, fmt.Errorf("soak: folder of the disks: %w", err)
	}
	defer os.RemoveAll(dir)
	k := &soaking{Soak: s, dir: dir, report: &SoakReport{Kills: map[string]int{}, Before: takeSample(0)}}
	top := s.Scenario.Topology(s.Knobs)
	if k.world, err = live.Start(top, live.Options{Dir: dir, Note: k.add}); err != nil {
		return nil, fmt.Errorf("soak: %w", err)
	}
	k.began = time.Now()
	k.drive(ctx, top)
	k.report.Took = time.Since(k.began)
	k.report.Counts = k.world.Counts()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if err := k.world.Stop(stopping); err != nil {
		k.fail(sim.Violation, "liveness", err)
	}
	k.world = nil
	k.report.After = settledSample(k.report.Before, time.Since(k.began))
	if k.report.Verdict == 0 {
		k.report.Verdict = sim.Pass
	}
	return k.report, nil
}

// soaking is one Run.
type soaking struct {
	Soak
	dir    string
	world  *live.World
	began  time.Time
	report *SoakReport

	mu    sync.Mutex
	facts []live.Note // of this round, those of its history only
}

// add takes the facts of the clients.
func (k *soaking) add(n live.Note) {
	switch n.Fact.(type) {
	case linearizability.Called, linearizability.Returned:
		k.mu.Lock()
		k.facts = append(k.facts, n)
		k.mu.Unlock()
	}
}

// take returns the facts so far and forgets them.
func (k *soaking) take() []live.Note {
	k.mu.Lock()
	defer k.mu.Unlock()
	facts := k.facts
	k.facts = nil
	return facts
}

// fail sets the verdict; the first one stays.
func (k *soaking) fail(v sim.Verdict, check string, err error) {
	if r := k.report; r.Verdict == 0 {
		r.Verdict, r.Check, r.Err = v, check, err
	}
}

// drive runs rounds until the time is over or something is wrong.
func (k *soaking) drive(ctx context.Context, top actors.Topology) {
	clients := map[string]*soakClient{}
	defer func() {
		for _, c := range clients {
			close(c.lines)
		}
	}()
	for _, h := range top.Hosts {
		if slices.ContainsFunc(k.Round(0), func(op sim.Op) bool { return op.Client == h.Name }) || h.Name == finalHost {
			c := &soakClient{name: h.Name, lines: make(chan []sim.Op), done: make(chan struct{}, 1)}
			clients[h.Name] = c
			if err := k.world.Run(h.Name, k.program(c)); err != nil {
				k.fail(sim.Harness, "client", err)
				return
			}
		}
	}
	if clients[finalHost] == nil {
		k.fail(sim.Harness, "client", fmt.Errorf("the topology has no host %s", finalHost))
		return
	}
	killing, stop := context.WithCancel(ctx)
	var kills sync.WaitGroup
	kills.Go(func() { k.kill(killing) })
	defer kills.Wait()
	defer stop()
	for k.report.Verdict == 0 && (k.report.Rounds == 0 || time.Since(k.began) < k.Time) {
		k.round(ctx, clients)
	}
}

// A soakClient is the program of a client, which waits for its lines.
type soakClient struct {
	name  string
	lines chan []sim.Op
	done  chan struct{}
}

// program is the client's: one closure of the workload carries out all rounds, as
// it would all lines of a plan.
func (k *soaking) program(c *soakClient) actors.ProgramDef {
	return actors.ProgramDef{Name: "soak", Run: func(env actors.Env) error {
		do := k.Scenario.Workload.Client(env, linearizability.NewRecorder(c.name, env.Note))
		for lines := range c.lines {
			for _, op := range lines {
				if err := do(op); err != nil {
					return fmt.Errorf("%s#%d %v: %w", op.Client, op.N, op.Do, err)
				}
			}
			c.done <- struct{}{}
		}
		return nil
	}}
}

// round is one round, from the first operation to the retirement of the last key.
func (k *soaking) round(ctx context.Context, clients map[string]*soakClient) {
	n := k.report.Rounds
	ops := k.Round(n)
	if !k.phase(ctx, clients, fmt.Sprintf("round %d", n), ops) {
		return
	}
	if final := k.final(n, ops); !k.phase(ctx, clients, fmt.Sprintf("final reads of round %d", n), final) {
		return
	}
	k.judge(n, k.take())
	if k.report.Verdict == 0 && k.Retire != nil {
		if !k.phase(ctx, clients, fmt.Sprintf("retirement of round %d", n), k.Retire(n, ops)) {
			return
		}
		k.take()
	}
	k.report.Rounds++
	k.sample()
}

// final numbers the reads anew: the client of "final" goes on.
func (k *soaking) final(n int, ops []sim.Op) []sim.Op {
	final := k.Scenario.Workload.Final(k.Knobs, ops)
	for i := range final {
		if final[i].N > 0 {
			final[i].N += n * len(final)
		}
	}
	return final
}

// phase has clients carry out lines and waits until all have. A host that stopped by
// itself, or a client that fails or is late, is a failure.
func (k *soaking) phase(ctx context.Context, clients map[string]*soakClient, name string, lines []sim.Op) bool {
	byClient := map[string][]sim.Op{}
	for _, op := range lines {
		byClient[op.Client] = append(byClient[op.Client], op)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, k.Patience, errLate)
	defer cancel()
	watched, watching := k.watch(ctx)
	defer watching()
	for client, lines := range byClient {
		select {
		case clients[client].lines <- lines:
		case <-watched.Done():
		}
	}
	var late []string
	for client := range byClient {
		select {
		case <-clients[client].done:
		case <-watched.Done():
			late = append(late, client)
		}
	}
	switch err := k.world.Err(); {
	case err != nil:
		check := stopOf(err)
		if check == "" {
			check = "program"
		}
		k.fail(sim.Violation, check, err)
	case len(late) == 0:
		return true
	case errors.Is(context.Cause(ctx), errLate):
		slices.Sort(late)
		k.fail(sim.Violation, "liveness", fmt.Errorf("%s: %s had not ended after %v", name, strings.Join(late, ", "), k.Patience))
	default:
		k.fail(sim.Inconclusive, "interrupted", ctx.Err())
	}
	return false
}

var errLate = errors.New("too late")

// watch returns a context that ends with the first failure of the system too.
func (k *soaking) watch(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	var watcher sync.WaitGroup
	watcher.Go(func() {
		_ = k.world.Wait(ctx) // the programs do not end, so this is a failure, or the end of ctx
		cancel()
	})
	return ctx, func() {
		cancel()
		watcher.Wait()
	}
}

// judge judges the history of one round.
func (k *soaking) judge(n int, facts []live.Note) {
	h, err := linearizability.Collect(func(yield func(int64, any) bool) {
		for _, n := range facts {
			if !yield(n.Seq, n.Fact) {
				return
			}
		}
	})
	if err != nil {
		k.fail(sim.Violation, "client", fmt.Errorf("round %d: %w", n, err))
		return
	}
	for _, op := range h.Operations {
		k.report.Ops++
		if op.Return != linearizability.Open {
			k.report.Acked++
		}
	}
	switch rep := k.Scenario.Model.Check(h, sim.DefaultLimits.CheckSteps); rep.Verdict {
	case linearizability.Illegal:
		k.fail(sim.Violation, rep.Check, fmt.Errorf("round %d: %s", n, rep.Why))
		k.report.Suspects = rep.Operations
	case linearizability.Undecided:
		k.fail(sim.Inconclusive, "check steps", fmt.Errorf("round %d: key %s: %s", n, rep.Key, rep.Why))
	}
}

// kill kills and restarts hosts until ctx ends.
func (k *soaking) kill(ctx context.Context) {
	if len(k.Kill) == 0 {
		return
	}
	draw := rand.New(rand.NewPCG(k.Seed, 0x736f616b))
	for rest(ctx, k.Every/2+time.Duration(draw.Int64N(int64(k.Every)))) {
		host := k.Kill[draw.IntN(len(k.Kill))]
		if err := k.world.Crash(host); err != nil {
			return // it stopped by itself, which fails the round
		}
		k.report.Kills[host]++
		rest(ctx, time.Duration(draw.Int64N(int64(k.Down)))) // it comes back in any case
		if err := k.world.Restart(host, false); err != nil {
			return
		}
	}
}

// rest waits and reports whether ctx still goes on.
func rest(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
