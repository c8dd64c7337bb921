package live

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/internal/wire"
)

type cargo struct{ Bytes []byte }

func init() { actors.Message("live.cargo", cargo{}) }

// An end is the other end of a link, by hand: each connection that it accepts has said
// hello, and so has it.
type end struct {
	addr  string
	conns chan net.Conn
}

func newEnd(t *testing.T, host string) *end {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	e := &end{addr: l.Addr().String(), conns: make(chan net.Conn, 16)}
	hello, err := wire.AppendHello(nil, wire.Hello{Host: host, Boot: 1})
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := wire.AppendHello(nil, wire.Hello{Host: "h", Boot: 1})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.(*net.TCPConn).SetReadBuffer(16 << 10)
			for left := len(theirs); left > 0; {
				n, err := conn.Read(make([]byte, left))
				if left -= n; err != nil {
					break
				}
			}
			_, _ = conn.Write(hello)
			e.conns <- conn
		}
	}()
	return e
}

// take returns the next connection.
func (e *end) take(t *testing.T) net.Conn {
	t.Helper()
	select {
	case conn := <-e.conns:
		t.Cleanup(func() { _ = conn.Close() })
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		return conn
	case <-time.After(20 * time.Second):
		t.Fatal("no connection")
		return nil
	}
}

// heard returns the number in the next message of a connection.
func heard(t *testing.T, in *wire.Reader) int {
	t.Helper()
	f, err := in.Next()
	if err != nil {
		t.Fatal(err)
	}
	m, err := f.Message()
	if err != nil || string(m.Name) != "live.allowed" {
		t.Fatalf("got a message %s, %v", m.Name, err)
	}
	mt, _ := actors.MessageNamed(string(m.Name))
	msg, err := wire.Decode(mt, m.Payload)
	if err != nil {
		t.Fatal(err)
	}
	return msg.(allowed).N
}

// A watched connection tells when it is closed, and keeps its read deadline. One that is
// torn breaks in the middle of the next write.
type watched struct {
	net.Conn
	closed chan struct{}
	once   sync.Once
	torn   atomic.Bool

	mu       sync.Mutex
	deadline time.Time
}

func (c *watched) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

func (c *watched) Write(b []byte) (int, error) {
	if c.torn.Load() {
		n, _ := c.Conn.Write(b[:len(b)/2])
		return n, net.ErrClosed
	}
	return c.Conn.Write(b)
}

func (c *watched) SetDeadline(at time.Time) error {
	c.note(at)
	return c.Conn.SetDeadline(at)
}

func (c *watched) SetReadDeadline(at time.Time) error {
	c.note(at)
	return c.Conn.SetReadDeadline(at)
}

func (c *watched) note(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = at
}

