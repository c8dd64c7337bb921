package harness

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/sim"
)

// A Soak is a load of many rounds on a system whose hosts are killed every few
// seconds. Each round works on keys of its own; when its clients have ended, it is read
// back, judged by the Model of the scenario, its keys are retired and its history is
// forgotten. So a soak of any length needs the memory of one round.
//
// Hosts are killed, by SIGKILL if they are processes, whether or not a round is between
// two of its phases. Those that carry out lines of a round are not. Fields that are zero
// have a default where one is said.
type Soak struct {
	// Scenario gives the Topology, the Client and the Rounds of the Workload, and the
	// Model. Its Checks need the facts of a whole run and are not made.
	Scenario sim.Scenario
	// Process is that of Options: with it each host is a process of its own.
	Process func() *exec.Cmd
	// Dir is an empty folder for the disks of the hosts, which are left there. ""
	// has a temporary one, which is removed.
	Dir string
	// Certs is that of Options: with it hosts talk TLS.
	Certs string
	// Kill are the hosts that may be killed, one at a time; nil for all servers.
	Kill []string
	// Every is the mean time between two kills, 3 s, and Down the longest time a host is
	// down, 500 ms.
	Every, Down time.Duration
	// Time is how long rounds begin; the one that has begun is carried out.
	Time time.Duration
	// Patience is how long a phase of a round may take, 2 minutes.
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
	// it. A process that holds more the longer the soak takes, or something after its
	// end, is a violation of the check "leak".
	Check    string
	Err      error
	Suspects []linearizability.Operation
	// Notes are the history of the round that failed.
	Notes []sim.Note
	// Interrupted says that ctx ended before Time had passed: the round that was under
	// way is not judged.
	Interrupted bool

	Rounds int            // judged and retired
	Kills  map[string]int // by host
	// Ops are the operations of the clients and the reads of "final", without the
	// retirement; Acked are those whose outcome was certain.
	Ops, Acked int
	Took       time.Duration
	// Before and After are taken without the system, Samples while it runs: the first
	// after the first round.
	Before, After Sample
	Samples       []Sample
}

// Run carries the soak out. The error is for a system that could not begin. If ctx
// ends first, the verdict is that of the rounds so far, and Inconclusive,
// "interrupted", if there is none.
func (s Soak) Run(ctx context.Context) (*SoakReport, error) {
	rounds := s.Scenario.Workload.Rounds
	switch {
	case rounds == nil:
		return nil, fmt.Errorf("scenario %s: its Workload has no Rounds for a soak", s.Scenario.Name)
	case s.Scenario.Model == nil:
		return nil, fmt.Errorf("scenario %s: a soak has nothing to judge without a Model", s.Scenario.Name)
	case s.Process != nil && !processesHere:
		return nil, fmt.Errorf("scenario %s: hosts as processes need Linux", s.Scenario.Name)
	}
	s.Every = cmp.Or(s.Every, 3*time.Second)
	s.Down = cmp.Or(s.Down, 500*time.Millisecond)
	s.Patience = cmp.Or(s.Patience, 2*time.Minute)
	remove, err := s.takeDir()
	if err != nil {
		return nil, fmt.Errorf("scenario %s: folder of the disks: %w", s.Scenario.Name, err)
	}
	defer remove()
	if s.Certs != "" {
		if s.Certs, err = filepath.Abs(s.Certs); err != nil {
			return nil, fmt.Errorf("scenario %s: folder of certificates: %w", s.Scenario.Name, err)
		}
	}
	k := &soaking{Soak: s, rounds: rounds, epoch: monotonic(), failed: make(chan struct{}), report: &SoakReport{Kills: map[string]int{}, Before: takeSample(0)}}
	err = k.start(ctx)
	if err == nil {
		k.drive(ctx)
		k.report.Took = k.clock()
	}
	k.end()
	if err != nil {
		return nil, fmt.Errorf("scenario %s: %w", s.Scenario.Name, err)
	}
	k.report.After = settledSample(k.report.Before, k.clock())
	k.conclude()
	return k.report, nil
}

// takeDir makes Dir a folder that is there and empty.
func (s *Soak) takeDir() (remove func(), err error) {
	if s.Dir == "" {
		s.Dir, err = os.MkdirTemp("", "simrun-soak-")
		return func() { _ = os.RemoveAll(s.Dir) }, err
	}
	if s.Dir, err = filepath.Abs(s.Dir); err == nil {
		err = checkEmpty(s.Dir)
	}
	return func() {}, err
}

// soaking is one Run.
type soaking struct {
	Soak
	rounds  *sim.Rounds
	epoch   time.Duration // the start, by the clock of the machine
	mesh    *mesh
	hosts   map[string]*soakHost
	victims []string

	mu     sync.Mutex
	last   time.Duration // of what was stamped here
	facts  []sim.Note    // of this round, those of its history only
	failed chan struct{} // closed when there is a verdict
	report *SoakReport   // its Verdict, Check, Err and Kills
}

// clock is the time since the start.
func (k *soaking) clock() time.Duration { return monotonic() - k.epoch }

