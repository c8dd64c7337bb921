package tickets

import "github.com/simrun/simrun/actors"

// TrackerActor is the name of the tracker's actor on each of its hosts.
const TrackerActor = "tracker"

// An ask is a request to the tracker. Any member takes it; one that does not lead
// passes it on to the one that it believes to, once.
type ask struct {
	Back      Return
	Forwarded bool
	Verb      verb
	Ticket    ID
	Tickets   []ID
	Percent   uint8
	Key, Text string
}

// CopyMessage implements actors.Copier.
func (a ask) CopyMessage() any {
	a.Tickets = append([]ID(nil), a.Tickets...)
	return a
}

// An answer is that of the leader, once what it says is committed. Busy means that it
// has too many commands under way.
type answer struct {
	Back   Return
	Status Status
	Ticket Ticket
}

// CopyMessage implements actors.Copier.
func (a answer) CopyMessage() any { return a }

func init() {
	actors.Message("tickets.ask", ask{})
	actors.Message("tickets.answer", answer{})
}
