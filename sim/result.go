package sim

import (
	"fmt"
	"time"

	"github.com/simrun/simrun/linearizability"
)

// A Verdict judges a run. Verdicts are never merged; the zero value is no verdict.
type Verdict uint8

// The verdicts, best first.
const (
	Pass         Verdict = iota + 1
	ExpectedLoss         // data was lost, but beyond what the system promises to survive
	Inconclusive         // a limit was reached before there was a verdict
	Violation            // a promise was broken
	Harness              // the simulator or a checker is at fault
)

var verdictNames = [...]string{"NONE", "PASS", "EXPECTED_LOSS", "INCONCLUSIVE", "VIOLATION", "HARNESS"}

func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return fmt.Sprintf("Verdict(%d)", v)
}

// ExitCode is what a command that ran once exits with.
func (v Verdict) ExitCode() int {
	switch v {
	case Pass, ExpectedLoss:
		return 0
	case Violation:
		return 1
	case Harness:
		return 4
	}
	return 3
}

// A Result is what a run of a Plan came to. Equal scenarios and plans give equal
// results.
type Result struct {
	Plan    Plan
	Verdict Verdict
	// Check names what failed, such as "durable" or "actor panic"; "" for Pass.
	Check string
	// Err says what is wrong, in the words of the domain; nil for Pass.
	Err error
	// TraceHash is equal for equal runs: every step, its time, its message and its
	// cause are folded into it.
	TraceHash uint64
	// Applied is the schedule of faults as carried out.
	Applied []AppliedFault
	History linearizability.History
	Notes   []Note
	// Suspects are the operations that show the violation, as few as are known.
	Suspects []linearizability.Operation
	Stats    Stats
}

// An AppliedFault is a fault that began, with the times it was in effect.
type AppliedFault struct {
	Text     string // as in a plan
	Told     string // what the plan says; more than Text, where the budget allowed less
	Kind     string
	From, To time.Duration
	// InFlight reports that an operation of a client was open when it began.
	InFlight bool
}

// Stats count what happened in a run.
type Stats struct {
	Steps      int64 // deliveries, timers and wake-ups
	Messages   int64 // delivered between hosts
	Sent       int64 // between hosts, lost ones included
	Dropped    int64 // by the network, cuts included
	Duplicated int64
	DeadHost   int64 // arrived at a host that was down
	DeadLetter int64 // arrived where no actor was
	OldBoot    int64 // replies to a request of an earlier boot, dropped
	Ops        int   // operations issued
	Acked      int   // operations whose outcome was delivered with certainty
	Unwaited   int   // operations open at the end
	Overlapped int   // acked operations that overlap a fault in effect
	Virtual    time.Duration
	WarmUp     time.Duration // virtual time after which faults could begin
	CheckTime  time.Duration // wall time spent in checking, for information only
	Faults     map[string]FaultCount
	// BudgetSkips are faults that did less than the plan says, or nothing, because the
	// system has not promised to survive them.
	BudgetSkips int
	Sometimes   map[string]int
}

// A FaultCount says how often a kind of fault began, and how often an operation
// of a client was open then.
type FaultCount struct{ Fired, InFlight int }
