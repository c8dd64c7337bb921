package tickets

import (
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/models"
)

// A Changed is the fact that a member of the tracker has applied a change of a
// ticket's state. All members apply the same changes in the same order; one that
// restarts applies again what its snapshot does not have.
type Changed struct {
	Index    uint64 // of the command in the group's log
	Now      time.Duration
	Ticket   ID
	Key      string
	From, To models.TicketState
	Text     string
}

// Proposed is the fact that a leader proposes to make a ticket. The ticket's age counts
// from then, though it may be committed a good deal later, or never.
type Proposed struct {
	Key string
	At  time.Duration // group time
}

// States that a member of the tracker notes.
const (
	// SawLeaderLost: a leader was deposed while answers to commands were owed.
	SawLeaderLost actors.Sometimes = "tickets.leader-lost"
	// SawTrackerFull: a ticket was refused because there are too many.
	SawTrackerFull actors.Sometimes = "tickets.tracker-full"
	// SawConflict: a ticket that is final was to become something else.
	SawConflict actors.Sometimes = "tickets.conflict"
	// SawExpiry: a ticket was forgotten because its time was over.
	SawExpiry actors.Sometimes = "tickets.expiry"
	// SawLost: a ticket failed because nobody renewed it.
	SawLost actors.Sometimes = "tickets.lost"
	// SawKnownKey: a request that came again got the ticket that it has.
	SawKnownKey actors.Sometimes = "tickets.known-key"
)
