package store

import (
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/models"
)

// ClientOptions are the limits and the patience of a client actor. The zero value
// has the defaults.
type ClientOptions struct {
	// Retry is the time until a request is sent again, the same to the same
	// daemon; it doubles up to eight times that. Default 200 ms.
	Retry time.Duration
	// Outstanding bounds the operations that are issued and not handed out, and
	// Bytes the memory of those without an answer. One more is answered Throttled at
	// once and has no effect. Default 16,384 operations and 64 MiB.
	Outstanding int
	Bytes       int
	// Resubmit sends an operation whose region got another chain again, under the
	// same id, in place of ending it with Reconfigure. It stays one operation.
	Resubmit bool
	// Coordinators is how many there are: see Options. Default 1.
	Coordinators int
}

// DefaultOutstanding is how many operations a client keeps outstanding unless its
// options say otherwise.
const DefaultOutstanding = 16384

func (o ClientOptions) withDefaults() ClientOptions {
	if o.Retry <= 0 {
		o.Retry = 200 * time.Millisecond
	}
	if o.Outstanding <= 0 {
		o.Outstanding = DefaultOutstanding
	}
	if o.Bytes <= 0 {
		o.Bytes = 64 << 20
	}
	return o
}

// States that a client notes, once per incarnation, beside SawOlderBootDropped.
const (
	SawReconfigure actors.Sometimes = "store.reconfigure" // an operation ended because its chain changed
	SawThrottled   actors.Sometimes = "store.throttled"   // an operation was refused by the client's own limits
)

// NewClientActor makes the actor ClientActor of a client's host, which a [Client]
// talks to. It keeps the table of operations and never blocks. It has no disk:
// after a crash the operations of the earlier incarnation are nobody's, and the
// daemons refuse them once they have heard of the new one.
func NewClientActor(o ClientOptions) actors.Producer {
	return func(env actors.Env) actor.Actor {
		return &client{
			env:          env,
			options:      o.withDefaults(),
			ops:          map[uint64]*operation{},
			lowest:       1,
			daemons:      map[string]*actor.PID{},
			coordinators: newCoordinators(env, o.Coordinators),
			noted:        map[actors.Sometimes]bool{},
		}
	}
}

type client struct {
	heard   int // configurations received, the same one again too
	env     actors.Env
	options ClientOptions
	config  *Config // nil until the coordinator has answered

	ops    map[uint64]*operation // issued and not handed out
	lowest uint64                // N of the lowest open operation, or last+1
	last   uint64                // N of the last operation issued
	bytes  int                   // size of the open operations
	ready  readyQueue            // completed, in order, for Loop
	wait   *waiting              // the program, while it blocks
	waits  uint64                // how often it has

	retry        retryHeap     // open operations by the time of their next request
	alarm        time.Duration // when the retryAlarm comes; 0: none is set
	disarm       func()        // takes it back
	polled       time.Duration // when the coordinator was asked last; 0: never
	daemons      map[string]*actor.PID
	coordinators coordinators
	noted        map[actors.Sometimes]bool
}

// waiting is a program blocked in Wait (for N) or in Loop (N is 0).
type waiting struct {
	n      uint64
	seq    uint64
	from   *actor.PID
	cancel func()
}

// Timers of a client, in its own mailbox only.
type (
	retryAlarm  struct{}
	waitExpired struct{ seq uint64 }
)

// Receive handles one message; see actor.Actor.
func (c *client) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		c.poll()
	case issue:
		c.issue(m)
	case await:
		c.await(m, ctx.Sender())
	case countCoordinators:
		ctx.Respond(coordinatorCount{N: len(c.coordinators.hosts)})
	case waitExpired:
		c.expire(m)
	case retryAlarm:
		c.retransmit()
	case Reply:
		c.reply(m)
	case Stale:
		c.stale(m)
	case NotLeader:
		c.coordinators.elsewhere(m)
	case Configuration:
		c.heard++
		c.coordinators.heard(m.From)
		c.adopt(m.Config)
	}
}

// issue admits an operation and sends it off, or refuses it.
func (c *client) issue(m issue) {
	p := &operation{n: m.N, op: m.Op, bytes: opBytes(m.Op), place: -1, heard: c.heard}
	full := len(c.ops) >= c.options.Outstanding || c.bytes+p.bytes > c.options.Bytes
	c.ops[p.n], c.last = p, p.n
	c.bytes += p.bytes
	if full {
		c.once(SawThrottled)
		c.complete(p, models.Result{Status: models.Throttled})
		return
	}
	c.route(p)
}

// route sends an open operation to the daemon that serves it now, and has it
// sent again later.
func (c *client) route(p *operation) {
	if !c.space(p) {
		if p.tries >= spaceTries && c.heard >= p.heard+spaceAnswers {
			c.complete(p, models.Result{Status: models.UnknownSpace})
			return
		}
		c.poll()
		c.later(p)
		return
	}
	r := c.config.RegionOf(p.op.Space, p.op.Key)
	if p.version != r.Version {
		p.region, p.version, p.tries = r.ID, r.Version, 0
	}
	to := r.Head()
	if p.op.Verb == models.Get {
		to = r.Tail()
	}
	c.env.Send(c.daemon(to.Host), Request{
		ID:     RequestID{Client: c.env.Host, Boot: c.env.Boot, N: p.n},
		Lowest: c.lowest, Region: p.region, Version: p.version, Op: p.op,
	})
	c.later(p)
}