// add takes a fact that was stamped where it was noted.
func (k *soaking) add(n sim.Note) {
	if !isCall(n.Fact) {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.facts = append(k.facts, n)
}

// stamp takes a fact of this process.
func (k *soaking) stamp(n sim.Note) {
	if !isCall(n.Fact) {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.last = max(k.clock(), k.last+1)
	n.At = k.last
	k.facts = append(k.facts, n)
}

// take returns the facts so far, in their order, and forgets them.
func (k *soaking) take() []sim.Note {
	k.mu.Lock()
	defer k.mu.Unlock()
	facts := k.facts
	k.facts = nil
	return inOrder(facts)
}

// fail sets the verdict; the first one stays.
func (k *soaking) fail(v sim.Verdict, check string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if r := k.report; r.Verdict == 0 {
		r.Verdict, r.Check, r.Err = v, check, err
		close(k.failed)
	}
}

// over reports whether there is a verdict.
func (k *soaking) over() bool {
	select {
	case <-k.failed:
		return true
	default:
		return false
	}
}

// killed counts a kill.
func (k *soaking) killed(host string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.report.Kills[host]++
}

// drive runs rounds until the time is over or something is wrong.
func (k *soaking) drive(ctx context.Context) {
	killing, stop := context.WithCancel(ctx)
	var kills sync.WaitGroup
	kills.Go(func() { k.kill(killing) })
	defer kills.Wait()
	defer stop()
	for k.report.Rounds == 0 || k.clock() < k.Time {
		if !k.round(ctx) {
			return
		}
	}
}

// round is one round, from the first operation to the retirement of the last key. It
// reports whether there may be another one.
func (k *soaking) round(ctx context.Context) bool {
	n := k.report.Rounds
	ops := k.rounds.Ops(n)
	if !k.phase(ctx, fmt.Sprintf("round %d", n), ops) {
		return false
	}
	if k.rounds.Final != nil && !k.phase(ctx, fmt.Sprintf("final reads of round %d", n), k.rounds.Final(n, ops)) {
		return false
	}
	if facts := k.take(); !k.judge(n, facts) {
		k.report.Notes = facts
		return false
	}
	if k.rounds.Retire != nil {
		if !k.phase(ctx, fmt.Sprintf("retirement of round %d", n), k.rounds.Retire(n, ops)) {
			return false
		}
		k.take()
	}
	k.report.Rounds++
	k.sample(ctx)
	return !k.over()
}

var errLate = errors.New("too late")

// phase has clients carry out lines and waits until all have. A host that stopped by
// itself, or a client that fails or is late, is a failure.
func (k *soaking) phase(ctx context.Context, name string, lines []sim.Op) bool {
	byClient := map[string][]sim.Op{}
	for _, op := range lines {
		byClient[op.Client] = append(byClient[op.Client], op)
	}
	ended := make(chan string, len(byClient))
	for client, ops := range byClient {
		h := k.hosts[client]
		if h == nil {
			k.fail(sim.Harness, "work", fmt.Errorf("%s: the topology has no host %s", name, client))
			return false
		}
		if err := h.node.work(work{Lines: linesOf(ops)}, func() { ended <- client }); err != nil {
			k.fail(sim.Harness, "work", fmt.Errorf("%s: %w", name, err))
			return false
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, k.Patience, errLate)
	defer cancel()
	for len(byClient) > 0 {
		select {
		case client := <-ended:
			delete(byClient, client)
		case <-k.failed:
			k.report.Notes = k.take()
			return false
		case <-ctx.Done():
			if !errors.Is(context.Cause(ctx), errLate) {
				k.report.Interrupted = true
				return false
			}
			late := strings.Join(slices.Sorted(maps.Keys(byClient)), ", ")
			k.fail(sim.Violation, "liveness", fmt.Errorf("%s: %s had not ended after %v", name, late, k.Patience))
			k.report.Notes = k.take()
			return false
		}
	}
	return true
}

// judge judges the history of one round.
func (k *soaking) judge(n int, facts []sim.Note) bool {
	h, err := linearizability.Collect(func(yield func(int64, any) bool) {
		for _, n := range facts {
			if !yield(n.Seq, n.Fact) {
				return
			}
		}
	})
	if err != nil {
		k.fail(sim.Violation, "client", fmt.Errorf("round %d: %w", n, err))
		return false
	}
	for _, op := range h.Operations {
		k.report.Ops++
		if op.Return != linearizability.Open {
			k.report.Acked++
		}
	}
	switch rep := k.Scenario.Model.Check(h, sim.DefaultLimits.CheckSteps); rep.Verdict {
	case linearizability.Illegal:
		k.report.Suspects = rep.Operations
		k.fail(sim.Violation, rep.Check, fmt.Errorf("round %d: %s", n, rep.Why))
		return false
	case linearizability.Undecided:
		k.fail(sim.Inconclusive, "check steps", fmt.Errorf("round %d: key %s: %s", n, rep.Key, rep.Why))
		return false
	}
	return true
}

// conclude gives a soak in which nothing went wrong its verdict.
func (k *soaking) conclude() {
	r := k.report
	leaks := r.leaks()
	switch {
	case r.Verdict != 0:
	case len(leaks) > 0:
		k.fail(sim.Violation, "leak", errors.New(strings.Join(leaks, "; ")))
	case r.Rounds == 0:
		k.fail(sim.Inconclusive, "interrupted", errors.New("no round was judged"))
	default:
		r.Verdict = sim.Pass
	}
}
