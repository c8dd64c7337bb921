package live_test

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/internal/wire"
	"github.com/simrun/simrun/live"
)

// A pulse is a good client that asks without pause and takes the times.
type pulse struct {
	stop  atomic.Bool
	mu    sync.Mutex
	times []time.Duration
}

func (p *pulse) program() actors.ProgramDef {
	return actors.ProgramDef{Name: "pulse", Run: func(env actors.Env) error {
		to := env.PID("server/echo")
		for n := 0; !p.stop.Load(); n++ {
			began := env.Clock.Now()
			got, err := env.Request(to, ask{n}, 10*time.Second)
			if err != nil || got.(answer).N != n {
				return fmt.Errorf("ask %d: %v, %w", n, got, err)
			}
			p.mu.Lock()
			p.times = append(p.times, env.Clock.Now()-began)
			p.mu.Unlock()
			env.Clock.Sleep(time.Millisecond)
		}
		return nil
	}}
}

// take waits until there are at least n times since the last take and returns
// their number and 99th percentile.
func (p *pulse) take(t *testing.T, n int) (count int, p99 time.Duration) {
	t.Helper()
	eventually(t, "answers for a good client", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return len(p.times) >= n
	})
	p.mu.Lock()
	defer p.mu.Unlock()
	slices.Sort(p.times)
	count, p99 = len(p.times), p.times[len(p.times)*99/100]
	p.times = nil
	return count, p99
}

// forget leaves out most of the times of a long test.
func (p *pulse) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.times) > 100_000 {
		p.times = p.times[len(p.times)/2:]
	}
}

// figuresVar says that the machine is idle: how good clients fare is then held to figures.
const figuresVar = "SIMRUN_FIGURES"

// compare prints how a good client fared and fails if it did not go on, or if its p99
// grew by more than a factor on an idle machine.
func (p *pulse) compare(t *testing.T, before, after time.Duration, count int, factor float64) {
	t.Helper()
	t.Logf("good client: %d answers, p99 %v before and %v during (%.1fx)", count, before, after, float64(after)/float64(before))
	if os.Getenv(figuresVar) != "" && float64(after) > factor*float64(before) || after > time.Second {
		t.Errorf("a good client waited %v", after)
	}
}

func (p *pulse) end(t *testing.T, w *live.World) {
	t.Helper()
	p.stop.Store(true)
	if err := w.Wait(within(t, 20*time.Second)); err != nil {
		t.Error(err)
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse
}

// descriptors is the number of open files of this process.
func descriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc to count descriptors in")
	}
	return len(entries)
}

// clientHello is what a client of TLS says first.
func clientHello(t *testing.T, dir string) []byte {
	t.Helper()
	tap := &tap{Conn: deaf{}}
	_ = tls.Client(tap, trusting(t, dir)).Handshake()
	return tap.sent.Bytes()
}

// deaf is a connection to nobody.
type deaf struct{ net.Conn }

func (deaf) Write(b []byte) (int, error) { return len(b), nil }
func (deaf) Read([]byte) (int, error)    { return 0, io.EOF }

// FAULTS 4, memory: a peer that comes and goes leaves nothing behind.
func TestThousandReconnectsLeaveNothingBehind(t *testing.T) {
	dir := certs(t, rolePairIDs...)
	w := start(t, rolePair(), live.Options{Certs: dir})
	visit := func() {
		raw, err := net.Dial("tcp", w.Addr("server")) // a cleanup for each would stay behind
		if err != nil {
			t.Fatal(err)
		}
		conn := secure(t, raw, dir, "peer")
		write(t, conn, append(helloOf(t, "peer"), frame(t, "echo", "", ask{})...))
		if _, err := wire.NewReader(conn).Next(); err != nil {
			t.Fatal(err)
		}
		_ = conn.Close()
	}
	for range 50 {
		visit()
	}
	eventually(t, "the first visitors have gone", func() bool { return w.Counts().Received == 50 })
	goroutines, files, before := runtime.NumGoroutine(), descriptors(t), heap()
	for range 1000 {
		visit()
	}
	eventually(t, "goroutines and descriptors have gone", func() bool {
		return runtime.NumGoroutine() <= goroutines && descriptors(t) <= files
	})
	after := heap()
	t.Logf("heap %d -> %d KiB", before>>10, after>>10)
	if after > before+256<<10 { // a KiB that each left behind would be four times of that
		t.Errorf("heap %d -> %d bytes", before, after)
	}
	if n := w.Counts().Refused; n != 0 {
		t.Errorf("%d refused", n)
	}
}

