package primes

import (
	"time"

	"github.com/simrun/simrun/actors"
)

// States that are worth reaching, once an incarnation each.
const (
	SawExpiry        actors.Sometimes = "primes.expiry"         // an entry was removed at the end of its time to live
	SawLost          actors.Sometimes = "primes.lost"           // an entry failed because nobody renewed its lease
	SawEvicted       actors.Sometimes = "primes.evicted"        // an entry was removed early for want of room
	SawServerDropped actors.Sometimes = "primes.server-dropped" // the balancer stopped sending to a server
	SawOwnerGone     actors.Sometimes = "primes.owner-gone"     // the only server with a response was down
	SawRecomputed    actors.Sometimes = "primes.recomputed"     // a job was given out again
	SawDuplicate     actors.Sometimes = "primes.duplicate"      // a job finished that had ended before
	SawTryAgain      actors.Sometimes = "primes.try-again"      // a submission was not stored in time
	SawTooLong       actors.Sometimes = "primes.too-long"       // a job was given up for good
)

// Asked is the fact that a program is about to send a Submit, if ID is empty, or a
// Poll. It has one question under way at a time.
type Asked struct {
	ID   string
	A, B int64
}

// Told is the fact that a program got the answer to what it Asked last: a Response, if
// Code is OK, or a Refusal. Code 0 is no answer in time.
type Told struct {
	Submit  bool
	Code    Code
	ID      string
	Status  Status
	Payload string
}

// StoreBegan is the fact that a response store that keeps everything in memory has
// begun, empty.
type StoreBegan struct{ Boot uint64 }

// Created is the fact that a response store has a new entry.
type Created struct{ ID string }

// Ended is the fact that an entry of a response store has become terminal.
type Ended struct {
	ID     string
	Status Status
}

// Renewing is the fact that the store of a host was asked to renew the lease of an entry.
type Renewing struct{ ID string }

// Renewed is the fact that it has done so, since it was asked.
type Renewed struct{ ID string }

// Lapsed is the fact that the lease of an entry is over by the clock of who ends
// leases, and that the entry is about to fail, unless it was renewed this moment.
type Lapsed struct{ ID string }

// Evicted is the fact that a response store in memory gave up an entry for want of
// room.
type Evicted struct{ ID string }

// Polled is the fact that a host was sent a Poll.
type Polled struct{ Client string }

// Picked is the fact that the balancer sent a message to a server.
type Picked struct {
	Server string
	Alive  int // how many it knows to be alive
}

// Answered is the fact that a server answered a submission with an id, or refused it after
// it had asked the store. Took is by its clock. A synchronous server accepts nothing
// before the sum is there, and says nothing of that.
type Answered struct{ Took time.Duration }

// Computed is the fact that a server has computed a sum.
type Computed struct {
	ID  string
	Sum int64
}

// Queued is the fact that a queue holds a job from now on.
type Queued struct{ ID string }

// Removed is the fact that a queue was told that a job is done.
type Removed struct{ ID string }

// GaveUp is the fact that a server takes a job for one that nobody can finish.
type GaveUp struct{ ID string }

// Throttled is the fact that a client was answered 429.
type Throttled struct{ Client string }

func init() {
	actors.Facts("primes",
		Asked{}, Told{}, StoreBegan{}, Created{}, Ended{}, Renewing{}, Renewed{}, Lapsed{}, Evicted{}, Polled{}, Picked{}, Answered{}, Computed{}, Queued{}, Removed{},
		GaveUp{}, Throttled{})
}
