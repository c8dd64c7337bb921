package linearizability

// A Model judges histories; [Spec.Model] makes one.
type Model interface {
	// Check decides within a number of model steps; the count, unlike a time limit,
	// gives the same report on every machine.
	Check(h History, steps int) Report
}

// A Verdict is what a checker can say of a history.
type Verdict uint8

// The verdicts of a checker, best first.
const (
	OK        Verdict = iota // some order of the operations explains the history
	Undecided                // the limit of steps was reached
	Illegal                  // no order explains the history
)

// A Report is the verdict on a history and its reason.
type Report struct {
	Verdict Verdict
	// Check names what failed: "linearizable", "durable", "ghost", ...
	Check string
	// Key is the object on which it failed.
	Key string
	// Why is one sentence in words of the domain.
	Why string
	// Operations are those that show the violation, as few as are known.
	Operations []Operation
	// Steps is how many model steps were used.
	Steps int
}
