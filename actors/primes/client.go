package primes

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"
)

// A Conn is how a Client reaches the service, and the time of its host. Errors that are
// no Refusal mean that there was no answer: the request may have arrived or not.
type Conn interface {
	Submit(a, b int64) (Response, error)
	Poll(id, cookie string) (Response, error)
	// Now is monotonic.
	Now() time.Duration
	// Sleep may return early when the call it is for was cancelled.
	Sleep(d time.Duration)
}

// A Canceller says why a call is to end, or nil while it is not. A context.Context is
// one.
type Canceller interface{ Err() error }

// Patience is how a Client asks. A zero field has its value in DefaultPatience.
type Patience struct {
	// PollMin is the pause before the first poll, and PollMax the longest; pauses grow
	// by half, and each is drawn between half of it and all of it.
	PollMin, PollMax time.Duration
	// Resubmit is the age of the last proof that somebody works on a request, at which
	// it is submitted again. Never before.
	Resubmit time.Duration
	// Failures is how many times a request may fail before SumPrime gives up.
	Failures int
}

// DefaultPatience suits the DefaultTiming of a service.
var DefaultPatience = Patience{PollMin: 250 * time.Millisecond, PollMax: 5 * time.Second, Resubmit: 3 * time.Minute, Failures: 5}

func (p Patience) withDefaults() Patience {
	if p.PollMin <= 0 {
		p.PollMin = DefaultPatience.PollMin
	}
	if p.PollMax <= 0 {
		p.PollMax = DefaultPatience.PollMax
	}
	if p.Resubmit <= 0 {
		p.Resubmit = DefaultPatience.Resubmit
	}
	if p.Failures <= 0 {
		p.Failures = DefaultPatience.Failures
	}
	return p
}

// ErrFailed is what SumPrime returns when the service gave the request up.
var ErrFailed = errors.New("the request failed")

// A Client hides that the service is asynchronous. It belongs to one program or
// goroutine at a time.
type Client struct {
	Conn     Conn
	Patience Patience
	Rand     *rand.Rand
}

// SumPrime returns the sum of the primes in [a, b). It blocks until the sum is there,
// ctx says that the call is cancelled, the range is refused, or the request has failed
// for good. What was submitted before a cancellation may still be computed; nobody
// asks for it.
//
// When the service loses a request, or nothing is heard of it, the range is submitted
// again, Patience.Resubmit after the last proof that somebody worked on it: an accepted
// submission, or a poll that was answered IN_PROGRESS.
func (c *Client) SumPrime(ctx Canceller, a, b int64) (int64, error) {
	call := &call{client: c, patience: c.Patience.withDefaults(), ctx: ctx, a: a, b: b}
	for {
		r, err := call.submit()
		if err != nil {
			return 0, fmt.Errorf("sum of the primes in [%d, %d): %w", a, b, err)
		}
		r, err = call.await(r)
		if err != nil {
			return 0, fmt.Errorf("sum of the primes in [%d, %d): request %s: %w", a, b, r.ID, err)
		}
		if r.Status != Finished {
			continue
		}
		sum, err := strconv.ParseInt(r.Payload, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("request %s: payload: %w", r.ID, err)
		}
		return sum, nil
	}
}

// A call is one call of SumPrime.
type call struct {
	client   *Client
	patience Patience
	ctx      Canceller
	a, b     int64
	pause    time.Duration // before the next question
	proof    time.Duration // when somebody last worked on the request, as far as is known
	failures int
}

// submit returns the response to a submission that was accepted.
func (c *call) submit() (Response, error) {
	conn := c.client.Conn
	c.pause = c.patience.PollMin
	for {
		if err := c.ctx.Err(); err != nil {
			return Response{}, err
		}
		began := conn.Now()
		r, err := conn.Submit(c.a, c.b)
		var refused Refusal
		switch {
		case err == nil:
			c.proof = conn.Now()
			return r, nil
		case errors.As(err, &refused) && !refused.later():
			return r, refused
		case errors.As(err, &refused):
			c.backOff()
		default:
			// It may have been accepted.
			c.proof = began
			c.sleepUntil(c.proof + c.patience.Resubmit)
		}
	}
}

// later reports whether the same question may be answered later.
func (r Refusal) later() bool { return r.Code == TooMany || r.Code == Unavailable }

// await polls until the request is finished, or it is time to submit it again: then
// the response is not Finished.
func (c *call) await(r Response) (Response, error) {
	conn := c.client.Conn
	id, cookie := r.ID, r.Cookie
	c.pause = c.patience.PollMin
	for conn.Now() < c.proof+c.patience.Resubmit {
		switch r.Status {
		case Finished:
			return r, nil
		case Failed:
			c.failures++
			if r.Reason == TooLong || c.failures >= c.patience.Failures {
				return r, fmt.Errorf("%w %s", ErrFailed, r.Reason)
			}
			return Response{ID: id}, c.sleepUntil(c.proof + c.patience.Resubmit)
		}
		c.backOff()
		if err := c.ctx.Err(); err != nil {
			return r, err
		}
		answer, err := conn.Poll(id, cookie)
		var refused Refusal
		switch {
		case err == nil:
			r = answer
			if r.Status == InProgress {
				c.proof = conn.Now()
			}
		case errors.As(err, &refused) && !refused.later():
			// The response store has lost the request, or forgotten it.
			return Response{ID: id}, c.sleepUntil(c.proof + c.patience.Resubmit)
		}
	}
	if r.Status == Finished {
		return r, nil
	}
	return Response{ID: id}, c.ctx.Err()
}

// backOff sleeps before the next question, and longer from time to time.
func (c *call) backOff() {
	half := int64(c.pause / 2)
	c.client.Conn.Sleep(time.Duration(half + c.client.Rand.Int64N(half+1)))
	c.pause = min(c.pause+c.pause/2, c.patience.PollMax)
}

// sleepUntil sleeps in pieces, so that a cancelled call ends soon.
func (c *call) sleepUntil(t time.Duration) error {
	for {
		if err := c.ctx.Err(); err != nil {
			return err
		}
		left := t - c.client.Conn.Now()
		if left <= 0 {
			return nil
		}
		c.client.Conn.Sleep(min(left, c.patience.PollMax))
	}
}
