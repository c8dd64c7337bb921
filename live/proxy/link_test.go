package proxy_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/internal/wire"
	"github.com/simrun/simrun/live/proxy"
)

type numbered struct {
	N    int
	Body []byte
}

func init() { actors.Message("proxytest.numbered", numbered{}) }

// A wireEnd is one end of a connection, with the frames it is sent.
type wireEnd struct {
	*net.TCPConn
	*wire.Reader
	t testing.TB
}

// A pair is a Link and a listener behind it.
type pair struct {
	*proxy.Link
	listener net.Listener
	t        testing.TB
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

func newPair(t testing.TB, seed uint64) *pair {
	t.Helper()
	p := &pair{listener: listen(t), t: t}
	var err error
	if p.Link, err = proxy.Listen(p.listener.Addr().String(), seed); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.Link.Close() })
	return p
}

func (p *pair) end(conn net.Conn, err error) *wireEnd {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	return &wireEnd{conn.(*net.TCPConn), wire.NewReader(conn), p.t}
}

func (p *pair) dial() *wireEnd {
	p.t.Helper()
	return p.end(net.Dial("tcp", p.Addr()))
}

func (p *pair) accept() *wireEnd {
	p.t.Helper()
	_ = p.listener.(*net.TCPListener).SetDeadline(time.Now().Add(10 * time.Second))
	return p.end(p.listener.Accept())
}

func (p *pair) connect() (dialler, dialled *wireEnd) {
	p.t.Helper()
	dialler = p.dial()
	return dialler, p.accept()
}

// send writes messages n, n+1, ... as frames.
func (e *wireEnd) send(n, count, size int) error {
	mt, _ := actors.MessageOf(numbered{})
	var c wire.Codec
	for i := n; i < n+count; i++ {
		frame, err := c.AppendMessage(nil, "a", "", mt, numbered{i, make([]byte, size)})
		if err != nil {
			e.t.Fatal(err)
		}
		if _, err := e.Write(frame); err != nil {
			return err
		}
	}
	return nil
}

func (e *wireEnd) mustSend(n, count, size int) {
	e.t.Helper()
	if err := e.send(n, count, size); err != nil {
		e.t.Fatal(err)
	}
}

// receive reads one message.
func (e *wireEnd) receive() (int, error) {
	f, err := e.Next()
	if err != nil {
		return 0, err
	}
	m, err := f.Message()
	if err != nil {
		return 0, err
	}
	mt, _ := actors.MessageOf(numbered{})
	var c wire.Codec
	msg, err := c.Decode(mt, m.Payload)
	if err != nil {
		return 0, err
	}
	return msg.(numbered).N, nil
}

func (e *wireEnd) mustReceive(want int) {
	e.t.Helper()
	if got, err := e.receive(); err != nil || got != want {
		e.t.Fatalf("received %d, %v; want %d", got, err, want)
	}
}

// all reads messages until the stream ends in order.
func (e *wireEnd) all() []int {
	e.t.Helper()
	var got []int
	for {
		n, err := e.receive()
		if err == io.EOF {
			return got
		}
		if err != nil {
			e.t.Fatalf("after %d messages: %v", len(got), err)
		}
		got = append(got, n)
	}
}