// FAULTS 4, transport: SIMRUN_FRAMES sets the number of frames.
func TestFuzzedFramesCostTheirConnectionsOnly(t *testing.T) {
	t.Parallel()
	frames := 10_000
	if text := os.Getenv("SIMRUN_FRAMES"); text != "" {
		var err error
		if frames, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	var p pulse
	var taken atomic.Int64
	marks, refused := make(chan int, 1), 0
	top := pair(p.program())
	top.Hosts[0].Actors = append(top.Hosts[0].Actors, actors.ActorDef{Name: "sink", New: receiver(func(_ actors.Env, ctx actor.Context) {
		switch m := ctx.Message().(type) {
		case *actor.Started:
		case mark:
			marks <- m.N
		default:
			taken.Add(1)
		}
	})})
	top.Hosts = append(top.Hosts, actors.Host{Name: "fuzzer"})
	log := &lines{}
	w := start(t, top, live.Options{Log: slog.New(slog.NewTextHandler(log, nil))})
	_, before := p.take(t, 300)

	r := rand.New(rand.NewPCG(1, 2))
	var seeds [][]byte
	for _, msg := range []any{ask{1}, answer{1, 2}, &poke{3}, blob{[]byte("bytes")}, packet{4, []byte("x")}, &actor.Stop{}, &actor.PoisonPill{}} {
		seeds = append(seeds, frame(t, "sink", "fuzzer/f", msg), frame(t, "req/1.1", "", msg))
	}
	began := time.Now()
	var conn *fuzzer
	for n := range frames {
		if conn == nil {
			conn = dialFuzzer(t, w)
		}
		// The mark behind the frame arrives if the frame was taken, and else the end of
		// the connection.
		_, _ = conn.Write(append(mutate(r, seeds[r.IntN(len(seeds))]), frame(t, "sink", "", mark{n})...))
		select {
		case got := <-marks:
			if got != n {
				t.Fatalf("frame %d: mark %d", n, got)
			}
		case <-conn.ended:
			conn = nil
			refused++
		case <-time.After(10 * time.Second):
			t.Fatalf("frame %d hangs: %+v", n, w.Counts())
		}
	}
	took := time.Since(began)
	count, during := p.take(t, 300)
	t.Logf("%d frames in %v: %d refused, %d delivered, %d for nobody", frames, took.Round(time.Millisecond), refused, taken.Load(), w.Counts().DeadLetters+w.Counts().Stale)
	p.compare(t, before, during, count, 10)
	p.end(t, w)
	if n := log.with("panic"); n != 0 {
		t.Errorf("%d panics", n)
	}
	if n := w.Counts().Refused; n != uint64(refused) {
		t.Errorf("%d refused of %d", n, refused)
	}
	if refused == 0 || taken.Load() == 0 {
		t.Error("the frames try one side only")
	}
}

// A mark follows a fuzzed frame.
type mark struct{ N int }

func init() { actors.Message("live.mark", mark{}) }

// A fuzzer is a connection that leaves nothing behind in the kernel.
type fuzzer struct {
	net.Conn
	ended chan struct{}
}

func dialFuzzer(t *testing.T, w *live.World) *fuzzer {
	t.Helper()
	conn, err := net.Dial("tcp", w.Addr("server"))
	if err != nil {
		t.Fatal(err)
	}
	f := &fuzzer{conn, make(chan struct{})}
	if err := conn.(*net.TCPConn).SetLinger(0); err != nil {
		t.Fatal(err)
	}
	write(t, conn, helloOf(t, "fuzzer"))
	in := wire.NewReader(conn)
	if _, err := in.Next(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_, _ = in.Next()
		_ = conn.Close()
		close(f.ended)
	}()
	return f
}

// mutate makes a frame that was never sent by an honest host, most of them with a
// right length and check.
func mutate(r *rand.Rand, seed []byte) []byte {
	body := bodyOf(seed)
	switch r.IntN(10) {
	case 0: // damaged on the way
		b := bytes.Clone(seed)
		b[4+r.IntN(len(b)-4)] ^= byte(1 + r.IntN(255))
		return b
	case 1: // a length that no frame has
		lengths := []uint32{0, 1, 5, wire.FrameMax + 1, 1 << 31, 1<<32 - 1}
		return append(binary.BigEndian.AppendUint32(nil, lengths[r.IntN(len(lengths))]), body...)
	case 2: // nothing wrong
		return seed
	case 3: // noise
		body = body[:r.IntN(len(body))]
		for i := range body {
			body[i] = byte(r.Uint32())
		}
	case 4:
		return sealed(byte(r.Uint32()), wire.Kind(r.Uint32()), body)
	default:
		for range 1 + r.IntN(4) {
			i := r.IntN(len(body))
			switch r.IntN(4) {
			case 0:
				body = body[:max(i, 1)]
			case 1:
				body = slices.Insert(body, i, byte(r.Uint32()))
			case 2:
				body = slices.Insert(body, i, bytes.Clone(body[r.IntN(i+1):i])...)
			default:
				body[i] ^= 1 << r.IntN(8)
			}
		}
	}
	return sealed(wire.Version, wire.MessageKind, body)
}

// startBusy starts a pair of hosts whose server has an actor "slow", which does not come
// back from its first message before the test ends, and a host "flood".
func startBusy(t *testing.T) *live.World {
	t.Helper()
	release := make(chan struct{})
	top := pair()
	top.Hosts[0].Actors = append(top.Hosts[0].Actors, actors.ActorDef{Name: "slow", New: receiver(func(_ actors.Env, ctx actor.Context) {
		if _, ok := ctx.Message().(*actor.Started); !ok {
			<-release
		}
	})})
	top.Hosts = append(top.Hosts, actors.Host{Name: "flood"})
	w := start(t, top, live.Options{})
	t.Cleanup(func() { close(release) }) // before the World stops
	return w
}

func TestPeerThatFloodsAnActorFillsItsOwnShareOnly(t *testing.T) {
	w := startBusy(t)
	heapBefore := heap()
	flood, peer := dialAs(t, w, "server", "flood"), dialAs(t, w, "server", "peer")
	const blobs = 200
	big := frame(t, "slow", "", blob{make([]byte, 1<<20)})
	for range blobs {
		write(t, flood, big)
	}
	eventually(t, "each blob is taken or dropped", func() bool {
		c := w.Counts()
		return c.Received+c.Flooded == blobs
	})
	c := w.Counts()
	t.Logf("%d MiB for an actor that is busy: %d kept, %d dropped, heap %d -> %d KiB", blobs, c.Received, c.Flooded, heapBefore>>10, heap()>>10)
	if c.Received < 60 || c.Received > 65 {
		t.Errorf("%d MiB of one peer are waiting", c.Received)
	}
	write(t, peer, frame(t, "slow", "", ask{}))
	eventually(t, "another host's message finds room", func() bool { return w.Counts().Received == c.Received+1 })
	if w.Counts().Flooded != c.Flooded {
		t.Error("the flood of one host cost another a message")
	}
}

// A crowd has large elements: one that is nil takes a byte of a frame and 128 in memory.
type crowd struct {
	All []struct{ A, B, C, D, E, F, G, H string }
}

func init() { actors.Message("live.crowd", crowd{}) }

func TestPeerIsChargedForWhatItsMessagesTakeInMemory(t *testing.T) {
	w := startBusy(t)
	of := func(n uint16) []byte {
		body := bodyOf(frame(t, "slow", "", crowd{}))
		body = append(body[:len(body)-1], 0x99) // a list of so many
		body = binary.BigEndian.AppendUint16(body, n)
		return sealed(wire.Version, wire.MessageKind, append(body, bytes.Repeat([]byte{0xf6}, int(n))...))
	}
	flood := dialAs(t, w, "server", "flood")
	const crowds = 4000
	heapBefore, small := heap(), of(1000)
	for range crowds {
		write(t, flood, small)
	}
	eventually(t, "each crowd is taken or dropped", func() bool {
		c := w.Counts()
		return c.Received+c.Flooded == crowds
	})
	heapDuring := heap()
	t.Logf("%d KiB that take %d MiB: %d kept, heap %d -> %d KiB", crowds*len(small)>>10, crowds*128_000>>20, w.Counts().Received, heapBefore>>10, heapDuring>>10)
	if heapDuring > heapBefore+128<<20 {
		t.Errorf("heap %d -> %d bytes", heapBefore, heapDuring)
	}
	write(t, flood, of(50_000)) // six MiB of 50 KiB
	eventually(t, "a message that takes far more than its bytes costs the connection", func() bool { return w.Counts().Refused == 1 })
}
