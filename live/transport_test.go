package live_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"reflect"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/internal/wire"
	"github.com/simrun/simrun/live"
)

// pair is a topology of a server with an echo and a silent peer.
func pair(programs ...actors.ProgramDef) actors.Topology {
	return actors.Topology{Hosts: []actors.Host{
		oneHost("server", actors.ActorDef{Name: "echo", New: echo}),
		{Name: "peer", Programs: programs},
	}}
}

// dialAs connects to a host by hand and says hello as another.
func dialAs(t *testing.T, w *live.World, host, as string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", w.Addr(host))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	write(t, conn, helloOf(t, as))
	return conn
}

func helloOf(t *testing.T, host string) []byte {
	t.Helper()
	b, err := wire.AppendHello(nil, wire.Hello{Host: host, Boot: 1})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, conn net.Conn, b []byte) {
	t.Helper()
	if _, err := conn.Write(b); err != nil {
		t.Fatal(err)
	}
}

// frame carries msg to an actor of the host that is dialled.
func frame(t *testing.T, target, sender string, msg any) []byte {
	t.Helper()
	mt, _ := actors.MessageOf(msg)
	var c wire.Codec
	b, err := c.AppendMessage(nil, target, sender, mt, msg)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// unregistered is a sound frame of a message that the receiver does not know.
func unregistered(t *testing.T) []byte {
	t.Helper()
	var c wire.Codec
	b, err := c.AppendMessage(nil, "echo", "", &actors.MessageType{Name: "live.unknown", Type: reflect.TypeFor[ask]()}, ask{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBadInputCostsItsConnectionOnly(t *testing.T) {
	w := start(t, pair(), live.Options{})
	good := frame(t, "echo", "", ask{1})
	flipped := append([]byte(nil), good...)
	flipped[len(flipped)-1] ^= 1
	for i, c := range []struct {
		name, as string
		stream   []byte
	}{
		{"a frame with a wrong check", "peer", flipped},
		{"a length beyond the limit", "peer", []byte{0xff, 0, 0, 0}},
		{"a second hello", "peer", helloOf(t, "peer")},
		{"an unknown message", "peer", unregistered(t)},
		{"a sender that is no path", "peer", frame(t, "echo", "nobody", ask{1})},
		{"an unknown host", "stranger", good},
	} {
		conn := dialAs(t, w, "server", c.as)
		write(t, conn, c.stream)
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.Copy(io.Discard, conn); err != nil && !errors.Is(err, syscall.ECONNRESET) {
			t.Fatalf("%s: the connection was not closed: %v", c.name, err)
		}
		eventually(t, c.name+" is counted", func() bool { return w.Counts().Refused == uint64(i+1) })
	}
	conn := dialAs(t, w, "server", "peer")
	write(t, conn, good)
	eventually(t, "a good message after the bad ones", func() bool { return w.Counts().Received == 1 })
	if err := w.Err(); err != nil {
		t.Error(err)
	}
}

func TestPeerThatLeavesIsNoOffence(t *testing.T) {
	w := start(t, pair(), live.Options{})
	for n := range 10 {
		conn := dialAs(t, w, "server", "peer")
		write(t, conn, frame(t, "echo", "", ask{1})[:2*n])
		_ = conn.Close()
	}
	conn := dialAs(t, w, "server", "peer")
	write(t, conn, frame(t, "echo", "", ask{1}))
	eventually(t, "a message", func() bool { return w.Counts().Received == 1 })
	if n := w.Counts().Refused; n != 0 {
		t.Errorf("%d connections refused", n)
	}
}

func TestOnlyActorsAndRequestsAreReachedFromOutside(t *testing.T) {
	w := start(t, pair(), live.Options{})
	conn := dialAs(t, w, "server", "peer")
	for _, target := range []string{"", "nobody", "deadletter", "eventstream", "guardian$1", "echo/child"} {
		write(t, conn, frame(t, target, "", ask{}))
	}
	eventually(t, "dead letters", func() bool { return w.Counts().DeadLetters == 6 })
	write(t, conn, frame(t, "req/1.1", "", ask{}))
	eventually(t, "a stale reply", func() bool { return w.Counts().Stale == 1 })
	if c := w.Counts(); c.Received != 0 || c.Refused != 0 {
		t.Errorf("%+v", c)
	}
}

func TestMessagesOfOneConnectionKeepTheirOrder(t *testing.T) {
	const n = 20_000
	var next atomic.Int64
	top := actors.Topology{Hosts: []actors.Host{
		oneHost("server", actors.ActorDef{Name: "count", New: receiver(func(_ actors.Env, ctx actor.Context) {
			switch msg := ctx.Message().(type) {
			case *poke:
				if int64(msg.N) == next.Load() {
					next.Add(1)
				}
			case ask:
				ctx.Respond(answer{N: int(next.Load())})
			}
		})}),
		{Name: "peer", Programs: []actors.ProgramDef{{Name: "p", Run: func(env actors.Env) error {
			to := env.PID("server/count")
			for i := range n {
				env.Send(to, &poke{i})
			}
			got, err := env.Request(to, ask{}, 0)
			if err == nil && got.(answer).N != n {
				err = fmt.Errorf("%d of %d pokes came in order", got.(answer).N, n)
			}
			return err
		}}}},
	}}
	w := start(t, top, live.Options{})
	if err := w.Wait(within(t, 30*time.Second)); err != nil {
		t.Fatal(err)
	}
	// A message is counted after it was written, so its answer may be here first.
	eventually(t, "all messages on two connections", func() bool {
		c := w.Counts()
		return c.Connects == 2 && c.Sent == n+2 && c.Received == n+2
	})
}

// listener accepts by hand in the place of a host.
func listener(t testing.TB, serve func(conn net.Conn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go serve(conn)
		}
	}()
	return l.Addr().String()
}

func TestSendNeverBlocksOnAPeerThatDoesNotRead(t *testing.T) {
	hello := helloOf(t, "server")
	addr := listener(t, func(conn net.Conn) { _, _ = conn.Write(hello) })
	sent := make(chan time.Duration, 1)
	top := pair(actors.ProgramDef{Name: "p", Run: func(env actors.Env) error {
		began := env.Clock.Now()
		to := env.PID("server/echo")
		for range 60 {
			env.Send(to, blob{make([]byte, 1<<20)})
		}
		sent <- env.Clock.Now() - began
		return nil
	}})
	w := start(t, top, live.Options{Hosts: []string{"peer"}, Addrs: map[string]string{"server": addr}})
	if err := w.Wait(within(t, 30*time.Second)); err != nil {
		t.Fatal(err)
	}
	// The write timeout is 10 s: a Send that waits for the writer would take as long.
	if took := <-sent; took > 5*time.Second {
		t.Errorf("60 sends took %v", took)
	}
	if c := w.Counts(); c.Overflow == 0 {
		t.Errorf("nothing was dropped: %+v", c)
	}
	if err := w.Crash("peer"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "every message is accounted for", func() bool {
		c := w.Counts()
		return c.Sent+c.Overflow+c.Broken == 60
	})
}

func TestMessageLargerThanAFrameIsDroppedAndCounted(t *testing.T) {
	w := start(t, pair(actors.ProgramDef{Name: "p", Run: func(env actors.Env) error {
		env.Send(env.PID("server/echo"), blob{make([]byte, wire.FrameMax)})
		_, err := env.Request(env.PID("server/echo"), ask{}, 0)
		return err
	}}), live.Options{})
	if err := w.Wait(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	if n := w.Counts().Oversize; n != 1 {
		t.Errorf("%d counted", n)
	}
}

func TestHostThatAnswersAtAnothersAddressIsNotTrusted(t *testing.T) {
	var dialled, heard atomic.Int64
	hello := helloOf(t, "impostor")
	addr := listener(t, func(conn net.Conn) {
		dialled.Add(1)
		defer conn.Close()
		in := wire.NewReader(conn)
		if _, err := in.Next(); err != nil {
			return
		}
		_, _ = conn.Write(hello)
		if _, err := in.Next(); err == nil {
			heard.Add(1)
		}
	})
	w := start(t, pair(actors.ProgramDef{Name: "p", Run: func(env actors.Env) error {
		env.Send(env.PID("server/echo"), ask{})
		return nil
	}}), live.Options{Hosts: []string{"peer"}, Addrs: map[string]string{"server": addr}})
	eventually(t, "some attempts", func() bool { return dialled.Load() >= 4 })
	if heard.Load() != 0 || w.Counts().Connects != 0 {
		t.Errorf("%d messages went to the impostor, %d connects", heard.Load(), w.Counts().Connects)
	}
}
