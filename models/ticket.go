package models

import "strconv"

// A TicketState is what a ticket says about its job. Finished and Failed are final.
type TicketState uint8

const (
	// NoTicket: it was never created, or it has expired; nobody can tell which.
	NoTicket TicketState = iota
	// TicketInProgress: somebody queues or runs the job and says so from time to time.
	TicketInProgress
	// TicketFinished: the job is done, and its result is in the ticket.
	TicketFinished
	// TicketFailed: the job is given up, and the reason is in the ticket.
	TicketFailed
)

var ticketStateNames = [...]string{"NOT_FOUND", "IN_PROGRESS", "FINISHED", "FAILED"}

func (s TicketState) String() string {
	if int(s) < len(ticketStateNames) {
		return ticketStateNames[s]
	}
	return "state " + strconv.Itoa(int(s))
}

// Final reports whether nothing but expiry can follow the state.
func (s TicketState) Final() bool { return s == TicketFinished || s == TicketFailed }

// A Ticket is the state of one ticket. The zero Ticket is one that is not there.
type Ticket struct {
	State TicketState
	Text  string // the result if it is finished, the reason if it failed, else ""
}

// String is: FINISHED "thumbnail".
func (t Ticket) String() string {
	if t.Text == "" {
		return t.State.String()
	}
	return t.State.String() + " " + strconv.Quote(t.Text)
}

// A TicketVerb says what a TicketOp does.
type TicketVerb uint8

// The verbs. Nobody asks for TicketExpire and TicketLose: the tracker does that by
// itself when a time is over, so they are operations whose outcome nobody is told.
const (
	TicketCreate   TicketVerb = iota // there is a ticket from now on, also if there was one
	TicketQuery                      // what does the ticket say?
	TicketComplete                   // the job is done with this result
	TicketFail                       // the job is given up for this reason
	TicketExpire                     // a final ticket is forgotten
	TicketLose                       // a ticket in progress that nobody renewed has failed
)

var ticketVerbNames = [...]string{"create", "query", "complete", "fail", "expire", "lose"}

func (v TicketVerb) String() string {
	if int(v) < len(ticketVerbNames) {
		return ticketVerbNames[v]
	}
	return "verb " + strconv.Itoa(int(v))
}

// TicketLost is the reason of a ticket that nobody renewed.
const TicketLost = "lost"

// A TicketOp is an operation on the ticket of one job.
type TicketOp struct {
	Verb TicketVerb
	Job  string
	Text string // the result or the reason; "" for the other verbs
}

// String is: complete c0-1 "thumbnail".
func (op TicketOp) String() string {
	text := op.Verb.String() + " " + op.Job
	if op.Text != "" {
		text += " " + strconv.Quote(op.Text)
	}
	return text
}

// ApplyTicket carries out an operation on a ticket, alone: the ticket after it, which
// is also the answer. A Complete or Fail that answers with anything but what it
// brought was refused.
func ApplyTicket(t Ticket, op TicketOp) (next, answer Ticket) {
	next = t
	switch op.Verb {
	case TicketCreate:
		if t.State == NoTicket {
			next = Ticket{State: TicketInProgress}
		}
		return next, Ticket{}
	case TicketComplete:
		if t.State == TicketInProgress {
			next = Ticket{State: TicketFinished, Text: op.Text}
		}
	case TicketFail:
		if t.State == TicketInProgress {
			next = Ticket{State: TicketFailed, Text: op.Text}
		}
	case TicketLose:
		if t.State == TicketInProgress {
			next = Ticket{State: TicketFailed, Text: TicketLost}
		}
	case TicketExpire:
		if t.State.Final() {
			next = Ticket{}
		}
	}
	return next, next
}
