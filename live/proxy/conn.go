package proxy

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
)

// A conn is one connection through a Link: two of TCP, and a pipe each way.
type conn struct {
	link   *Link
	number uint64
	near   *net.TCPConn // to the host that dials

	tear      atomic.Bool  // a Reset waits for the next bytes
	forgotten atomic.Bool  // half-open: nothing passes any more
	believer  End          // if forgotten
	finished  atomic.Int32 // pipes whose stream has come to its end

	ctx    context.Context // ends with the conn
	cancel context.CancelFunc

	mu  sync.Mutex
	far *net.TCPConn // to the host that is dialled; nil until it answered
}

func newConn(l *Link, near *net.TCPConn, number uint64) *conn {
	c := &conn{link: l, number: number, near: near}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	return c
}

// serve dials the other host and passes bytes until both directions have ended.
func (c *conn) serve() {
	defer c.link.remove(c)
	if !c.open() {
		c.link.counters.refused.Add(1)
		c.reset()
		return
	}
	forth := newPipe(c, Dialler, c.near, c.far)
	back := newPipe(c, Dialled, c.far, c.near)
	forth.other, back.other = back, forth
	var pipes sync.WaitGroup
	for _, p := range []*pipe{forth, back} {
		pipes.Go(p.read)
		pipes.Go(p.write)
	}
	pipes.Wait()
}

// finish passes on that the stream of a pipe has ended.
func (c *conn) finish(p *pipe, end ending) {
	switch {
	case c.forgotten.Load():
		// That one end has gone is what a half-open connection is. When the believer
		// goes too, there is nobody left to keep it for.
		if p.from == c.believer {
			c.reset()
		}
	case end == breaks:
		c.reset()
	default:
		_ = p.dst.CloseWrite()
		if c.finished.Add(1) == 2 {
			c.end(false)
		}
	}
}

// open dials. A handshake needs both directions, so it waits until neither is a
// hole, and meanwhile the host that dials only believes that it is connected.
func (c *conn) open() bool {
	for {
		f, changed := c.link.now()
		if !f.Forth.Hole && !f.Back.Hole {
			break
		}
		select {
		case <-changed:
		case <-c.ctx.Done():
			return false
		}
	}
	d := net.Dialer{Timeout: dialTimeout}
	far, err := d.DialContext(c.ctx, "tcp", c.link.address())
	if err != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		abort(far.(*net.TCPConn))
		return false
	}
	c.far = far.(*net.TCPConn)
	return true
}

// forget resets the end that does not believe, and reports whether it was there.
func (c *conn) forget(believer End) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil || c.far == nil || c.forgotten.Load() {
		return false
	}
	c.believer = believer
	c.forgotten.Store(true)
	if believer == Dialler {
		abort(c.far)
	} else {
		abort(c.near)
	}
	return true
}

// reset ends both connections with a RST. What is on its way is lost.
func (c *conn) reset() { c.end(true) }

func (c *conn) end(reset bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ctx.Err() != nil {
		return
	}
	c.cancel()
	for _, tcp := range []*net.TCPConn{c.near, c.far} {
		switch {
		case tcp == nil:
		case reset:
			abort(tcp)
		default:
			_ = tcp.Close()
		}
	}
}

// abort closes a connection with a RST.
func abort(tcp *net.TCPConn) {
	_ = tcp.SetLinger(0)
	_ = tcp.Close()
}
