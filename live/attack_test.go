package live_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/internal/wire"
	"github.com/simrun/simrun/live"
)

// What the test binary needs to know to be an attacker.
const (
	attackVar   = "SIMRUN_ATTACK" // the name of the attack
	attackAddr  = "SIMRUN_ATTACK_ADDR"
	attackCerts = "SIMRUN_ATTACK_CERTS"
)

// attackers attack until over is set, and call on when the attack is under way.
var attackers = map[string]func(t *testing.T, addr, dir string, on func(), over *atomic.Bool){
	"dribbles":   dribbles,
	"strangers":  strangers,
	"handshakes": handshakes,
	"overload":   overload,
	"bulk": func(t *testing.T, addr, dir string, on func(), over *atomic.Bool) {
		stream(t, addr, dir, frame(t, "sink", "", packet{1, make([]byte, 1<<20)}), on, over)
	},
	"echoes": func(t *testing.T, addr, dir string, on func(), over *atomic.Bool) {
		stream(t, addr, dir, frame(t, "reflect", "stuck/p", packet{1, make([]byte, 1<<20)}), on, over)
	},
}

// TestAttacker is the process of an attack.
func TestAttacker(t *testing.T) {
	attack, ok := attackers[os.Getenv(attackVar)]
	if !ok {
		t.Skip("the tests of attacks start it")
	}
	var over atomic.Bool
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		over.Store(true)
	}()
	attack(t, os.Getenv(attackAddr), os.Getenv(attackCerts), func() { fmt.Println("on") }, &over)
}

// startAttack has another process attack, at the lowest priority: what an attacker
// computes is no part of what it costs its victim. It returns when the attack is under
// way.
func startAttack(t *testing.T, name, addr, dir string) (end func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestAttacker$")
	cmd.Env = append(os.Environ(), attackVar+"="+name, attackAddr+"="+addr, attackCerts+"="+dir)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := false
	end = func() {
		if ended {
			return
		}
		ended = true
		_ = in.Close()
		said, _ := io.ReadAll(out)
		if err := cmd.Wait(); err != nil {
			t.Errorf("attack %s: %v\n%s", name, err, said)
		}
	}
	t.Cleanup(end)
	if err := syscall.Setpriority(syscall.PRIO_PROCESS, cmd.Process.Pid, 19); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(out)
	if line, err := lines.ReadString('\n'); line != "on\n" {
		t.Fatalf("attack %s: %q, %v", name, line, err)
	}
	return end
}

// dribblers is how many sockets dribble.
const dribblers = 1000

// dribbles begin as many handshakes, byte after byte.
func dribbles(t *testing.T, addr, dir string, on func(), over *atomic.Bool) {
	hello := clientHello(t, dir)
	for range dribblers {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		go dribble(conn, hello)
	}
	on()
	for !over.Load() {
		time.Sleep(time.Millisecond)
	}
}

// dribble sends bytes one by one, but never the last one, until the connection is cut.
func dribble(conn net.Conn, b []byte) {
	for i := 0; ; i = min(i+1, len(b)-2) {
		if _, err := conn.Write(b[i : i+1]); err != nil {
			return
		}
		time.Sleep(200 * time.Millisecond)
	}
}

// strangers open ten thousand connections and then one more for each oldest one. Half of
// them speak plain text and half of them are silent.
func strangers(t *testing.T, addr, _ string, on func(), over *atomic.Bool) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	plain := append(helloOf(t, "peer"), frame(t, "echo", "", ask{1})...)
	conns := make([]net.Conn, min(10_000, int(limit.Cur)-100))
	for n := 0; !over.Load(); n++ {
		i := n % len(conns)
		if conns[i] != nil {
			_ = conns[i].Close()
		}
		conn, err := net.DialTimeout("tcp", addr, time.Second)
		if err != nil {
			conns[i] = nil
			continue // the kernel of the victim has no room
		}
		_ = conn.(*net.TCPConn).SetLinger(0) // leave nothing behind in the kernel
		if conns[i] = conn; i%2 == 0 {
			_, _ = conn.Write(plain)
		}
		if n == 1000 {
			on()
		}
	}
}

