package sim

import (
	"fmt"
	"slices"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
)

// A Scenario is a system, what its clients do, what may go wrong, and what must
// hold. The same value is run by sim and, without simulated faults, by
// live/harness. Its functions must be pure: equal arguments, equal results.
type Scenario struct {
	// Name is "system/what", as on the command line and in plans.
	Name string
	// Doc is one sentence for `simrun list`.
	Doc string
	// Control marks a scenario that is there to show that the checks are silent about
	// what is right: a campaign of several scenarios runs it now and then only.
	Control bool
	// Knobs draws the parameters of the system for a run; nil draws none.
	Knobs func(d *faults.Draw) Knobs
	// Topology makes the system. A client of the Workload is a host of the
	// topology: its operations run there as a program.
	Topology func(k Knobs) actors.Topology
	// Profile bounds the faults that are drawn for a run.
	Profile faults.Profile
	// Script draws network and faults in place of the Profile, for a scenario that
	// tells one story; nil for most. The Profile still says who is a client.
	Script func(d *faults.Draw, k Knobs) (faults.Net, faults.Schedule)
	// Oracle makes what knows the promises of the system about lost copies; nil if it
	// makes none.
	Oracle func(k Knobs) Oracle
	// Workload is what the clients do; zero if the topology brings programs that
	// do it all.
	Workload Workload
	// Model is the sequential meaning of the operations; nil checks no history.
	Model linearizability.Model
	// Checks run on what was observed, in this order, after the Model. The first
	// one that fails names the violation.
	Checks []Check
	// Sometimes lists the facts that a campaign must reach, see actors.Sometimes.
	Sometimes []string
	// Wire says what happens to a message that leaves its host.
	Wire WireMode
	// Service is how long a step occupies its actor, in virtual time.
	Service time.Duration
	// Limits bound a run; zero fields have the defaults of DefaultLimits.
	Limits Limits
}

// A WireMode says what happens to a message that leaves its host.
type WireMode uint8

const (
	// WireCopy sends a message through the codec, as the real world does, or has it
	// copy itself; it finds shared memory, types that are not registered and
	// messages that are changed after they were sent.
	WireCopy WireMode = iota
	// WireChecked sends by reference and compares hashes of the content at send and
	// at delivery.
	WireChecked
	// WireRef sends by reference and checks nothing: for measuring the kernel.
	WireRef
)

// A Workload generates, parses and carries out the operations of a scenario.
type Workload struct {
	// Generate draws the operations of a run, in the order of the plan. Op.Client
	// is a host of the topology; Op.N counts from 1 for each client.
	Generate func(d *faults.Draw, k Knobs) []Op
	// Final lists the operations of the host "final" once everything has healed and
	// the clients have ended, usually a read of every key; nil for none.
	Final func(k Knobs, ops []Op) []Op
	// Parse reads the text of one operation as Op.Do's String method prints it.
	Parse func(text string) (fmt.Stringer, error)
	// Client is called once per client and Boot; the closure it returns carries out
	// one operation after the other and holds what is open between them. It
	// records each with rec. An error it returns fails the run.
	Client func(env actors.Env, rec *linearizability.Recorder) func(op Op) error
	// Rounds is a load of any length for a live soak; nil if the scenario has none.
	Rounds *Rounds
}

// An Op is one line of a plan that a client carries out. N is its number, stable
// when other lines are deleted; lines that issue nothing (wait, loop) may have
// N 0.
type Op struct {
	Client string
	N      int
	Do     fmt.Stringer // plain data; its text is what Workload.Parse reads
}

// A Check judges one promise of the system on what was observed in a run.
type Check struct {
	// Name is short and stable: a shrunk plan fails the same check.
	Name string
	// Func returns what is wrong, in the words of the domain.
	Func func(o *Observation) error
}

// An Observation is what was seen of a run, in either world.
type Observation struct {
	Knobs   Knobs
	Ops     []Op
	History linearizability.History
	Notes   []Note
	// Sometimes marks a state as reached, for states that only the whole history
	// shows.
	Sometimes func(name string)
}

// A Note is a fact with its origin. Seq is its place in the strictly increasing
// order of events, the time base of histories.
type Note struct {
	Seq  int64
	At   time.Duration // virtual time in sim, CLOCK_MONOTONIC in live; since the start of the run
	Host string
	Path string // host/actor or host/program
	Fact any
}

// Limits bound a run; reaching one ends it INCONCLUSIVE, by name.
type Limits struct {
	Steps      int           // scheduler steps
	Time       time.Duration // virtual time of the fault phase
	Settle     time.Duration // virtual time for the clients to end after heal
	CheckSteps int           // model steps of the linearizability search
}

// DefaultLimits are used where a Scenario leaves a field zero.
var DefaultLimits = Limits{Steps: 2_000_000, Time: 10 * time.Minute, Settle: 60 * time.Second, CheckSteps: 2_000_000}

// Validate reports the first thing that makes the scenario unusable, also a Profile
// that names hosts which none of the topologies has that the first seeds draw.
func (s Scenario) Validate() error {
	switch {
	case s.Name == "":
		return fmt.Errorf("scenario without a name")
	case s.Topology == nil:
		return fmt.Errorf("scenario %s: no Topology", s.Name)
	case s.Workload.Generate != nil && (s.Workload.Parse == nil || s.Workload.Client == nil):
		return fmt.Errorf("scenario %s: a Workload that generates needs Parse and Client", s.Name)
	}
	if err := s.Profile.Validate(); err != nil {
		return fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	hosts, err := s.hosts()
	if err != nil {
		return err
	}
	if err := s.Profile.CheckHosts(hosts); err != nil {
		return fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	return nil
}

// validatedSeeds is how many seeds have their topology looked at. The knobs may
// decide whether there is a second coordinator, so one seed is not enough.
const validatedSeeds = 16

// hosts lists the hosts of the topologies that the first seeds draw, each once.
func (s Scenario) hosts() (hosts []string, err error) {
	for seed := range uint64(validatedSeeds) {
		t, err := topologyOf(s, s.drawKnobs(faults.NewDraw(seed)))
		if err != nil {
			return nil, fmt.Errorf("scenario %s, seed %d: %w", s.Name, seed, err)
		}
		for _, h := range t.Hosts {
			if !slices.Contains(hosts, h.Name) {
				hosts = append(hosts, h.Name)
			}
		}
		if s.Knobs == nil {
			break
		}
	}
	return hosts, nil
}
