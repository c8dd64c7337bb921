package live

import (
	"net"
	"sync"
)

// corkBytes bounds what a cork holds back.
const corkBytes = 256 << 10

// A cork is the connection below TLS. While it is in, it gathers the records that
// TLS writes one by one, each of at most 16 KiB, so that a batch of frames is one
// system call with TLS as it is without.
type cork struct {
	net.Conn

	mu  sync.Mutex
	in  bool
	buf []byte
}

// Write is called by TLS, for records of its own too.
func (c *cork) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.in {
		return c.Conn.Write(p)
	}
	if len(c.buf)+len(p) > corkBytes {
		if err := c.flush(); err != nil {
			return 0, err
		}
	}
	c.buf = append(c.buf, p...)
	return len(p), nil
}

// gather has write, which writes to TLS, done with the cork in. Nothing is held
// back when it returns.
func (c *cork) gather(write func() error) error {
	c.mu.Lock()
	c.in = true
	c.mu.Unlock()
	err := write()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.in = false
	if err != nil {
		c.buf = c.buf[:0]
		return err
	}
	return c.flush()
}

// flush is called with the lock held.
func (c *cork) flush() error {
	if len(c.buf) == 0 {
		return nil
	}
	_, err := c.Conn.Write(c.buf)
	c.buf = c.buf[:0]
	return err
}