// linked starts a host h that finds the host peer at an address. Its connections are
// sent to the channel.
func linked(t *testing.T, addr string) (*World, *boot, chan *watched) {
	t.Helper()
	conns := make(chan *watched, 16)
	top := actors.Topology{Hosts: []actors.Host{{Name: "h"}, {Name: "peer"}}}
	w, err := Start(top, Options{
		Dir: t.TempDir(), Hosts: []string{"h"}, Addrs: map[string]string{"peer": addr},
		Conn: func(_ string, c net.Conn) net.Conn {
			one := &watched{Conn: c, closed: make(chan struct{})}
			conns <- one
			return one
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Stop(t.Context()) })
	return w, w.hosts["h"].current(), conns
}

func (b *boot) say(msg any) { b.system.Root.Send(actor.NewPID("peer", "a"), msg) }

func waitFor(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// taken waits, for a second at most, until the writer of a link has all that was sent.
func taken(b *boot) bool {
	for end := time.Now().Add(time.Second); ; time.Sleep(time.Millisecond) {
		b.links.mu.Lock()
		l := b.links.byHost["peer"]
		b.links.mu.Unlock()
		l.mu.Lock()
		left := l.frames
		l.mu.Unlock()
		if left == 0 || time.Now().After(end) {
			return left == 0
		}
	}
}

// writersEnd waits for the end of all that writes for a boot.
func writersEnd(t *testing.T, b *boot, within time.Duration) {
	t.Helper()
	ended := make(chan struct{})
	go func() { b.links.writers.Wait(); close(ended) }()
	select {
	case <-ended:
	case <-time.After(within):
		t.Errorf("a writer goes on %v after its host has ended", within)
	}
}

// Some of a batch that could not be written may have arrived: it is counted and not sent
// again, and what comes after it finds a new connection.
func TestBatchThatFailedIsNotSentAgain(t *testing.T) {
	e := newEnd(t, "peer")
	w, b, conns := linked(t, e.addr)
	b.say(allowed{6})
	heard(t, wire.NewReader(e.take(t)))
	(<-conns).torn.Store(true)
	b.say(cargo{make([]byte, 1000)})
	waitFor(t, "the failure is counted", func() bool { return w.Counts().Broken == 1 })
	b.say(allowed{7})
	if n := heard(t, wire.NewReader(e.take(t))); n != 7 {
		t.Errorf("got %d", n)
	}
	waitFor(t, "it is counted", func() bool { return w.Counts().Sent == 2 })
	if c := w.Counts(); c.Broken != 1 || c.Connects != 2 {
		t.Errorf("%+v", c)
	}
}

// A peer that went away while nothing was sent costs no message.
func TestPeerThatWentAwayInSilenceCostsNoMessage(t *testing.T) {
	e := newEnd(t, "peer")
	w, b, conns := linked(t, e.addr)
	for n := range 3 {
		b.say(allowed{n})
		conn := e.take(t)
		if got := heard(t, wire.NewReader(conn)); got != n {
			t.Fatalf("message %d is %d", n, got)
		}
		_ = conn.Close()
		select {
		case <-(<-conns).closed:
		case <-time.After(20 * time.Second):
			t.Fatal("nobody sees that the peer has gone")
		}
	}
	if c := w.Counts(); c.Broken != 0 {
		t.Errorf("%+v", c)
	}
}

// Who has introduced itself may be silent for as long as it likes.
func TestSilentConnectionHasNoDeadline(t *testing.T) {
	e := newEnd(t, "peer")
	w, b, conns := linked(t, e.addr)
	b.say(allowed{1})
	heard(t, wire.NewReader(e.take(t)))
	in, err := net.Dial("tcp", w.Addr("h"))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	hello, err := wire.AppendHello(nil, wire.Hello{Host: "peer", Boot: 1})
	if err == nil {
		_, err = in.Write(hello)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, which := range []string{"opened", "accepted"} {
		conn := <-conns
		waitFor(t, "the deadline of a connection that was "+which+" is lifted", func() bool {
			conn.mu.Lock()
			defer conn.mu.Unlock()
			return conn.deadline.IsZero()
		})
	}
	// It was there before, or the above says nothing.
	if _, err := net.Dial("tcp", w.Addr("h")); err != nil {
		t.Fatal(err)
	}
	stranger := <-conns
	waitFor(t, "a stranger has a deadline", func() bool {
		stranger.mu.Lock()
		defer stranger.mu.Unlock()
		return !stranger.deadline.IsZero()
	})
}

// A host that stops while it cannot reach another has lost what it had for that one, all
// of which is counted.
func TestWhatAStoppedHostCouldNotSendIsCounted(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	_ = l.Close()
	w, b, _ := linked(t, addr)
	b.say(allowed{1})
	waitFor(t, "the first message is taken", func() bool { return taken(b) })
	for n := range 9 {
		b.say(allowed{n})
	}
	if err := w.StopHost(t.Context(), "h"); err != nil {
		t.Fatal(err)
	}
	writersEnd(t, b, 5*time.Second)
	if c := w.Counts(); c.Broken != 10 {
		t.Errorf("%+v, want 10 messages that were not sent", c)
	}
}

// The last words of a host are written, and then nobody writes any more.
func TestNobodyWritesAfterTheLastWords(t *testing.T) {
	e := newEnd(t, "peer")
	w, b, _ := linked(t, e.addr)
	b.say(allowed{1})
	in := wire.NewReader(e.take(t))
	heard(t, in)
	b.say(allowed{2})
	if err := w.StopHost(t.Context(), "h"); err != nil {
		t.Fatal(err)
	}
	if n := heard(t, in); n != 2 {
		t.Errorf("the last word is %d", n)
	}
	writersEnd(t, b, 5*time.Second)
	b.say(allowed{3})
	if f, err := in.Next(); err == nil {
		t.Errorf("a frame of kind %v after the last words", f.Kind)
	}
	// Also if the last words are there before the writer has begun.
	_, b, _ = linked(t, e.addr)
	l := &link{boot: b, to: "peer", wake: make(chan struct{}, 1), sendable: map[*actors.MessageType]bool{}}
	l.send("a", nil, allowed{4})
	l.close(true)
	b.links.writers.Go(l.run)
	if n := heard(t, wire.NewReader(e.take(t))); n != 4 {
		t.Errorf("the last word is %d", n)
	}
	writersEnd(t, b, 5*time.Second)
}

// A crash ends a write that a peer holds up, and nothing is sent by the dead.
func TestCrashEndsAWriteThatIsUnderWay(t *testing.T) {
	e := newEnd(t, "peer")
	w, b, _ := linked(t, e.addr)
	b.say(cargo{make([]byte, 3<<20)})
	taken(b)
	e.take(t) // and does not read
	// More than the kernel takes.
	b.say(cargo{make([]byte, 3<<20)})
	b.say(cargo{make([]byte, 3<<20)})
	taken(b)
	if err := w.Crash("h"); err != nil {
		t.Fatal(err)
	}
	writersEnd(t, b, writeTimeout/2)
	l := &link{boot: b, to: "peer", wake: make(chan struct{}, 1), sendable: map[*actors.MessageType]bool{}}
	l.send("a", nil, allowed{1})
	if l.frames != 0 {
		t.Error("a dead host sends")
	}
}

// The key of a host is for its owner's eyes, a certificate does not outlive its
// authority, and only an authority signs.
func TestAuthorityGivesNoMoreThanItHas(t *testing.T) {
	dir := t.TempDir()
	a, err := OpenAuthority(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Issue(Identity{Host: "h"}, time.Now().Add(2*authorityValid)); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ca.key", "h.key"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", name, info.Mode(), err)
		}
	}
	c, err := loadCredentials(dir, "h", map[string]string{"h": ""})
	if err != nil {
		t.Fatal(err)
	}
	if c.cert.Leaf.NotAfter.After(a.cert.NotAfter) {
		t.Errorf("a certificate until %v of an authority until %v", c.cert.Leaf.NotAfter, a.cert.NotAfter)
	}
	other := t.TempDir()
	for _, kind := range []string{".pem", ".key"} {
		b, err := os.ReadFile(filepath.Join(dir, "h"+kind))
		if err := errors.Join(err, os.WriteFile(filepath.Join(other, "ca"+kind), b, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := OpenAuthority(other); err == nil {
		t.Error("a host is an authority")
	}
}
