package scenarios

import (
	"fmt"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// Skipped is the fact that an operation of the plan was not issued: the client
// had too many on the same key whose outcome it did not know, and each makes the
// history much dearer to judge. Keys that are plain registers have no limit.
type Skipped struct{ Op linearizability.OpID }

// RefusedAs is the fact that an operation was refused, and why. The history says
// only that it had no effect.
type RefusedAs struct {
	N      int // of the client's operations, in the history
	Op     models.Op
	Status models.Status
}

// Flushed is the fact that a client found nothing outstanding when it flushed.
type Flushed struct{}

// maxUncertain is how many operations of all clients may be pending on one key
// that is no plain register.
const maxUncertain = 6

// spacePatience is how long a client waits for a space to be created.
const spacePatience = 10 * time.Second

// A storeClient carries out the lines of one client.
type storeClient struct {
	env    actors.Env
	rec    *linearizability.Recorder
	client *store.Client
	limit  int // pending operations on one key

	known     map[string]bool         // spaces that were waited for
	open      map[int]*store.Deferred // issued and not recorded, by number in the plan
	number    map[*store.Deferred]int
	uncertain map[object]int // operations without a certain outcome
	repeats   int
	unsettled bool // the system is not whole, and may never be
}

// An object is one key of a space.
type object struct{ space, key string }

// newStoreClient returns the Client function of a Workload for a number of
// clients. A client that comes back after a crash knows nothing of what it issued
// before: lines that wait for that do nothing, and it stays open in the history.
func newStoreClient(clients int) func(actors.Env, *linearizability.Recorder) func(sim.Op) error {
	return func(env actors.Env, rec *linearizability.Recorder) func(sim.Op) error {
		env.Note(Began{Boot: env.Boot})
		c := &storeClient{
			env: env, rec: rec, client: store.NewClient(env), limit: max(1, maxUncertain/clients),
			known: map[string]bool{}, open: map[int]*store.Deferred{},
			number: map[*store.Deferred]int{}, uncertain: map[object]int{},
		}
		return c.do
	}
}

func (c *storeClient) do(op sim.Op) error {
	switch do := op.Do.(type) {
	case models.Op:
		c.issue(op, do)
	case Wait:
		c.wait(do)
	case Loop:
		c.loop(do.For)
	case Flush:
		for c.loop(0) {
		}
		c.env.Note(Flushed{})
	case Sleep:
		c.env.Clock.Sleep(do.For)
	case Point:
		c.env.Note(actors.Point(do.Name))
	case Settle:
		c.settle()
	case Read:
		c.read(op.N, do.get())
	default:
		return fmt.Errorf("no operation of the store: %v", op.Do)
	}
	return nil
}

// issue starts an operation of the plan.
func (c *storeClient) issue(line sim.Op, op models.Op) {
	o := object{op.Space, op.Key}
	if !isPlain(op) && c.uncertain[o] >= c.limit {
		c.env.Note(Skipped{Op: linearizability.OpID{Client: line.Client, N: line.N}})
		return
	}
	if op.Verb != models.Get {
		c.uncertain[o]++
	}
	c.start(line.N, op)
}

// isPlain reports whether an operation costs nothing to judge while it is
// pending.
func isPlain(op models.Op) bool {
	if op.Verb == models.Get {
		return true
	}
	for _, s := range storeSpaces {
		if s.Name == op.Space {
			return isRegister(s) && op.Verb == models.Put && s.Refuse(op) == models.Success
		}
	}
	return false
}

// start records the call and then issues the operation, in this order.
func (c *storeClient) start(n int, op models.Op) *store.Deferred {
	if !c.known[op.Space] {
		c.known[op.Space] = true
		// Without the space the operation is refused, which is an outcome too.
		if _, err := c.client.Admin().WaitForSpace(op.Space, spacePatience); err != nil {
			c.env.Log.Info("waited for a space", "space", op.Space, "err", err)
		}
	}
	c.rec.Call(n, op)
	d := c.client.Async(op)
	c.open[n], c.number[d] = d, n
	return d
}

func (c *storeClient) wait(w Wait) {
	d := c.open[w.N]
	if d == nil {
		return
	}
	if r := d.WaitFor(w.For); d.Done() {
		c.finish(d, r)
	}
}

// loop reports whether it handed out an operation.
func (c *storeClient) loop(timeout time.Duration) bool {
	d, status := c.client.Loop(timeout)
	if status != models.Success {
		return false
	}
	c.finish(d, d.Wait())
	return true
}

// finish records that an outcome was handed to the application, in this step.
func (c *storeClient) finish(d *store.Deferred, r models.Result) {
	n := c.number[d]
	delete(c.open, n)
	delete(c.number, d)
	out := outcomeOf(r)
	if out.Certainty == linearizability.Refused {
		c.env.Note(RefusedAs{N: n, Op: d.Op, Status: r.Status})
	}
	if out.Certainty != linearizability.Unknown && d.Op.Verb != models.Get {
		o := object{d.Op.Space, d.Op.Key}
		if c.uncertain[o]--; c.uncertain[o] == 0 {
			delete(c.uncertain, o) // a client that goes on for long sees many keys
		}
	}
	c.rec.Return(n, out)
}

// outcomeOf says what a result means for the history. What is no observation and
// no refusal may still take effect.
func outcomeOf(r models.Result) linearizability.Outcome {
	switch {
	case r.Status.Observed():
		return linearizability.Outcome{Certainty: linearizability.Done, Output: r}
	case r.Status.Refused():
		return linearizability.Outcome{Certainty: linearizability.Refused}
	}
	return linearizability.Outcome{Certainty: linearizability.Unknown}
}

// settle waits until the system is whole. The first time it gives up in the end, so
// that what there is can be read; the second time it waits for ever.
func (c *storeClient) settle() {
	admin := c.client.Admin()
	for {
		_, err := admin.WaitUntilStable(settlePatience)
		if err == nil {
			c.unsettled = false
			c.env.Note(Settled{})
			return
		}
		c.env.Note(Unsettled{Why: err.Error()})
		if !c.unsettled {
			c.unsettled = true
			return
		}
	}
}

// repeatBase is added to the number of a repeated read: it is a new operation of
// the history.
const repeatBase = 1_000_000

// read gets an object until the answer is certain. If that never comes, the run
// ends at its settle limit and names this client.
func (c *storeClient) read(n int, op models.Op) {
	for {
		d := c.start(n, op)
		var r models.Result
		if c.unsettled {
			if r = d.WaitFor(readPatience); !d.Done() {
				return // it stays open
			}
		} else {
			r = d.Wait()
		}
		c.finish(d, r)
		if r.Status.Observed() || r.Status.Refused() {
			return
		}
		c.repeats++
		n = repeatBase + c.repeats
	}
}
