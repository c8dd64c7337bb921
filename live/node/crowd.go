package node

import (
	"context"
	"net"
	"net/http"
	"slices"
	"sync"
)

// crowdMax bounds the connections of an HTTP port. One more closes the oldest that no
// request is being answered on, or else the oldest: a flood of connections that say
// nothing, or say it slowly, costs others at most another attempt.
const crowdMax = 1024

// A crowd is the listener of an HTTP port.
type crowd struct {
	net.Listener

	mu      sync.Mutex
	members []*member // in the order they came
}

// A member is a connection of a crowd.
type member struct {
	net.Conn
	crowd *crowd
	busy  bool // a request is being answered; guarded by crowd.mu
}

// Accept implements net.Listener.
func (c *crowd) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	m := &member{Conn: conn, crowd: c}
	if out := c.join(m); out != nil {
		_ = out.Conn.Close()
	}
	return m, nil
}

// join adds a member and removes and returns the one that has to go for it, if any.
func (c *crowd) join(m *member) (out *member) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.members) == crowdMax {
		i := max(0, slices.IndexFunc(c.members, func(m *member) bool { return !m.busy }))
		out = c.members[i]
		c.members = slices.Delete(c.members, i, i+1)
	}
	c.members = append(c.members, m)
	return out
}

// Close implements net.Conn.
func (m *member) Close() error {
	m.crowd.mu.Lock()
	if i := slices.Index(m.crowd.members, m); i >= 0 {
		m.crowd.members = slices.Delete(m.crowd.members, i, i+1)
	}
	m.crowd.mu.Unlock()
	return m.Conn.Close()
}

func (m *member) setBusy(busy bool) {
	m.crowd.mu.Lock()
	defer m.crowd.mu.Unlock()
	m.busy = busy
}

// memberKey is where a request's context has its member.
type memberKey struct{}

// serve has a server answer on a listener until that is closed.
func serve(s *http.Server, l net.Listener) error {
	next := s.Handler
	s.ConnContext = func(ctx context.Context, conn net.Conn) context.Context {
		return context.WithValue(ctx, memberKey{}, conn)
	}
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m := r.Context().Value(memberKey{}).(*member)
		m.setBusy(true)
		defer m.setBusy(false)
		next.ServeHTTP(w, r)
	})
	return s.Serve(&crowd{Listener: l})
}