// handshakes need not compute to have the victim compute: they say the same hello again.
func handshakes(t *testing.T, addr, dir string, on func(), over *atomic.Bool) {
	hello := clientHello(t, dir)
	var answers atomic.Int64
	for range 64 {
		go func() {
			var answer [16 << 10]byte
			for !over.Load() {
				conn, err := net.Dial("tcp", addr)
				if err != nil {
					continue // no port is free
				}
				_ = conn.(*net.TCPConn).SetLinger(0)
				_, _ = conn.Write(hello)
				_, _ = conn.Read(answer[:])
				_ = conn.Close()
				if answers.Add(1) == 100 {
					on()
				}
			}
		}()
	}
	for !over.Load() {
		time.Sleep(time.Millisecond)
	}
}

// stream sends a frame a hundred times a second as the host "stuck".
func stream(t *testing.T, addr, dir string, frame []byte, on func(), over *atomic.Bool) {
	conn := dialSecure(t, addr, dir, "stuck")
	write(t, conn, helloOf(t, "stuck"))
	for n := 0; !over.Load(); n++ {
		write(t, conn, frame)
		if n == 50 {
			on() // whatever has to be full is
		}
		if n > 50 {
			time.Sleep(10 * time.Millisecond)
		}
	}
}

// besiege measures a good client before and during an attack and prints how it fared.
// Factor is by how much its p99 may grow on an idle machine.
func besiege(t *testing.T, w *live.World, p *pulse, name, dir string, factor float64, during func()) {
	t.Helper()
	answers := 200
	if os.Getenv(figuresVar) != "" {
		answers = 1000
	}
	p.take(t, 50)
	_, before := p.take(t, answers)
	end := startAttack(t, name, w.Addr("server"), dir)
	p.take(t, 50)
	from, began := w.Counts(), time.Now()
	if during != nil {
		during()
	}
	count, while := p.take(t, answers)
	to, took := w.Counts(), time.Since(began).Seconds()
	end()
	t.Logf("%s: in a second %.0f refused, %.0f crowded out, %.0f dropped", name,
		float64(to.Refused-from.Refused)/took, float64(to.Crowded-from.Crowded)/took, float64(to.Overflow-from.Overflow)/took)
	p.compare(t, before, while, count, factor)
}

// knock returns how long a host that is not known yet takes to be.
func knock(t *testing.T, w *live.World, dir string) time.Duration {
	t.Helper()
	began := time.Now()
	conn := dialSecure(t, w.Addr("server"), dir, "peer")
	write(t, conn, helloOf(t, "peer"))
	if _, err := wire.NewReader(conn).Next(); err != nil {
		t.Fatalf("a new good connection during the attack: %v", err)
	}
	return time.Since(began)
}

// FAULTS 4, slowloris: connections that begin a handshake, byte after byte, and one of an
// honest host that begins a frame.
func TestDribblingSocketsAreCutAndHurtNobody(t *testing.T) {
	t.Parallel() // most of it is waiting
	dir := certs(t, rolePairIDs...)
	var p pulse
	w := start(t, rolePair(p.program()), live.Options{Certs: dir})
	p.take(t, 50)
	heapBefore, files, goroutines := heap(), descriptors(t), runtime.NumGoroutine()
	besiege(t, w, &p, "dribbles", dir, 2, func() {
		began := time.Now()
		known := dialSecure(t, w.Addr("server"), dir, "peer")
		write(t, known, helloOf(t, "peer"))
		if _, err := wire.NewReader(known).Next(); err != nil {
			t.Fatalf("a new good connection among the others: %v", err)
		}
		go dribble(known, frame(t, "echo", "", blob{make([]byte, 100)}))
		files, goroutines = descriptors(t)-files, runtime.NumGoroutine()-goroutines
		now := heap()
		eventually(t, "all are cut", func() bool {
			c := w.Counts()
			return c.Refused+c.Crowded == dribblers+1
		})
		cut := time.Since(began)
		t.Logf("the last of %d is cut after %v; heap %d -> %d KiB, %d goroutines and %d descriptors more", dribblers, cut.Round(time.Millisecond), heapBefore>>10, now>>10, goroutines, files)
		if cut > 15*time.Second {
			t.Errorf("cut after %v", cut)
		}
		// Those of 256 strangers, and what tests beside this one have.
		if goroutines > 400 || files > 400 {
			t.Errorf("%d goroutines and %d descriptors more", goroutines, files)
		}
		if now > heapBefore+64<<20 {
			t.Errorf("heap %d -> %d bytes", heapBefore, now)
		}
	})
	if c := w.Counts(); c.Crowded < dribblers-256 {
		t.Errorf("%+v", c)
	}
	p.end(t, w)
}

