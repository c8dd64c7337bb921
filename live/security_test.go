package live_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/internal/wire"
	"github.com/simrun/simrun/live"
)

func init() {
	// A careless program might register these. Those with a PID, such as Watch and
	// Terminated, cannot even be registered.
	actors.Message("live.stop", &actor.Stop{})
	actors.Message("live.poison", &actor.PoisonPill{})
	actors.Message("live.stopping", &actor.Stopping{})
}

// certs makes the certificates of some hosts.
func certs(t testing.TB, ids ...live.Identity) (dir string) {
	t.Helper()
	dir = t.TempDir()
	issue(t, dir, time.Hour, ids...)
	return dir
}

func issue(t testing.TB, dir string, valid time.Duration, ids ...live.Identity) {
	t.Helper()
	a, err := live.OpenAuthority(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		if err := a.Issue(id, time.Now().Add(valid)); err != nil {
			t.Fatal(err)
		}
	}
}

// rolePair is a pair with roles: what a client may send a server does not.
func rolePair(programs ...actors.ProgramDef) actors.Topology {
	top := pair(programs...)
	top.Hosts[0].Role, top.Hosts[1].Role = "server", "client"
	top.Roles = []actors.Role{
		{Name: "server", Sends: []string{"live.answer", "live.packet"}},
		{Name: "client", Sends: []string{"live.ask", "live.blob", "live.stop", "live.poison", "live.stopping"}},
	}
	return top
}

var rolePairIDs = []live.Identity{{Host: "server", Role: "server"}, {Host: "peer", Role: "client"}}

// dialSecure connects to the server with the certificate of a host and lets the
// handshake happen at the first use.
func dialSecure(t testing.TB, addr, dir, as string) *tls.Conn {
	t.Helper()
	return secure(t, dialRaw(t, addr), dir, as)
}

func dialRaw(t testing.TB, addr string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func secure(t testing.TB, raw net.Conn, dir, as string) *tls.Conn {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, as+".pem"), filepath.Join(dir, as+".key"))
	if err != nil {
		t.Fatal(err)
	}
	config := trusting(t, dir)
	// Not Certificates: those are kept back if the server names other authorities.
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	return tls.Client(raw, config)
}

// trusting is a client without a certificate.
func trusting(t testing.TB, dir string) *tls.Config {
	t.Helper()
	pem, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return &tls.Config{RootCAs: roots, ServerName: "server", MinVersion: tls.VersionTLS13}
}

// closedBy waits until the peer has ended the connection.
func closedBy(t testing.TB, what string, conn net.Conn) {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(15 * time.Second))
	if _, err := io.Copy(io.Discard, conn); errors.Is(err, os.ErrDeadlineExceeded) {
		t.Fatalf("%s: the connection was not closed", what)
	}
}

// lines is a log that counts.
type lines struct {
	mu  sync.Mutex
	all []string
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, string(b))
	return len(b), nil
}

