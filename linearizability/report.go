package linearizability

import (
	"fmt"
	"strings"
)

// A Model judges histories; [Spec.Model] makes one.
type Model interface {
	// Check decides within a number of model steps; the count, unlike a time limit,
	// gives the same report on every machine. Zero or less means DefaultSteps.
	Check(h History, steps int) Report
}

// DefaultSteps is the limit of a Check that names none.
const DefaultSteps = 2_000_000

// FinalClient is the client that reads every key once all faults have ended. What
// its reads miss is lost for good, so a violation they show is called durable.
const FinalClient = "final"

// The names of the checks of a Model, as Report.Check has them.
const (
	// CheckLinearizable: no order of the operations explains what was seen.
	CheckLinearizable = "linearizable"
	// CheckDurable: an acknowledged write is missing from a final read.
	CheckDurable = "durable"
	// CheckGhost: a read returned a value before anybody asked to write it, or one
	// that nobody wrote.
	CheckGhost = "ghost"
	// CheckStale: a read returned a value older than one whose write had been
	// acknowledged before the read began.
	CheckStale = "stale"
	// CheckVanished: a read returned a value older than one that another read had
	// already returned. An observed operation must not vanish.
	CheckVanished = "vanished"
)

// A Verdict is what a checker can say of a history.
type Verdict uint8

// The verdicts of a checker, best first.
const (
	OK        Verdict = iota // some order of the operations explains the history
	Undecided                // the limit of steps was reached
	Illegal                  // no order explains the history
)

func (v Verdict) String() string {
	switch v {
	case OK:
		return "ok"
	case Undecided:
		return "undecided"
	case Illegal:
		return "illegal"
	default:
		return fmt.Sprintf("Verdict(%d)", uint8(v))
	}
}

// A Report is the verdict on a history and its reason.
type Report struct {
	Verdict Verdict
	// Check names what failed: one of the Check constants; empty if OK.
	Check string
	// Key is the object on which it failed, or the first one that stayed undecided.
	Key string
	// Why is one sentence in words of the domain.
	Why string
	// Operations are those that show the violation, as few as are known, in the
	// order of their calls.
	Operations []Operation
	// Steps is how many model steps the verdict took.
	Steps int
}

// String prints the verdict, its reason and the operations, one a line.
func (r Report) String() string {
	if r.Verdict == OK {
		return r.Verdict.String()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%v: %s: %s", r.Verdict, r.Check, r.Why)
	for _, op := range r.Operations {
		fmt.Fprintf(&b, "\n  %v", op)
	}
	return b.String()
}
