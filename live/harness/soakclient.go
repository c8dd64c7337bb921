package harness

import (
	"fmt"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/live"
	"github.com/simrun/simrun/sim"
)

// A line is one line of a client as it goes to a process: the text of a plan.
type line struct {
	N  int    `json:"n,omitempty"`
	Do string `json:"do"`
}

// linesOf are operations of one client.
func linesOf(ops []sim.Op) []line {
	lines := make([]line, len(ops))
	for i, op := range ops {
		lines[i] = line{op.N, op.Do.String()}
	}
	return lines
}

// A soakClient is the client of a host in a soak. One program, and so one closure of
// the Workload, carries out whatever work it is given, as it would all lines of a plan.
type soakClient struct {
	scenario sim.Scenario
	host     string
	over     <-chan struct{} // closed when there is no more work; nil: the process ends
	shifts   chan shift      // nil before the first
}

// A shift is work, and who is to be told that it is done.
type shift struct {
	ops   []sim.Op
	ended func()
}

// carryOut has the program carry out lines, and begins it first if it is the first
// time. The last ones must have ended.
func (c *soakClient) carryOut(w *live.World, lines []line, ended func()) error {
	ops := make([]sim.Op, len(lines))
	for i, l := range lines {
		do, err := c.scenario.Workload.Parse(l.Do)
		if err != nil {
			return fmt.Errorf("line %q of %s: %w", l.Do, c.host, err)
		}
		ops[i] = sim.Op{Client: c.host, N: l.N, Do: do}
	}
	if c.shifts == nil {
		c.shifts = make(chan shift, 1)
		if err := w.Run(c.host, actors.ProgramDef{Name: "soak", Run: c.run}); err != nil {
			return err
		}
	}
	c.shifts <- shift{ops, ended}
	return nil
}

func (c *soakClient) run(env actors.Env) error {
	do := c.scenario.Workload.Client(env, linearizability.NewRecorder(c.host, env.Note))
	for {
		select {
		case s := <-c.shifts:
			for _, op := range s.ops {
				if err := do(op); err != nil {
					return fmt.Errorf("%s#%d %v: %w", op.Client, op.N, op.Do, err)
				}
			}
			s.ended()
		case <-c.over:
			return nil
		}
	}
}

// isCall reports that a fact is one of the history of a client.
func isCall(fact any) bool {
	switch fact.(type) {
	case linearizability.Called, linearizability.Returned:
		return true
	}
	return false
}
