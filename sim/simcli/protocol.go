package simcli

import (
	"errors"
	"time"

	"github.com/simrun/simrun/sim"
)

// A campaign and its workers exchange JSON objects, one a line: orders on the
// standard input of a worker, reports on its standard output. Both ends are one
// program, so there is no version.

// settings is what a worker is told first.
type settings struct {
	Folder string     `json:"folder"`
	Number int        `json:"number"` // of its file in running/; negative: it keeps none
	Policy sim.Policy `json:"policy,omitempty"`
	Memory int        `json:"memory_mib"`
	Cores  int        `json:"cores"`
}

// seeds is a row of seeds of one scenario.
type seeds struct {
	Scenario string `json:"scenario"`
	First    uint64 `json:"first"`
	Count    int    `json:"count"`
}

// An order has one field set.
type order struct {
	Begin *settings `json:"begin,omitempty"`
	// Seeds are run and reported one by one; then the worker is Idle.
	Seeds *seeds `json:"seeds,omitempty"`
	// Plan is run once and reported; with a TraceTo that trace is saved there.
	Plan    string `json:"plan,omitempty"`
	TraceTo string `json:"trace_to,omitempty"`
	// Answer is to a report that asks for one.
	Answer *answer `json:"answer,omitempty"`
	// Stop lets no further run begin.
	Stop bool `json:"stop,omitempty"`
	// Dump prints what the run is busy with to standard error, and ends the process.
	Dump bool `json:"dump,omitempty"`
}

// An answer is what a worker that found a failure has to know to go on.
type answer struct {
	Elsewhere outcome `json:"elsewhere"` // of the plan that was to be confirmed
	Alike     int     `json:"alike"`     // failures like this one so far, this one included
}

// A report has one field set.
type report struct {
	Ready bool `json:"ready,omitempty"`
	// Alive says that a run of several has ended.
	Alive bool `json:"alive,omitempty"`
	// Confirm asks for an answer: what another process makes of this plan. With a
	// TraceTo its trace is saved in that file of the folder.
	Confirm string `json:"confirm,omitempty"`
	TraceTo string `json:"trace_to,omitempty"`
	// Run is the outcome of a seed. If it has failed, an answer is awaited, and then
	// a Notice follows.
	Run    *outcome `json:"run,omitempty"`
	Notice *notice  `json:"notice,omitempty"`
	Idle   bool     `json:"idle,omitempty"`
	// Broken says that results or seeds can no longer be written.
	Broken string `json:"broken,omitempty"`
}

// An outcome is what a campaign has to know of a result.
type outcome struct {
	Scenario  string        `json:"scenario"`
	Seed      uint64        `json:"seed"`
	Verdict   sim.Verdict   `json:"verdict"`
	Check     string        `json:"check,omitempty"`
	Why       string        `json:"why,omitempty"`
	TraceHash uint64        `json:"trace_hash"`
	Faults    int           `json:"faults"` // how many were applied
	Stats     sim.Stats     `json:"stats"`
	Wall      time.Duration `json:"wall_ns"`
	Doubled   bool          `json:"doubled,omitempty"` // run twice and compared
}

func outcomeOf(r *sim.Result, wall time.Duration, doubled bool) outcome {
	o := outcome{
		Scenario: r.Plan.Scenario, Seed: r.Plan.Seed, Verdict: r.Verdict, Check: r.Check, TraceHash: r.TraceHash,
		Faults: len(r.Applied), Stats: r.Stats, Wall: wall, Doubled: doubled,
	}
	if r.Err != nil {
		o.Why = r.Err.Error()
	}
	return o
}

// failed reports whether somebody has to look at the run.
func (o outcome) failed() bool { return o.Verdict == sim.Violation || o.Verdict == sim.Harness }

// kind tells failures apart of which some are enough.
func (o outcome) kind() string { return o.Scenario + " " + o.Check }

// result is as much of a result as an outcome holds.
func (o outcome) result() *sim.Result {
	r := &sim.Result{Plan: sim.Plan{Scenario: o.Scenario, Seed: o.Seed}, Verdict: o.Verdict, Check: o.Check, TraceHash: o.TraceHash, Stats: o.Stats}
	if o.Why != "" {
		r.Err = errors.New(o.Why)
	}
	return r
}

// A notice is what people and programs are told of a failure.
type notice struct {
	Alike  int       `json:"alike"` // which one it is of its scenario and check, from 1
	Text   string    `json:"text"`
	Object runObject `json:"object"`
}