func (l *lines) with(text string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.all {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}

// decoded is how many messages came as far as an actor's address.
func decoded(c live.Counts) uint64 { return c.Received + c.DeadLetters + c.Stale + c.Flooded }

func TestHostsProveThemselvesToEachOther(t *testing.T) {
	asked := func(env actors.Env) error {
		_, err := env.Request(env.PID("server/echo"), ask{}, 0)
		return err
	}
	for name, c := range map[string]struct {
		top actors.Topology
		dir string
	}{
		"without roles": {pair(actors.ProgramDef{Name: "p", Run: asked}), certs(t, live.Identity{Host: "server"}, live.Identity{Host: "peer"})},
		"with roles":    {rolePair(actors.ProgramDef{Name: "p", Run: asked}), certs(t, rolePairIDs...)},
	} {
		w := start(t, c.top, live.Options{Certs: c.dir})
		if err := w.Wait(within(t, 10*time.Second)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c := w.Counts(); c.Connects != 2 || c.Refused != 0 {
			t.Errorf("%s: %+v", name, c)
		}
	}
}

// refusalTime is in what time a stranger is refused.
const refusalTime = 100 * time.Millisecond

// FAULTS 4, authentication: none of them reaches the decoder of messages, and each
// costs one line of the log.
func TestStrangersAreRefusedBeforeTheirFirstMessage(t *testing.T) {
	dir := certs(t, rolePairIDs...)
	foreign := certs(t, rolePairIDs...) // of another authority
	forged := t.TempDir()               // of ours, but not as they should be
	for _, file := range []string{"ca.pem", "ca.key"} {
		b, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(forged, file), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	issue(t, forged, time.Hour, live.Identity{Host: "peer", Role: "server"}, live.Identity{Host: "stranger", Role: "client"}, live.Identity{Host: "server", Role: "server"})
	expired := t.TempDir()
	if err := os.CopyFS(expired, os.DirFS(forged)); err != nil {
		t.Fatal(err)
	}
	issue(t, expired, -time.Minute, rolePairIDs...)

	log := &lines{}
	w := start(t, rolePair(), live.Options{Certs: dir, Log: slog.New(slog.NewTextHandler(log, nil))})
	addr := w.Addr("server")
	first := append(helloOf(t, "peer"), frame(t, "echo", "", ask{1})...)
	recorded := record(t, addr, dir, first)
	// The good client's message, and the answer to nobody.
	eventually(t, "what the good client sent", func() bool { return decoded(w.Counts()) == 2 })
	var refused uint64
	for _, c := range []struct {
		name string
		conn func() net.Conn
	}{
		{"plain text", func() net.Conn { return dialRaw(t, addr) }},
		{"no certificate", func() net.Conn { return tls.Client(dialRaw(t, addr), trusting(t, dir)) }},
		{"another authority", func() net.Conn {
			pair, _ := tls.LoadX509KeyPair(filepath.Join(foreign, "peer.pem"), filepath.Join(foreign, "peer.key"))
			config := trusting(t, dir)
			config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
			return tls.Client(dialRaw(t, addr), config)
		}},
		{"an expired certificate", func() net.Conn { return dialSecure(t, addr, expired, "peer") }},
		{"a host of another role", func() net.Conn { return dialSecure(t, addr, forged, "peer") }},
		{"a host that is not of the topology", func() net.Conn { return dialSecure(t, addr, forged, "stranger") }},
		{"a name that is not the certificate's", func() net.Conn { return dialSecure(t, addr, dir, "server") }},
		{"an older version of TLS", func() net.Conn {
			config := trusting(t, dir)
			config.MinVersion, config.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
			return tls.Client(dialRaw(t, addr), config)
		}},
		{"a handshake that was recorded", func() net.Conn { return &replay{dialRaw(t, addr), recorded} }},
	} {
		// A busy machine may be late, but not each time.
		var took time.Duration
		for range 5 {
			began := time.Now()
			conn := c.conn()
			_, _ = conn.Write(first) // some of them learn of it only here
			closedBy(t, c.name, conn)
			took = time.Since(began)
			refused++
			eventually(t, c.name+" is counted", func() bool { return w.Counts().Refused == refused })
			eventually(t, c.name+" is logged", func() bool { return log.with("connection refused") == int(refused) })
			if took < refusalTime {
				break
			}
		}
		t.Logf("%s: refused after %v", c.name, took.Round(100*time.Microsecond))
		if took >= refusalTime {
			t.Errorf("%s: refused after %v", c.name, took)
		}
	}
	if n := log.with("server"); n != int(refused) {
		t.Errorf("%d lines of the log for %d refusals", n, refused)
	}
	if n := decoded(w.Counts()); n != 2 {
		t.Errorf("%d messages of strangers were decoded", n-2)
	}
	if err := w.Err(); err != nil {
		t.Error(err)
	}
}

// record has a good client send something and returns all its bytes.
func record(t *testing.T, addr, dir string, b []byte) []byte {
	t.Helper()
	tap := &tap{Conn: dialRaw(t, addr)}
	conn := secure(t, tap, dir, "peer")
	write(t, conn, b)
	in := wire.NewReader(conn)
	if _, err := in.Next(); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close()
	return tap.sent.Bytes()
}

type tap struct {
	net.Conn
	sent bytes.Buffer
}

func (c *tap) Write(b []byte) (int, error) {
	c.sent.Write(b)
	return c.Conn.Write(b)
}

// replay sends what was recorded, whatever it is told to send.
type replay struct {
	net.Conn
	recorded []byte
}

func (c *replay) Write(b []byte) (int, error) {
	if _, err := c.Conn.Write(c.recorded); err != nil {
		return 0, err
	}
	return len(b), nil
}

func TestServerWithTheCertificateOfAnotherHostIsNotTrusted(t *testing.T) {
	dir := certs(t, rolePairIDs...)
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "peer.pem"), filepath.Join(dir, "peer.key"))
	if err != nil {
		t.Fatal(err)
	}
	heard, ended := make(chan bool, 1), make(chan error, 1)
	addr := listener(t, func(conn net.Conn) {
		defer conn.Close()
		secure := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequestClientCert})
		if _, err := wire.NewReader(secure).Next(); err != nil {
			select {
			case ended <- err:
			default:
			}
			return
		}
		heard <- true
	})
	w := start(t, rolePair(actors.ProgramDef{Name: "p", Run: func(env actors.Env) error {
		env.Send(env.PID("server/echo"), ask{})
		return nil
	}}), live.Options{Hosts: []string{"peer"}, Addrs: map[string]string{"server": addr}, Certs: dir})
	select {
	case <-heard:
		t.Error("the impostor was told something")
	case err := <-ended:
		t.Log(err)
	}
	if n := w.Counts().Connects; n != 0 {
		t.Errorf("%d connects", n)
	}
}

