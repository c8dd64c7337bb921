package live

import (
	"context"
	"net"
	"runtime"
	"time"
)

// restMax bounds the rest after a turn: what took longer was waiting for a processor.
const restMax = 10 * time.Millisecond

// turns bound how many handshakes compute at a time, to half of the processors, and
// after each turn nobody has it for as long as it took. Otherwise those that are known
// would share the processors with a flood of strangers, as one among hundreds.
type turns chan struct{}

func newTurns() turns { return make(turns, max(1, runtime.GOMAXPROCS(0)/2)) }

// A waitingConn is the connection of a handshake that computes in turns. It holds its
// turn from when something was read or written to when it asks for more, so neither
// who says nothing nor who does not read keeps others waiting.
type waitingConn struct {
	net.Conn
	turns turns
	ctx   context.Context // of the handshake
	holds bool
	since time.Time // that it holds it
	over  bool
}

// Read implements net.Conn.
func (c *waitingConn) Read(p []byte) (int, error) { return c.block(c.Conn.Read, p) }

// Write implements net.Conn.
func (c *waitingConn) Write(p []byte) (int, error) { return c.block(c.Conn.Write, p) }

// block gives the turn up for a call that may take long.
func (c *waitingConn) block(call func([]byte) (int, error), p []byte) (int, error) {
	if c.over {
		return call(p)
	}
	c.release()
	n, err := call(p)
	if err != nil {
		return n, err
	}
	select {
	case c.turns <- struct{}{}:
		c.holds, c.since = true, time.Now()
		return n, nil
	case <-c.ctx.Done():
		return n, c.ctx.Err()
	}
}

// end is called when the handshake has ended. What follows needs no turn.
func (c *waitingConn) end() {
	c.over = true
	c.release()
}

func (c *waitingConn) release() {
	if c.holds {
		c.holds = false
		time.AfterFunc(min(time.Since(c.since), restMax), func() { <-c.turns })
	}
}
