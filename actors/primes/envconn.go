package primes

import (
	"fmt"
	"time"

	"github.com/simrun/simrun/actors"
)

// An EnvConn is the Conn of a program: it asks the balancer, and notes what it Asked and
// was Told.
type EnvConn struct {
	Env actors.Env
	// Timeout is how long an answer may take.
	Timeout time.Duration
	// Name is the client that requests are counted for, "" for the host.
	Name string
}

// Submit sends a range.
func (c EnvConn) Submit(a, b int64) (Response, error) {
	c.Env.Note(Asked{A: a, B: b})
	return c.ask(true, Submit{Client: c.name(), A: a, B: b})
}

// Poll asks for a response.
func (c EnvConn) Poll(id, cookie string) (Response, error) {
	c.Env.Note(Asked{ID: id})
	return c.ask(false, Poll{Client: c.name(), ID: id, Cookie: cookie})
}

// Now is the monotonic clock of the host.
func (c EnvConn) Now() time.Duration { return c.Env.Clock.Now() }

// Sleep blocks the program.
func (c EnvConn) Sleep(d time.Duration) { c.Env.Clock.Sleep(d) }

func (c EnvConn) name() string {
	if c.Name != "" {
		return c.Name
	}
	return c.Env.Host
}

func (c EnvConn) ask(submit bool, m any) (Response, error) {
	reply, err := c.Env.Request(c.Env.PID(BalancerPath), m, c.Timeout)
	if err != nil {
		c.Env.Note(Told{Submit: submit})
		return Response{}, err
	}
	switch r := reply.(type) {
	case Response:
		c.Env.Note(Told{Submit: submit, Code: OK, ID: r.ID, Status: r.Status, Payload: r.Payload})
		return r, nil
	case Refusal:
		c.Env.Note(Told{Submit: submit, Code: r.Code})
		return Response{}, r
	}
	return Response{}, fmt.Errorf("the answer is a %T", reply)
}

// A Deadline is a Canceller of a program: the call ends at a time of its monotonic
// clock, and says ErrTimeout. A zero At is no deadline.
type Deadline struct {
	Clock actors.Clock
	At    time.Duration
}

// Err is actors.ErrTimeout from the deadline on.
func (d Deadline) Err() error {
	if d.At > 0 && d.Clock.Now() >= d.At {
		return actors.ErrTimeout
	}
	return nil
}
