package tickets

import (
	"time"

	"github.com/simrun/simrun/actors"
)

// A Return says where the answer to a request goes, and of which request it is. It
// comes back in the answer unchanged. Boot keeps answers to an earlier incarnation
// from the present one.
type Return struct {
	To      string // path of an actor
	Boot, N uint64
}

// A courier sends the requests of one actor until they are answered: the same message
// again, to the next of its addresses. So every service that it is used with must
// bear to be asked twice.
type courier struct {
	env  actors.Env
	self string // path of the actor
	last uint64
	open map[uint64]*errand
}

// An errand is one request that is under way.
type errand struct {
	to     []string // paths, tried one after the other
	tries  int
	every  time.Duration // until the next try; it doubles up to eight times that
	wait   time.Duration
	msg    any
	done   func(answer any)
	cancel func()
}

// sendAgain is the timer of an errand.
type sendAgain struct{ n uint64 }

func newCourier(env actors.Env, actor string) courier {
	return courier{env: env, self: env.Host + "/" + actor, open: map[uint64]*errand{}}
}

// send begins an errand and returns its number. The message is made once, and done is
// called at most once, in a step of the actor. A courier keeps trying until it is told
// to drop the errand.
func (c *courier) send(to []string, every time.Duration, msg func(back Return) any, done func(answer any)) uint64 {
	c.last++
	n := c.last
	e := &errand{to: to, every: every, wait: every, done: done, msg: msg(Return{To: c.self, Boot: c.env.Boot, N: n})}
	c.open[n] = e
	c.again(n)
	return n
}

// again tries an errand, unless it is over.
func (c *courier) again(n uint64) {
	e := c.open[n]
	if e == nil {
		return
	}
	c.env.Send(c.env.PID(e.to[e.tries%len(e.to)]), e.msg)
	e.tries++
	e.cancel = c.env.Clock.After(e.wait, sendAgain{n})
	e.wait = min(2*e.wait, 8*e.every)
}

// answered ends the errand that an answer belongs to. An answer that comes twice, or
// after its errand was dropped, does nothing.
func (c *courier) answered(back Return, answer any) {
	if e := c.open[back.N]; e != nil && back.Boot == c.env.Boot {
		c.drop(back.N)
		e.done(answer)
	}
}

// drop gives an errand up.
func (c *courier) drop(n uint64) {
	if e := c.open[n]; e != nil {
		e.cancel()
		delete(c.open, n)
	}
}