func TestHostDoesNotStartWithACertificateThatOthersRefuse(t *testing.T) {
	for name, c := range map[string]struct {
		want string
		make func(dir string)
	}{
		"no certificate":    {"server.pem", func(dir string) { issue(t, dir, time.Hour, live.Identity{Host: "peer", Role: "client"}) }},
		"expired":           {"expired", func(dir string) { issue(t, dir, -time.Minute, rolePairIDs[0]) }},
		"another role":      {`role "server" and not "client"`, func(dir string) { issue(t, dir, time.Hour, live.Identity{Host: "server", Role: "client"}) }},
		"no authority":      {"ca.pem", func(string) {}},
		"another authority": {"unknown authority", func(dir string) { issue(t, dir, time.Hour, rolePairIDs...); mix(t, dir, certs(t, rolePairIDs...)) }},
	} {
		dir := t.TempDir()
		c.make(dir)
		w, err := live.Start(rolePair(), live.Options{Dir: t.TempDir(), Certs: dir})
		if err == nil {
			_ = w.Stop(within(t, time.Second))
		}
		if err == nil || !strings.Contains(err.Error(), "host server") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// mix puts the authority of another folder in the place of the own one.
func mix(t *testing.T, dir, other string) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(other, "ca.pem"))
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "ca.pem"), b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestAddressesBeyondLoopbackNeedCertificates(t *testing.T) {
	opts := live.Options{Hosts: []string{"server"}, Addrs: map[string]string{"server": "0.0.0.0:0"}}
	opts.Dir = t.TempDir()
	if _, err := live.Start(rolePair(), opts); err == nil || !strings.Contains(err.Error(), "loopback") {
		t.Errorf("in plain text: %v", err)
	}
	opts.Certs = certs(t, rolePairIDs...)
	start(t, rolePair(), opts)
}

// FAULTS 4, authorisation: every role against every message, over both kinds of
// connections. What is not allowed costs the connection.
func TestRoleSendsWhatItsListNamesAndNothingElse(t *testing.T) {
	matrix := map[string]map[string]bool{ // host -> what is delivered
		"server": {"live.answer": true, "live.packet": true},
		"peer":   {"live.ask": true, "live.blob": true}, // its list names system messages too
	}
	messages := []any{
		ask{}, answer{}, &poke{}, blob{}, packet{},
		&actor.Stop{}, &actor.PoisonPill{}, &actor.Stopping{},
	}
	for _, dir := range []string{"", certs(t, rolePairIDs...)} {
		w := start(t, rolePair(), live.Options{Certs: dir})
		for as, allowed := range matrix {
			for _, msg := range messages {
				mt, _ := actors.MessageOf(msg)
				before := w.Counts()
				conn := dialRaw(t, w.Addr("server"))
				if dir != "" {
					conn = secure(t, conn, dir, as)
				}
				write(t, conn, append(helloOf(t, as), frame(t, "echo", "", msg)...))
				eventually(t, mt.Name+" of "+as, func() bool {
					c := w.Counts()
					return c.Received+c.Refused > before.Received+before.Refused
				})
				if got := w.Counts().Received > before.Received; got != allowed[mt.Name] {
					t.Errorf("%s of %s: delivered is %v", mt.Name, as, got)
				}
				if !allowed[mt.Name] {
					closedBy(t, mt.Name+" of "+as, conn)
				}
				_ = conn.Close()
			}
		}
		if err := w.Err(); err != nil {
			t.Error(err)
		}
	}
}

