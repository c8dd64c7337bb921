package live

import (
	"net"
	"slices"
	"sync"
	"sync/atomic"
)

const (
	// strangersMax bounds the accepted connections whose peer has not introduced
	// itself yet. One more closes the oldest: a flood of silent connections costs
	// an honest peer at most another attempt, and never its place.
	strangersMax = 256
	// peerConnsMax bounds the accepted connections of one host. It needs one; a
	// host that comes back may have others that have not noticed its death.
	peerConnsMax = 4
	// inboxMax bounds what one host's messages that wait for actors take in memory; one
	// message always fits.
	inboxMax = 64 << 20
	// letterBytes is what a waiting message counts besides its weight.
	letterBytes = 256
)

// A peer is another host as seen by a boot, over all its connections.
type peer struct {
	conns   []net.Conn // in the order they came
	waiting atomic.Int64
}

// charge reports whether the peer may have so many more bytes waiting.
func (p *peer) charge(size int) bool {
	if now := p.waiting.Add(int64(size)); now <= inboxMax || now == int64(size) {
		return true
	}
	p.release(size)
	return false
}

func (p *peer) release(size int) { p.waiting.Add(-int64(size)) }

// An admission keeps the connections that a boot has accepted within bounds. A
// connection is a stranger's until it is introduced.
type admission struct {
	mu        sync.Mutex
	strangers []net.Conn // in the order they came
	peers     map[string]*peer
}

// arrive takes a new connection. If one has to go for it, the caller closes that.
func (a *admission) arrive(conn net.Conn) (out net.Conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.strangers) == strangersMax {
		out = a.strangers[0]
		a.strangers = slices.Delete(a.strangers, 0, 1)
	}
	a.strangers = append(a.strangers, conn)
	return out
}

// introduce makes a stranger's connection one of host, which must be a host of
// the topology: they are kept for the life of the boot. If another connection has
// to go, the caller closes it. It returns nil if the stranger has been closed in
// the meantime.
func (a *admission) introduce(conn net.Conn, host string) (p *peer, out net.Conn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	i := slices.Index(a.strangers, conn)
	if i < 0 {
		return nil, nil
	}
	a.strangers = slices.Delete(a.strangers, i, i+1)
	if p = a.peers[host]; p == nil {
		p = &peer{}
		a.peers[host] = p
	}
	if len(p.conns) == peerConnsMax {
		out = p.conns[0]
		p.conns = slices.Delete(p.conns, 0, 1)
	}
	p.conns = append(p.conns, conn)
	return p, out
}

// leave forgets a connection that has ended; p is nil if it was a stranger's.
func (a *admission) leave(conn net.Conn, p *peer) {
	a.mu.Lock()
	defer a.mu.Unlock()
	conns := &a.strangers
	if p != nil {
		conns = &p.conns
	}
	if i := slices.Index(*conns, conn); i >= 0 {
		*conns = slices.Delete(*conns, i, i+1)
	}
}