// silent reports that nothing comes for a while.
func (e *wireEnd) silent(d time.Duration) {
	e.t.Helper()
	_ = e.SetReadDeadline(time.Now().Add(d))
	var b [1]byte
	if n, err := e.Read(b[:]); n > 0 || !isTimeout(err) {
		e.t.Fatalf("read %d bytes, %v; want none", n, err)
	}
	_ = e.SetReadDeadline(time.Now().Add(10 * time.Second))
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// wantReset reads until the connection breaks.
func (e *wireEnd) wantReset() {
	e.t.Helper()
	if _, err := io.Copy(io.Discard, e.TCPConn); !isReset(err) {
		e.t.Fatalf("the connection ended with %v; want a reset", err)
	}
}

// wantRefusal dials and gets a reset, at once or soon.
func (p *pair) wantRefusal() {
	p.t.Helper()
	conn, err := net.Dial("tcp", p.Addr())
	if isReset(err) {
		return
	}
	p.end(conn, err).wantReset()
}

func TestUndisturbedBytesPassUnchangedBothWays(t *testing.T) {
	p := newPair(t, 1)
	p.Set(proxy.Faults{
		Forth: proxy.Direction{Delay: time.Millisecond, Jitter: 5 * time.Millisecond},
		Back:  proxy.Direction{Jitter: 3 * time.Millisecond},
	})
	near, far := p.connect()
	sent := make([]byte, 1<<20)
	for i := 0; i < len(sent); i += 8 {
		binary.LittleEndian.PutUint64(sent[i:], uint64(i)*0x9e3779b97f4a7c15+0xff00ff00ff)
	}
	for _, way := range [][2]*wireEnd{{near, far}, {far, near}} {
		go func() {
			_, _ = way[0].Write(sent)
			_ = way[0].CloseWrite()
		}()
		got, err := io.ReadAll(way[1].TCPConn)
		if err != nil || !bytes.Equal(got, sent) {
			t.Fatalf("%d of %d bytes came unchanged, %v", len(got), len(sent), err)
		}
	}
}

func TestDelayAndRateTakeTheirTimeInOneDirection(t *testing.T) {
	for _, d := range []proxy.Direction{{Delay: 60 * time.Millisecond}, {Rate: 20000}} {
		p := newPair(t, 1)
		p.Set(proxy.Faults{Forth: d})
		near, far := p.connect()
		began := time.Now()
		near.mustSend(0, 1, 1500)
		far.mustReceive(0)
		if took := time.Since(began); took < 50*time.Millisecond {
			t.Errorf("%+v: 1,500 bytes took %v", d, took)
		}
		began = time.Now()
		far.mustSend(1, 1, 1500)
		near.mustReceive(1)
		t.Logf("%+v: back in %v", d, time.Since(began))
	}
}

func TestAChangeActsOnWhatIsOnItsWay(t *testing.T) {
	p := newPair(t, 1)
	p.Set(proxy.Faults{Forth: proxy.Direction{Delay: time.Hour, Rate: 1}})
	near, far := p.connect()
	near.mustSend(0, 1, 1500)
	far.silent(20 * time.Millisecond)
	p.Heal()
	far.mustReceive(0)
}

func TestAHoleLetsNothingThroughUntilItHasClosed(t *testing.T) {
	p := newPair(t, 1)
	near, far := p.connect()
	p.Set(proxy.Faults{Forth: proxy.Direction{Hole: true}})
	near.mustSend(0, 2, 10)
	_ = near.CloseWrite()
	far.silent(20 * time.Millisecond)
	far.mustSend(7, 1, 10) // the other way is open
	near.mustReceive(7)
	fresh := p.dial() // believes that it is connected
	fresh.mustSend(9, 1, 10)
	p.Heal()
	if got := far.all(); !slices.Equal(got, []int{0, 1}) {
		t.Errorf("after the hole came %v", got)
	}
	p.accept().mustReceive(9)
}

func TestAHoleStopsAnEndlessSender(t *testing.T) {
	p := newPair(t, 1)
	near, far := p.connect()
	near.mustSend(0, 1, 10)
	far.mustReceive(0)
	p.Set(proxy.Faults{Forth: proxy.Direction{Hole: true}})
	_ = near.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
	if err := near.send(0, 100, 1<<20); !isTimeout(err) {
		t.Errorf("100 MB into a hole: %v; want a full buffer", err)
	}
}

func TestResetBreaksTheNextBytesInTheMiddle(t *testing.T) {
	p := newPair(t, 1)
	near, far := p.connect()
	near.mustSend(0, 1, 1000)
	far.mustReceive(0)
	p.Reset()
	far.mustSend(1, 1, 10) // the frames back are not concerned
	near.mustReceive(1)
	near.mustSend(2, 1, 1000)
	if _, err := far.receive(); !isReset(err) && err != io.ErrUnexpectedEOF {
		t.Errorf("the frame ended with %v", err)
	}
	if far.Buffered() == 0 {
		t.Error("nothing of the frame came: it did not break in the middle")
	}
	near.wantReset()
	if n := p.Counts().Resets; n != 1 {
		t.Errorf("%d resets counted", n)
	}
	near, far = p.connect()
	near.mustSend(3, 1, 10)
	far.mustReceive(3)
}

func TestHalfOpenLeavesOneEndBelieving(t *testing.T) {
	for _, believer := range []proxy.End{proxy.Dialler, proxy.Dialled} {
		p := newPair(t, 1)
		ends := make([]*wireEnd, 2)
		ends[proxy.Dialler], ends[proxy.Dialled] = p.connect()
		believes, forgets := ends[believer], ends[1-believer]
		ends[proxy.Dialler].mustSend(0, 1, 10)
		ends[proxy.Dialled].mustReceive(0)
		p.HalfOpen(believer)
		forgets.wantReset()
		believes.mustSend(1, 1000, 1000) // more than any buffer
		believes.silent(20 * time.Millisecond)
		near, far := p.connect() // new ones are whole
		near.mustSend(2, 1, 10)
		far.mustReceive(2)
		p.Heal()
		believes.wantReset()
		near.mustSend(3, 1, 10)
		far.mustReceive(3)
	}
}

func TestRefuseResetsWhatIsOpenAndWhatIsNew(t *testing.T) {
	p := newPair(t, 1)
	near, far := p.connect()
	near.mustSend(0, 1, 10)
	far.mustReceive(0)
	p.Set(proxy.Faults{Refuse: true})
	near.wantReset()
	far.wantReset()
	p.wantRefusal()
	p.Heal()
	near, far = p.connect()
	near.mustSend(1, 1, 10)
	far.mustReceive(1)
}

func TestAHostThatWasStartedElsewhereIsFound(t *testing.T) {
	p := newPair(t, 1)
	_ = p.listener.Close()
	p.wantRefusal() // nobody answers
	p.listener = listen(t)
	p.Forward(p.listener.Addr().String())
	near, far := p.connect()
	near.mustSend(1, 1, 10)
	far.mustReceive(1)
}

func TestTheEndOfAnEndIsTheEndOfTheOther(t *testing.T) {
	p := newPair(t, 1)
	near, far := p.connect()
	near.mustSend(0, 1, 10)
	far.mustReceive(0)
	_ = far.SetLinger(0)
	_ = far.Close()
	near.wantReset()
	near, far = p.connect()
	_ = near.Close()
	if got := far.all(); len(got) != 0 {
		t.Errorf("%v came from nobody", got)
	}
}

func TestFaultsAreRefusedIfTheyMeanNothing(t *testing.T) {
	for _, d := range []proxy.Direction{{Delay: -1}, {Rate: -1}, {Jitter: -1}} {
		for _, f := range []proxy.Faults{{Forth: d}, {Back: d}} {
			if f.Validate() == nil {
				t.Errorf("%+v is taken", f)
			}
		}
	}
}
