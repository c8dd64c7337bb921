package linearizability

import "fmt"

// An OpID identifies an operation in a history: who issued it and which of the
// client's operations it is. It prints as c0#7.
type OpID struct {
	Client string
	N      int
}

func (id OpID) String() string { return fmt.Sprintf("%s#%d", id.Client, id.N) }

// Called is the fact that a client issued an operation.
type Called struct {
	Op    OpID
	Input any
}

// Returned is the fact that the outcome of an operation was delivered to the
// application: Wait or Loop handed it out. A reply in a socket or in a client
// actor is not delivered.
type Returned struct {
	Op      OpID
	Outcome Outcome
}

// A Certainty says what a client knows about an operation that has returned.
type Certainty uint8

const (
	// Done: the operation took effect, or saw what it reports, exactly once
	// between its call and its return.
	Done Certainty = iota
	// Refused: the operation had no effect, never will, and saw nothing.
	Refused
	// Unknown: the operation may take effect, at most once, at any time after its
	// call, or never.
	Unknown
)

// An Outcome is what a client was told about an operation.
type Outcome struct {
	Certainty Certainty
	Output    any // nil unless Done
}

// A Recorder records the operations of one client as facts of the run. It is
// used by the goroutine or coroutine of that client only.
type Recorder struct {
	client string
	note   func(fact any)
}

// NewRecorder returns a Recorder for the named client; note is its Env.Note.
func NewRecorder(client string, note func(fact any)) *Recorder {
	return &Recorder{client: client, note: note}
}

// Call records that operation n is about to be issued. It comes before anything
// is sent.
func (r *Recorder) Call(n int, input any) {
	r.note(Called{Op: OpID{Client: r.client, N: n}, Input: input})
}

// Return records that the outcome of operation n was handed to the application.
// It is called at most once an operation.
func (r *Recorder) Return(n int, out Outcome) {
	r.note(Returned{Op: OpID{Client: r.client, N: n}, Outcome: out})
}
