package bench

import (
	"net"
	"sync/atomic"
)

// A meter counts the calls of Read and Write on the connections of one host: each
// is one system call, or a few where a call finds the socket's buffer full or
// empty.
type meter struct{ reads, writes atomic.Int64 }

// wrap returns a connection that is counted.
func (m *meter) wrap(c net.Conn) net.Conn { return &counted{Conn: c, meter: m} }

// reset forgets what was counted, of handshakes for example.
func (m *meter) reset() {
	m.reads.Store(0)
	m.writes.Store(0)
}

// fill says in a row what was counted.
func (m *meter) fill(r *Row) {
	r.Sends = float64(m.writes.Load()) / float64(r.Ops)
	r.Receives = float64(m.reads.Load()) / float64(r.Ops)
}

type counted struct {
	net.Conn
	meter *meter
}

func (c *counted) Read(p []byte) (int, error) {
	c.meter.reads.Add(1)
	return c.Conn.Read(p)
}

func (c *counted) Write(p []byte) (int, error) {
	c.meter.writes.Add(1)
	return c.Conn.Write(p)
}
