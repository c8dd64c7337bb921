package proxy

import (
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// connsMax bounds the open connections of one Link; one more is reset.
	connsMax = 256
	// dialTimeout bounds the way to the host that is dialled.
	dialTimeout = 5 * time.Second
	// acceptPause is the wait after an Accept that could not be carried out, for lack
	// of descriptors most likely.
	acceptPause = 5 * time.Millisecond
)

// A Link is the way from one host to another. Its methods may be called from any
// goroutine.
type Link struct {
	listener net.Listener
	seed     uint64
	counters counters
	serving  sync.WaitGroup

	mu      sync.Mutex
	target  string
	faults  Faults
	changed chan struct{} // closed and made anew whenever faults change
	conns   map[*conn]struct{}
	opened  uint64 // connections so far
	closed  bool
}

// Counts say what a [Link] has done since it began, so that whoever asked for a
// fault can see that it struck.
type Counts struct {
	Connections uint64 // accepted
	Refused     uint64 // reset at once: Refuse, a host that does not answer, or too many
	Resets      uint64 // broken off by Reset
	HalfOpened  uint64 // connections of which one end was made to forget
	Bytes       uint64 // passed on, both ways
}

type counters struct {
	connections, refused, resets, halfOpened, bytes atomic.Uint64
}

// Listen returns a Link to the host at target, on a port of 127.0.0.1 that the
// system chooses. The seed decides about jitter. The caller closes it.
func Listen(target string, seed uint64) (*Link, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("proxy to %s: %w", target, err)
	}
	l := &Link{listener: listener, seed: seed, target: target, changed: make(chan struct{}), conns: map[*conn]struct{}{}}
	l.serving.Go(l.accept)
	return l, nil
}

// Addr returns the address at which the Link listens.
func (l *Link) Addr() string { return l.listener.Addr().String() }

// Forward sends new connections to another address; those that are open stay.
func (l *Link) Forward(target string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.target = target
}

// Set replaces the faults, for open connections too. What is on its way goes by
// the new delay, rate and holes. It panics if the faults are not valid.
func (l *Link) Set(f Faults) {
	if err := f.Validate(); err != nil {
		panic(err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.faults = f
	close(l.changed)
	l.changed = make(chan struct{})
	if f.Refuse {
		for c := range l.conns {
			c.reset()
		}
	}
}

// Faults returns what was last set.
func (l *Link) Faults() Faults {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.faults
}

// Heal ends all faults. The end that still believed in a half-open connection is
// told, and a Reset that has met no bytes yet is called off.
func (l *Link) Heal() {
	l.Set(Faults{})
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		c.tear.Store(false)
		if c.forgotten.Load() {
			c.reset()
		}
	}
}

// Reset breaks each connection that is open in the middle of the next bytes of the
// host that dials: the other end gets some of them, which may end within a message, and
// both ends get a RST.
func (l *Link) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		c.tear.Store(true)
	}
}

// HalfOpen makes one end of each open connection forget it, with a RST, and leaves
// the other believing: what that one sends is taken and lost, until Heal or until
// it gives up. New connections are not concerned.
func (l *Link) HalfOpen(believer End) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		if c.forget(believer) {
			l.counters.halfOpened.Add(1)
		}
	}
}

// Counts returns what the Link has done so far.
func (l *Link) Counts() Counts {
	c := &l.counters
	return Counts{
		Connections: c.connections.Load(),
		Refused:     c.refused.Load(),
		Resets:      c.resets.Load(),
		HalfOpened:  c.halfOpened.Load(),
		Bytes:       c.bytes.Load(),
	}
}

// Close stops listening, resets what is open and returns when no goroutine of the
// Link is left.
func (l *Link) Close() error {
	err := l.listener.Close()
	l.mu.Lock()
	l.closed = true
	for c := range l.conns {
		c.reset()
	}
	l.mu.Unlock()
	l.serving.Wait()
	return err
}

func (l *Link) accept() {
	for {
		near, err := l.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(acceptPause)
			continue
		}
		l.counters.connections.Add(1)
		c := l.add(near.(*net.TCPConn))
		if c == nil {
			l.counters.refused.Add(1)
			abort(near.(*net.TCPConn))
			continue
		}
		l.serving.Go(c.serve)
	}
}

// add returns nil if the connection must not be.
func (l *Link) add(near *net.TCPConn) *conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.faults.Refuse || len(l.conns) >= connsMax {
		return nil
	}
	c := newConn(l, near, l.opened)
	l.opened++
	l.conns[c] = struct{}{}
	return c
}

func (l *Link) remove(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, c)
}

// now returns the faults and a channel that is closed when they change.
func (l *Link) now() (Faults, <-chan struct{}) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.faults, l.changed
}

func (l *Link) address() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.target
}
