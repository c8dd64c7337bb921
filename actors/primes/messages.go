package primes

import (
	"fmt"

	"github.com/simrun/simrun/actors"
)

func init() {
	actors.Message("primes.submit", Submit{})
	actors.Message("primes.poll", Poll{})
	actors.Message("primes.response", Response{})
	actors.Message("primes.refusal", Refusal{})
	actors.Message("primes.create", create{})
	actors.Message("primes.created", created{})
	actors.Message("primes.read", read{})
	actors.Message("primes.renew", renew{})
	actors.Message("primes.settle", settle{})
	actors.Message("primes.settled", settled{})
	actors.Message("primes.ping", ping{})
	actors.Message("primes.pong", pong{})
	actors.Message("primes.census", Census{})
	actors.Message("primes.count", Count{})
}

// A Status says how far a request is. It only ever goes from InProgress to one of the
// others, which are final.
type Status string

// The statuses, as they are written in JSON.
const (
	InProgress Status = "IN_PROGRESS"
	Finished   Status = "FINISHED"
	Failed     Status = "FAILED"
)

// Terminal reports whether the status is final.
func (s Status) Terminal() bool { return s == Finished || s == Failed }

// Submit asks for the sum of the primes in [A, B). It is answered with a Response,
// once an entry is stored, or with a Refusal, and then nothing is stored.
type Submit struct {
	Client string // whose requests are counted together when they are too many
	A, B   int64
}

// Poll asks for the response to a request. It is answered with a Response or a
// Refusal.
type Poll struct {
	Client string
	ID     string
	Cookie string // of the Response to the Submit; for a balancer with affinity
}

// A Response is what is known of a request. Payload is the sum, in decimal digits, if
// the status is Finished, and means nothing otherwise: it is null in JSON.
type Response struct {
	ID      string
	Status  Status
	Payload string
	Reason  string // why the status is Failed, such as Lost
	Cookie  string // names the server that has the response, if only one does
}

// Why a request has failed.
const (
	// Lost says that nobody held the job any more. To submit it again may help.
	Lost = "lost"
	// TooLong says that the job takes longer than a server gives any job.
	TooLong = "too long"
)

// A Code is the kind of a Refusal, with the numbers of HTTP.
type Code int

// The codes. BadRequest and NotFound are final; the others ask to come back later.
const (
	OK          Code = 200
	BadRequest  Code = 400
	NotFound    Code = 404
	TooMany     Code = 429
	Unavailable Code = 503
)

// A Refusal says why there is no Response. It is an error too.
type Refusal struct {
	Code Code
	Why  string
}

func (r Refusal) Error() string { return fmt.Sprintf("%d %s", r.Code, r.Why) }

// CheckRange returns the Refusal of a range that the service does not compute, or nil:
// both ends are positive, a is below b, and b is at most RangeMax.
func CheckRange(a, b int64) error {
	switch {
	case a <= 0 || b <= 0:
		return Refusal{BadRequest, "a and b must be positive"}
	case a >= b:
		return Refusal{BadRequest, "a must be below b"}
	case b > RangeMax:
		return Refusal{BadRequest, fmt.Sprintf("b must be at most %d", RangeMax)}
	}
	return nil
}

// Census asks a response store or a queue how much it keeps. It answers Count.
type Census struct{}

// Count is how many entries a response store keeps, those that have expired and are
// not swept yet included, or how many jobs a queue. It is negative if nobody knows.
type Count struct{ Entries int }

// What servers and a response store say to each other. A create is the N-th of its
// server's Boot; those below Lowest will not be repeated.
type (
	create struct {
		ID        string
		Server    string
		Boot      uint64
		N, Lowest uint64
	}
	// created answers a create. Without OK nobody knows whether there is an entry,
	// and its id must not be given to anyone.
	created struct {
		ID string
		OK bool
	}
	// read has the store answer the sender of a Poll.
	read   struct{ ID string }
	renew  struct{ ID string }
	settle struct {
		ID      string
		Status  Status
		Payload string
		Reason  string
	}
	// settled has the entry in its terminal state, which may be another than that of
	// the settle, or nothing if it is gone.
	settled struct {
		ID    string
		Entry Response
	}
)

// What the balancer asks to see who is there.
type (
	ping struct{ From string }
	pong struct{ Host string }
)
