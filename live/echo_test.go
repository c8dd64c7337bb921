package live_test

import (
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/internal/wire"
	"github.com/simrun/simrun/live"
)

// A job is a number of round trips with at most so many open at a time.
type job struct{ trips, window, bytes int }

// A packet is what goes there and back.
type packet struct {
	N     int
	Bytes []byte
}

func init() { actors.Message("live.packet", packet{}) }

var reflectPackets = receiver(func(_ actors.Env, ctx actor.Context) {
	if msg, ok := ctx.Message().(packet); ok {
		ctx.Respond(msg)
	}
})

// pump carries out one job with server/echo. Its result is nil if the packets
// came back in the order they left.
func pump(j job, result chan<- error) actors.Producer {
	return func(env actors.Env) actor.Actor {
		to := env.PID("server/echo")
		body := make([]byte, j.bytes)
		sent, back := 0, 0
		return actor.ReceiveFunc(func(ctx actor.Context) {
			switch msg := ctx.Message().(type) {
			case *actor.Started:
				for sent < min(j.window, j.trips) {
					ctx.Request(to, packet{sent, body})
					sent++
				}
			case packet:
				if msg.N != back {
					result <- fmt.Errorf("packet %d came back in the place of %d", msg.N, back)
					return
				}
				if back++; back == j.trips {
					result <- nil
				} else if sent < j.trips {
					ctx.Request(to, packet{sent, body})
					sent++
				}
			}
		})
	}
}

// runJob has two hosts do a job, on TLS if there are certificates.
func runJob(t testing.TB, j job, certs string) {
	result := make(chan error, 1)
	top := actors.Topology{Hosts: []actors.Host{
		oneHost("server", actors.ActorDef{Name: "echo", New: reflectPackets}),
		oneHost("peer", actors.ActorDef{Name: "pump", New: pump(j, result)}),
	}}
	w := start(t, top, live.Options{Certs: certs})
	select {
	case err := <-result:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(time.Minute):
		t.Errorf("no end: %+v", w.Counts())
	}
}

var echoIDs = []live.Identity{{Host: "server"}, {Host: "peer"}}

func TestPipelinedEchoesComeBackInOrder(t *testing.T) {
	for _, dir := range []string{"", certs(t, echoIDs...)} {
		for _, window := range []int{1, 1024} {
			runJob(t, job{trips: 5000, window: window, bytes: 100}, dir)
		}
	}
}

// BenchmarkEcho is a round trip through two actors on two hosts, in plain text and
// on TLS; the bare one has the same frames and the same window, and no actors.
func BenchmarkEcho(b *testing.B) {
	dir := certs(b, echoIDs...)
	for _, bytes := range []int{100, 1500} {
		for _, window := range []int{1, 1024} {
			name := fmt.Sprintf("bytes=%d/window=%d", bytes, window)
			b.Run("live/"+name, func(b *testing.B) { runJob(b, job{b.N, window, bytes}, "") })
			b.Run("tls/"+name, func(b *testing.B) { runJob(b, job{b.N, window, bytes}, dir) })
			b.Run("bare/"+name, func(b *testing.B) { bareJob(b, job{b.N, window, bytes}) })
		}
	}
}

// bareJob is a job between two connections: encode, frame, read, decode.
func bareJob(b *testing.B, j job) {
	addr := listener(b, func(conn net.Conn) {
		_ = exchange(conn, func(p packet) (packet, bool) { return p, true })
	})
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	mt, _ := actors.MessageOf(packet{})
	var c wire.Codec
	var first []byte
	body := make([]byte, j.bytes)
	sent, back := 0, 0
	for ; sent < min(j.window, j.trips); sent++ {
		if first, err = c.AppendMessage(first, "echo", "peer/pump", mt, packet{sent, body}); err != nil {
			b.Fatal(err)
		}
	}
	go func() { _, _ = conn.Write(first) }()
	err = exchange(conn, func(packet) (packet, bool) {
		if back++; back == j.trips {
			_ = conn.Close()
		}
		sent++
		return packet{sent, body}, sent <= j.trips
	})
	if err != nil && !errors.Is(err, net.ErrClosed) {
		b.Fatal(err)
	}
}

// exchange answers packets until the connection ends. It writes when nothing more
// is at hand.
func exchange(conn net.Conn, answer func(packet) (packet, bool)) error {
	mt, _ := actors.MessageOf(packet{})
	var c wire.Codec
	var out []byte
	src := &eager{conn: conn, idle: func() error {
		_, err := conn.Write(out)
		out = out[:0]
		return err
	}}
	in := wire.NewReader(src)
	for {
		f, err := in.Next()
		if err != nil {
			return err
		}
		m, err := f.Message()
		if err != nil {
			return err
		}
		msg, err := c.Decode(mt, m.Payload)
		if err != nil {
			return err
		}
		if p, ok := answer(msg.(packet)); ok {
			if out, err = c.AppendMessage(out, "echo", "peer/pump", mt, p); err != nil {
				return err
			}
		}
	}
}

// eager calls idle before it reads from the connection.
type eager struct {
	conn net.Conn
	idle func() error
}

func (e *eager) Read(p []byte) (int, error) {
	if err := e.idle(); err != nil {
		return 0, err
	}
	return e.conn.Read(p)
}