// space reports whether the space of an operation is known. It may have been
// made a moment ago, so the coordinator is asked a few times before the operation
// is refused; it has not been sent then.
func (c *client) space(p *operation) bool {
	return c.config != nil && c.config.Space(p.op.Space) != nil
}

// spaceTries is how often an operation on an unknown space is tried.
const spaceTries = 4

// spaceAnswers is how many answers of the coordinator must have come meanwhile:
// polls that were lost say nothing about the space, and one answer may be old.
const spaceAnswers = 2

// reply completes the operation that a daemon has answered. The entry stays
// until the reply has proved to be the answer to its last attempt.
func (c *client) reply(m Reply) {
	if m.ID.Boot != c.env.Boot {
		c.once(SawOlderBootDropped)
		return
	}
	p := c.ops[m.ID.N]
	if p == nil || p.done || p.region != m.Region || p.version != m.Version {
		return
	}
	c.complete(p, m.Result)
}

// stale asks for the configuration that a daemon seems to have already; the
// operation ends when it is here. The daemon may also be behind, and then it is
// asked again later.
func (c *client) stale(m Stale) {
	p := c.ops[m.ID.N]
	if m.ID.Boot != c.env.Boot || p == nil || p.done || p.version != m.Refused {
		return
	}
	if m.Version > m.Refused {
		c.poll()
	}
}

// adopt takes over a newer configuration. What was sent to a chain that is no
// more may have happened, and may still happen, so it ends with Reconfigure.
func (c *client) adopt(config *Config) {
	if c.config != nil && config.Epoch <= c.config.Epoch {
		return
	}
	c.config = config
	for n := c.lowest; n <= c.last; n++ {
		p := c.ops[n]
		if p == nil || p.done {
			continue
		}
		if p.version == 0 {
			c.route(p)
			continue
		}
		r := config.RegionOf(p.op.Space, p.op.Key)
		if r != nil && r.Version == p.version {
			continue
		}
		if c.options.Resubmit && r != nil {
			c.route(p)
			continue
		}
		c.once(SawReconfigure)
		c.complete(p, models.Result{Status: models.Reconfigure})
	}
}

// complete ends an operation and hands it out if the program waits for it.
func (c *client) complete(p *operation, r models.Result) {
	p.done, p.result = true, r
	c.retry.remove(p)
	c.bytes -= p.bytes
	for c.lowest <= c.last && !c.isOpen(c.lowest) {
		c.lowest++
	}
	c.ready.push(p)
	if c.wait != nil && (c.wait.n == 0 || c.wait.n == p.n) {
		c.hand(p)
	}
}

func (c *client) isOpen(n uint64) bool {
	p := c.ops[n]
	return p != nil && !p.done
}

// await answers the program at once if it can, and keeps it waiting otherwise.
func (c *client) await(m await, from *actor.PID) {
	if c.wait != nil {
		panic(fmt.Sprintf("client %s: two waits at a time; a client belongs to one program", c.env.Host))
	}
	c.waits++
	c.wait = &waiting{n: m.N, seq: c.waits, from: from, cancel: func() {}}
	p := c.ops[m.N]
	if m.N == 0 {
		p = c.ready.first()
	}
	switch {
	case p != nil && p.done:
		c.hand(p)
	case m.N != 0 && p == nil:
		panic(fmt.Sprintf("client %s: wait for operation %d, which is not outstanding", c.env.Host, m.N))
	case len(c.ops) == 0:
		c.env.Note(Drained{Bytes: c.bytes})
		c.answer(outcome{Result: models.Result{Status: models.NonePending}})
	case m.Timeout > 0:
		c.wait.cancel = c.env.Clock.After(m.Timeout, waitExpired{seq: c.wait.seq})
	}
}

func (c *client) expire(m waitExpired) {
	if c.wait != nil && c.wait.seq == m.seq {
		c.answer(outcome{Result: models.Result{Status: models.Timeout}})
	}
}

// hand gives a completed operation to the program and forgets it.
func (c *client) hand(p *operation) {
	delete(c.ops, p.n)
	c.ready.remove(p)
	c.answer(outcome{N: p.n, Result: p.result})
}

func (c *client) answer(out outcome) {
	c.wait.cancel()
	c.env.Send(c.wait.from, out)
	c.wait = nil
}

// poll asks for a newer configuration, at most once in half a Retry.
func (c *client) poll() {
	now := c.env.Clock.Now()
	if c.polled != 0 && now-c.polled < c.options.Retry/2 {
		return
	}
	// 0 stands for never, so a poll in the first instant counts as a moment later.
	c.polled = max(now, 1)
	var epoch uint64
	if c.config != nil {
		epoch = c.config.Epoch
	}
	c.coordinators.ask(Poll{From: c.env.Host + "/" + ClientActor, Epoch: epoch})
}

func (c *client) daemon(host string) *actor.PID {
	pid, ok := c.daemons[host]
	if !ok {
		pid = c.env.PID(host + "/" + StoreActor)
		c.daemons[host] = pid
	}
	return pid
}

func (c *client) once(s actors.Sometimes) {
	if !c.noted[s] {
		c.noted[s] = true
		c.env.Note(s)
	}
}