func TestSendingBeyondTheOwnRoleStopsTheHost(t *testing.T) {
	for name, msg := range map[string]any{"role client does not send it": &poke{}, "system messages stay on their host": &actor.PoisonPill{}} {
		w := start(t, rolePair(actors.ProgramDef{Name: "p", Run: func(env actors.Env) error {
			env.Send(env.PID("server/echo"), msg)
			return nil
		}}), live.Options{})
		if err := w.Wait(within(t, 10*time.Second)); !errors.Is(err, live.ErrPanic) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// sealed is a frame of any body with a right length and check.
func sealed(version byte, kind wire.Kind, body []byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(2+len(body)+4))
	b = append(append(b, version, byte(kind)), body...)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
}

// bodyOf is the part of a frame that is neither length, head nor check.
func bodyOf(frame []byte) []byte { return bytes.Clone(frame[6 : len(frame)-4]) }

// FAULTS 1.2: a frame that points past its end, an unknown type, an unknown way to
// encode, and a message that stops an actor each end a stock proto.actor process
// or the actor. Here each ends the connection on which it came.
func TestAttacksThatKillProtoActorRemotingCostOneConnection(t *testing.T) {
	body := bodyOf(frame(t, "echo", "", ask{1}))
	past := bytes.Clone(body)
	binary.BigEndian.PutUint16(past, 0xffff)
	garbled := bytes.Clone(body)
	garbled[len(garbled)-1] ^= 0xff
	w := start(t, pair(), live.Options{})
	good := dialAs(t, w, "server", "peer")
	for i, c := range []struct {
		name   string
		attack []byte
	}{
		{"a target past the end of the frame", sealed(wire.Version, wire.MessageKind, past)},
		{"an unknown type", unregistered(t)},
		{"an unknown version", sealed(wire.Version+1, wire.MessageKind, body)},
		{"an unknown kind of frame", sealed(wire.Version, 200, body)},
		{"a payload of another encoding", sealed(wire.Version, wire.MessageKind, garbled)},
		{"Stop", frame(t, "echo", "", &actor.Stop{})},
		{"PoisonPill", frame(t, "echo", "", &actor.PoisonPill{})},
		{"Stopping", frame(t, "echo", "", &actor.Stopping{})},
	} {
		bad := dialAs(t, w, "server", "peer")
		write(t, bad, c.attack)
		closedBy(t, c.name, bad)
		eventually(t, c.name+" is counted", func() bool { return w.Counts().Refused == uint64(i+1) })
		write(t, good, frame(t, "echo", "", ask{i}))
		eventually(t, "a good connection after "+c.name, func() bool { return w.Counts().Received == uint64(i+1) })
	}
	if err := w.Run("peer", actors.ProgramDef{Name: "p", Run: func(env actors.Env) error {
		_, err := env.Request(env.PID("server/echo"), ask{}, 0)
		return err
	}}); err != nil {
		t.Fatal(err)
	}
	if err := w.Wait(within(t, 10*time.Second)); err != nil {
		t.Errorf("the actor after the attacks: %v", err)
	}
}

// FAULTS 4, secrets: the key of a host is in none of its files, its recording or its log.
func TestRecordingAndLogHaveNoKey(t *testing.T) {
	dir, data, record := certs(t, rolePairIDs...), t.TempDir(), t.TempDir()
	log := &lines{}
	w := start(t, rolePair(actors.ProgramDef{Name: "p", Run: func(env actors.Env) error {
		env.Log.Info("began", "env", env)
		_, err := env.Request(env.PID("server/echo"), ask{}, 0)
		return err
	}}), live.Options{Certs: dir, Dir: data, Record: record, Log: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err := w.Wait(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	conn := dialAs(t, w, "server", "peer") // something to log
	closedBy(t, "plain text", conn)
	if err := w.Stop(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(dir, "server.key"))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	key, err := parsed.(*ecdsa.PrivateKey).Bytes()
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{string(key), strings.Split(string(text), "\n")[1]} // and as it is written
	look := func(where, content string) {
		for _, secret := range secrets {
			if strings.Contains(content, secret) {
				t.Errorf("%s has the key", where)
			}
		}
	}
	look("the log", strings.Join(log.all, ""))
	files := 0
	for _, top := range []string{data, record} {
		if err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			look(path, string(b))
			files++
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	if files < 4 || log.with("began") == 0 {
		t.Errorf("%d files, log %v", files, log.all)
	}
}