// FAULTS 4, authentication: ten thousand connections of nobody.
func TestUnauthenticatedConnectionsHurtNobody(t *testing.T) {
	dir := certs(t, rolePairIDs...)
	var p pulse
	w := start(t, rolePair(p.program()), live.Options{Certs: dir})
	heapBefore, filesBefore := heap(), descriptors(t)
	besiege(t, w, &p, "strangers", dir, 10, func() {
		took := knock(t, w, dir)
		eventually(t, "ten thousand are cut", func() bool {
			c := w.Counts()
			return c.Refused+c.Crowded >= 10_000
		})
		files, now := descriptors(t)-filesBefore, heap()
		t.Logf("a good connection took %v; %d descriptors, heap %d -> %d KiB", took.Round(time.Millisecond), files, heapBefore>>10, now>>10)
		if files > 300 { // strangersMax and a few
			t.Errorf("%d descriptors", files)
		}
		if now > heapBefore+32<<20 {
			t.Errorf("heap %d -> %d bytes", heapBefore, now)
		}
	})
	p.end(t, w)
	if c := w.Counts(); decoded(c) != c.Sent {
		t.Errorf("messages of strangers were decoded: %+v", c)
	}
}

// A host that has no descriptor left for new connections keeps those that it has, says so
// in few lines, and takes new ones when there is room again.
func TestHostOutOfDescriptorsGoesOn(t *testing.T) {
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	dir := certs(t, rolePairIDs...)
	var p pulse
	log := &lines{}
	w := start(t, rolePair(p.program()), live.Options{Certs: dir, Log: slog.New(slog.NewTextHandler(log, nil))})
	p.take(t, 50)
	end := startAttack(t, "strangers", w.Addr("server"), dir)
	few := limit
	few.Cur = uint64(descriptors(t)) - 100 // of the strangers that are there
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		t.Fatal(err)
	}
	eventually(t, "there is no room", func() bool { return log.with("too many open files") > 0 })
	p.take(t, 1)
	p.take(t, 300)
	failures := log.with("too many open files")
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	end()
	t.Logf("%d lines of it; a good connection then took %v", failures, knock(t, w, dir).Round(time.Millisecond))
	if failures > 150 {
		t.Errorf("%d lines", failures)
	}
	p.end(t, w)
}

func TestFloodOfHandshakesLeavesTimeForOthers(t *testing.T) {
	dir := certs(t, rolePairIDs...)
	var p pulse
	w := start(t, rolePair(p.program()), live.Options{Certs: dir})
	besiege(t, w, &p, "handshakes", dir, 10, func() {
		t.Logf("a good connection took %v", knock(t, w, dir).Round(time.Millisecond))
	})
	p.end(t, w)
}

// A peer asks for 100 MiB in a second and does not read. The same stream to an actor that
// does not answer says what of it is the stream alone.
func TestPeerThatStopsReadingCostsOneBoundedQueue(t *testing.T) {
	dir := certs(t, append(slices.Clone(rolePairIDs), live.Identity{Host: "stuck", Role: "client"})...)
	pair, err := tls.LoadX509KeyPair(filepath.Join(dir, "stuck.pem"), filepath.Join(dir, "stuck.key"))
	if err != nil {
		t.Fatal(err)
	}
	hello := helloOf(t, "stuck")
	addr := listener(t, func(conn net.Conn) {
		secure := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequestClientCert})
		_, _ = secure.Write(hello) // and never reads a message
	})
	var p pulse
	top := rolePair(p.program())
	top.Hosts[0].Actors = append(top.Hosts[0].Actors,
		actors.ActorDef{Name: "reflect", New: reflectPackets},
		actors.ActorDef{Name: "sink", New: receiver(func(actors.Env, actor.Context) {})})
	top.Hosts = append(top.Hosts, actors.Host{Name: "stuck", Role: "client"})
	top.Roles[1].Sends = append(top.Roles[1].Sends, "live.packet")
	w := start(t, top, live.Options{Hosts: []string{"server", "peer"}, Addrs: map[string]string{"stuck": addr}, Certs: dir})
	if os.Getenv(figuresVar) != "" {
		besiege(t, w, &p, "bulk", dir, 10, nil)
	}
	heapBefore := heap()
	besiege(t, w, &p, "echoes", dir, 10, func() {
		eventually(t, "what does not fit is dropped and counted", func() bool { return w.Counts().Overflow > 50 })
		now := heap()
		t.Logf("heap %d -> %d KiB", heapBefore>>10, now>>10)
		if now > heapBefore+64<<20 {
			t.Errorf("heap %d -> %d bytes", heapBefore, now)
		}
	})
	p.end(t, w)
}
