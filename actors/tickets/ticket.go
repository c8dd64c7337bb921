package tickets

import (
	"strconv"
	"time"

	"github.com/simrun/simrun/models"
)

// An ID names a ticket. No two tickets of one tracker have the same, whatever
// restarts and whoever leads. 0 is none.
type ID uint64

// String is: t7.
func (id ID) String() string { return "t" + strconv.FormatUint(uint64(id), 10) }

// A Ticket is what the tracker says about a job. Text is the result of a finished
// job, or the reason of a failed one.
type Ticket struct {
	ID      ID
	State   models.TicketState
	Text    string
	Percent uint8 // how far the job is, as its worker last said
	// Created is when it was made, in the time of the tracker, which begins with it and
	// goes on while somebody leads.
	Created time.Duration
}

// Value is the ticket as its model knows it.
func (t Ticket) Value() models.Ticket { return models.Ticket{State: t.State, Text: t.Text} }

// A Status says what became of a request to one of the services.
type Status uint8

const (
	// OK: it was carried out, also if that was long ago.
	OK Status = iota
	// Full: there is no room, and nothing was done.
	Full
	// TooLarge: a name or text is beyond the limit, and nothing was done.
	TooLarge
	// NotFound: there is no such ticket, or no longer.
	NotFound
	// Conflict: the ticket is final already and says something else, and stays so.
	Conflict
	// Stale: the token is not that of the present lease, and nothing was done.
	Stale
	// Busy: the service is at its limit for now, and nothing was done.
	Busy
	// TryAgain: no outcome in time. It may have been carried out, or may still be; to
	// ask again under the same name is safe.
	TryAgain
)

var statusNames = [...]string{"OK", "FULL", "TOO_LARGE", "NOT_FOUND", "CONFLICT", "STALE", "BUSY", "TRY_AGAIN"}

func (s Status) String() string {
	if int(s) < len(statusNames) {
		return statusNames[s]
	}
	return "status " + strconv.Itoa(int(s))
}

// TrackerLimits bound what a tracker remembers, and for how long. They are the same
// on all members. A zero field has its value in DefaultTrackerLimits.
type TrackerLimits struct {
	// TTL is how long a final ticket stays, counted from when it became final.
	TTL time.Duration
	// Lease is how long a ticket in progress stays that nobody renews; then it has
	// failed with models.TicketLost.
	Lease time.Duration
	// Tickets is the most tickets at a time. One more is refused as Full.
	Tickets int
	// Text is the most bytes of a key, a result or a reason.
	Text int
	// Sweep is the most tickets that one command lets expire, so that none takes long.
	Sweep int
}

// DefaultTrackerLimits are those of a busy site: three minutes, a million tickets.
var DefaultTrackerLimits = TrackerLimits{
	TTL: 3 * time.Minute, Lease: 3 * time.Minute, Tickets: 1_000_000, Text: 4 << 10, Sweep: 1024,
}

func (l TrackerLimits) withDefaults() TrackerLimits {
	d := DefaultTrackerLimits
	if l.TTL <= 0 {
		l.TTL = d.TTL
	}
	if l.Lease <= 0 {
		l.Lease = d.Lease
	}
	if l.Tickets <= 0 {
		l.Tickets = d.Tickets
	}
	if l.Text <= 0 {
		l.Text = d.Text
	}
	if l.Sweep <= 0 {
		l.Sweep = d.Sweep
	}
	return l
}
