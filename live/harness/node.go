package harness

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/live"
	"github.com/simrun/simrun/sim"
)

// A node runs one host, in this process or in one of its own. Its methods are called
// one at a time, but end, which may come during a start.
type node interface {
	// start begins a life of the host, with the programs of the topology if asked for,
	// and returns where it listens.
	start(ctx context.Context, programs bool) (begun, error)
	// work has the client of the host carry out operations. It calls ended, from any
	// goroutine, when no program of this life is left.
	work(w work, ended func()) error
	// kill ends the life at once. When it returns, nothing more is noted of it.
	kill() error
	// stop ends the life gracefully.
	stop(ctx context.Context) error
	// pause holds the life up, and resume has it go on; a life that is paused twice is to
	// be resumed twice. Not every node can.
	pause() error
	resume() error
	// slow has this life and later ones run for one part of the time in factor, until undo
	// is called. Not every node can.
	slow(factor int) (undo func(), err error)
	// deliver has the messages of this life and of later ones treated so, from soon on. It
	// may be called before the first start.
	deliver(d delivery)
	// counts are those of all lives, which have to be added up.
	counts() []live.Counts
	// end releases everything, within a time if programs do not end.
	end(ctx context.Context) error
}

// begun is what a new life says of itself.
type begun struct {
	Addr string `json:"addr"`
	Boot uint64 `json:"boot"`
}

// work is what the client of a host does: the operations of the plan from an index
// on, or those that read everything back.
type work struct {
	From  int  `json:"from"`
	Final bool `json:"final,omitempty"`
	None  bool `json:"none,omitempty"` // only the programs of the topology
	// Lines are carried out in place of what the plan says, by one program for all such
	// work of a life: see soakClient.
	Lines []line `json:"lines,omitempty"`
}

// A listener is told by a node of the host's life, from any goroutine.
type listener struct {
	failed func(check string, err error) // the run has failed
	issued func(index int)               // an operation of the plan begins
	met    func(id int)                  // a rule has met its message
	noted  func(n sim.Note)              // a fact of a process, which has stamped it
}

// errPause is the answer of a node that shares its process with others.
var errPause = errors.New("a host that shares its process cannot be paused alone")

// assignment returns what a client does, of the operations of its host.
func (w work) assignment(s sim.Scenario, p sim.Plan, host string) []sim.Op {
	switch {
	case w.None:
		return nil
	case w.Final:
		return s.Workload.Final(p.Knobs, p.Ops)
	}
	var ops []sim.Op
	for _, op := range p.Ops {
		if op.Client == host {
			ops = append(ops, op)
		}
	}
	return ops[min(w.From, len(ops)):]
}

// workload is the program of a client.
func workload(s sim.Scenario, host string, w work, ops []sim.Op, issued func(index int)) actors.ProgramDef {
	return actors.ProgramDef{Name: "workload", Run: func(env actors.Env) error {
		do := s.Workload.Client(env, linearizability.NewRecorder(host, env.Note))
		for i, op := range ops {
			if !w.Final {
				issued(w.From + i)
			}
			if err := do(op); err != nil {
				return fmt.Errorf("%s#%d %v: %w", op.Client, op.N, op.Do, err)
			}
		}
		return nil
	}}
}

// stops are the checks of what stops a host.
var stops = []struct {
	cause error
	check string
}{
	{live.ErrPanic, "actor panic"},
	{live.ErrHalted, "halt"},
	{live.ErrMailboxFull, "mailbox full"},
}

// stopOf names the check of what stopped a host, "" if nothing did.
func stopOf(err error) string {
	for _, c := range stops {
		if errors.Is(err, c.cause) {
			return c.check
		}
	}
	return ""
}

// graceTime is how long a host may take to stop gracefully.
const graceTime = 5 * time.Second
