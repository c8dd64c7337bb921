package primes

import (
	"errors"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// A trial is a service with one program for each client c0, c1, ...
type trial struct {
	options  Options
	net      faults.Net
	programs []actors.Program
}

func (r trial) scenario() sim.Scenario {
	o := r.options
	o.Clients = len(r.programs)
	return sim.Scenario{
		Name: "test/primes",
		Topology: func(sim.Knobs) actors.Topology {
			top := Topology(o)
			for i, p := range r.programs {
				h := &top.Hosts[len(top.Hosts)-1-len(r.programs)+i]
				h.Programs = []actors.ProgramDef{{Name: "program", Run: p}}
			}
			return top
		},
		Profile: faults.Profile{Servers: []string{"sv", "rs", "lb", "qu", "pg", "daemon", "coord", "janitor"}, Clients: []string{"c"}},
		Limits:  sim.Limits{Time: 2 * time.Hour, Settle: 2 * time.Hour, Steps: 20_000_000},
	}
}

// run is one run that must pass.
func (r trial) run(t *testing.T, seed uint64, schedule ...faults.Fault) *sim.Result {
	t.Helper()
	s := r.scenario()
	p := sim.NewPlan(s, seed)
	p.Policy, p.Net, p.Faults = sim.Timed, r.net, schedule
	if p.Net == (faults.Net{}) {
		p.Net = faults.Net{DelayMin: time.Millisecond, DelayMax: time.Millisecond}
	}
	result := sim.Run(s, p)
	if result.Verdict != sim.Pass {
		t.Fatalf("seed %d: %v %s: %v", seed, result.Verdict, result.Check, result.Err)
	}
	return result
}

// quick are periods that fit into a short run.
var quick = Timing{
	TTL: 2 * time.Second, Lease: time.Second, Renew: 250 * time.Millisecond, Sweep: 500 * time.Millisecond,
	Retry: 50 * time.Millisecond, Patience: time.Second, Health: 50 * time.Millisecond,
}

// connOf is how the program of a test asks.
func connOf(env actors.Env) EnvConn { return EnvConn{Env: env, Timeout: time.Second} }

// libraryOf is the client library with the patience of a test.
func libraryOf(env actors.Env, resubmit time.Duration) *Client {
	return &Client{
		Conn: connOf(env), Rand: env.Rand,
		Patience: Patience{PollMin: 10 * time.Millisecond, PollMax: 200 * time.Millisecond, Resubmit: resubmit, Failures: 100},
	}
}

// forever is a Canceller that never says so.
var forever = Deadline{}

// submitted asks until a submission is accepted.
func submitted(env actors.Env, a, b int64) Response {
	for {
		r, err := connOf(env).Submit(a, b)
		if err == nil {
			return r
		}
		env.Clock.Sleep(20 * time.Millisecond)
	}
}

// polled asks until there is an answer.
func polled(env actors.Env, r Response) (Response, Code) {
	for {
		answer, err := connOf(env).Poll(r.ID, r.Cookie)
		var refused Refusal
		switch {
		case err == nil:
			return answer, OK
		case errors.As(err, &refused) && !refused.later():
			return answer, refused.Code
		}
		env.Clock.Sleep(20 * time.Millisecond)
	}
}

// finished polls until the request is in a terminal state.
func finished(env actors.Env, r Response) Response {
	for {
		answer, code := polled(env, r)
		if code != OK || answer.Status.Terminal() {
			return answer
		}
		env.Clock.Sleep(20 * time.Millisecond)
	}
}

// factsOf returns the notes with a fact of one type, in order.
func factsOf[T any](r *sim.Result) []sim.Note {
	var out []sim.Note
	for _, n := range r.Notes {
		if _, ok := n.Fact.(T); ok {
			out = append(out, n)
		}
	}
	return out
}
