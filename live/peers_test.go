package live_test

import (
	"crypto/tls"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/internal/wire"
	"github.com/simrun/simrun/live"
)

// What one host was permitted says nothing of another, on a connection of its own.
func TestPermissionIsOfEachConnection(t *testing.T) {
	top := rolePair()
	top.Hosts = append(top.Hosts, actors.Host{Name: "other", Role: "server"})
	w := start(t, top, live.Options{})
	one := frame(t, "echo", "", ask{1})
	write(t, dialAs(t, w, "server", "peer"), one)
	eventually(t, "a client asks", func() bool { return w.Counts().Received == 1 })
	conn := dialAs(t, w, "server", "other")
	write(t, conn, one)
	closedBy(t, "a server asks", conn)
	eventually(t, "it is counted", func() bool { return w.Counts().Refused == 1 })
	if c := w.Counts(); c.Received != 1 {
		t.Errorf("%+v", c)
	}
}

// Each connection proves itself anew: one that was resumed would not be held to what has
// changed since.
func TestNoConnectionIsResumed(t *testing.T) {
	dir := certs(t, rolePairIDs...)
	w := start(t, rolePair(), live.Options{Certs: dir})
	pair, err := tls.LoadX509KeyPair(dir+"/peer.pem", dir+"/peer.key")
	if err != nil {
		t.Fatal(err)
	}
	config := trusting(t, dir)
	config.Certificates = []tls.Certificate{pair}
	config.ClientSessionCache = tls.NewLRUClientSessionCache(8)
	for n := range 2 {
		conn := tls.Client(dialRaw(t, w.Addr("server")), config)
		write(t, conn, helloOf(t, "peer"))
		_ = conn.SetReadDeadline(time.Now().Add(20 * time.Second))
		if _, err := wire.NewReader(conn).Next(); err != nil { // and with it any ticket
			t.Fatal(err)
		}
		if conn.ConnectionState().DidResume {
			t.Errorf("connection %d is the one before", n)
		}
	}
}

// A tamperer changes a bit of what is read once it is told to.
type tamperer struct {
	net.Conn
	now *atomic.Bool
}

func (c tamperer) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n > 0 && c.now.Load() {
		p[n-1] ^= 1
	}
	return n, err
}

// A stream that somebody has tampered with on the way is refused, and that is counted.
func TestTamperedStreamIsRefused(t *testing.T) {
	var now atomic.Bool
	w := start(t, pair(actors.ProgramDef{Name: "p", Run: func(env actors.Env) error {
		if _, err := env.Request(env.PID("server/echo"), ask{1}, 0); err != nil {
			return err
		}
		now.Store(true)
		env.Send(env.PID("server/echo"), ask{2})
		return nil
	}}), live.Options{Certs: certs(t, live.Identity{Host: "server"}, live.Identity{Host: "peer"}), Conn: func(host string, c net.Conn) net.Conn {
		if host != "server" {
			return c
		}
		return tamperer{c, &now}
	}})
	if err := w.Wait(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a stream that was refused", func() bool { return w.Counts().Refused > 0 })
}
