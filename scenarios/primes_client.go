package scenarios

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/primes"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/sim"
)

// A primesClient carries out the lines of one client of the sum-of-primes service.
type primesClient struct {
	env    actors.Env
	rec    *linearizability.Recorder
	conn   primes.EnvConn
	client primes.Client
}

// primesPatience is that of every client: it cannot depend on the knobs of a run.
var primesPatience = primes.Patience{
	PollMin: 20 * time.Millisecond, PollMax: 150 * time.Millisecond, Resubmit: 1500 * time.Millisecond, Failures: 1000,
}

const (
	primesTimeout = 250 * time.Millisecond // of one question
	watchPause    = 100 * time.Millisecond
	watchPolls    = 200 // of one Watch
)

func newPrimesClient(env actors.Env, rec *linearizability.Recorder) func(sim.Op) error {
	conn := primes.EnvConn{Env: env, Timeout: primesTimeout}
	c := &primesClient{env: env, rec: rec, conn: conn, client: primes.Client{Conn: conn, Patience: primesPatience, Rand: env.Rand}}
	return c.do
}

func (c *primesClient) do(op sim.Op) error {
	switch do := op.Do.(type) {
	case Sum:
		c.sum(op.N, do)
	case Watch:
		c.watch(op.N, do)
	case Look:
		_, _ = c.conn.Poll(do.ID, "") // what it is told is a fact
	case Flood:
		c.flood(do)
	case Sleep:
		c.env.Clock.Sleep(do.For)
	case Point:
		c.env.Note(actors.Point(do.Name))
	case Empty:
		c.empty(do)
	default:
		return fmt.Errorf("no operation of the sum-of-primes service: %v", op.Do)
	}
	return nil
}

// sum records a call of the library as one operation. One that was cancelled, or
// that failed, saw nothing.
func (c *primesClient) sum(n int, s Sum) {
	c.rec.Call(n, s)
	ctx := primes.Deadline{Clock: c.env.Clock}
	if s.For > 0 {
		ctx.At = c.env.Clock.Now() + s.For
	}
	sum, err := c.client.SumPrime(ctx, s.A, s.B)
	var refused primes.Refusal
	switch {
	case err == nil:
		c.rec.Return(n, linearizability.Outcome{Output: strconv.FormatInt(sum, 10)})
	case errors.As(err, &refused):
		c.rec.Return(n, linearizability.Outcome{Output: strconv.Itoa(int(refused.Code))})
	default:
		c.rec.Return(n, linearizability.Outcome{Certainty: linearizability.Unknown})
	}
}

// watch polls also when the response is there, to see it go.
func (c *primesClient) watch(n int, w Watch) {
	c.rec.Call(n, Sum{A: w.A, B: w.B})
	r, err := c.conn.Submit(w.A, w.B)
	if err != nil {
		c.rec.Return(n, linearizability.Outcome{Certainty: linearizability.Unknown})
		return
	}
	done := false
	for range watchPolls {
		c.env.Clock.Sleep(watchPause)
		p, err := c.conn.Poll(r.ID, r.Cookie)
		var refused primes.Refusal
		if errors.As(err, &refused) && refused.Code == primes.NotFound {
			break
		}
		if err == nil && p.Status == primes.Finished && !done {
			done = true
			c.rec.Return(n, linearizability.Outcome{Output: p.Payload})
		}
	}
	if !done {
		c.rec.Return(n, linearizability.Outcome{Certainty: linearizability.Unknown})
	}
}

// flood asks again and again, and does not wait for answers.
func (c *primesClient) flood(f Flood) {
	r, _ := c.conn.Submit(f.A, f.B)
	for range f.Count {
		c.env.Send(c.env.PID(primes.BalancerPath), primes.Poll{Client: c.env.Host, ID: r.ID, Cookie: r.Cookie})
		if f.Every > 0 {
			c.env.Clock.Sleep(f.Every)
		}
	}
}

// empty returns when a response store or a queue keeps nothing.
func (c *primesClient) empty(e Empty) {
	for {
		reply, err := c.env.Request(c.env.PID(e.Store), primes.Census{}, primesTimeout)
		if count, ok := reply.(primes.Count); err == nil && ok && count.Entries == 0 {
			return
		}
		c.env.Clock.Sleep(watchPause)
	}
}
