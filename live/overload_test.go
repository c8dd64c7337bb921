package live_test

import (
	"os"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/live"
)

// overloadVar is how long the overload lasts, such as 10m.
const overloadVar = "SIMRUN_OVERLOAD"

// What the overloaded actor does in a second, and how much more comes.
const (
	overloadRate   = 100
	overloadFactor = 10
	overloadBytes  = 128 << 10 // a message
)

// overload sends ten times of what its victim can do.
func overload(t *testing.T, addr, dir string, on func(), over *atomic.Bool) {
	conn := dialSecure(t, addr, dir, "stuck")
	write(t, conn, helloOf(t, "stuck"))
	big := frame(t, "slow", "", blob{make([]byte, overloadBytes)})
	began := time.Now()
	on()
	for n := 0; !over.Load(); n++ {
		write(t, conn, big)
		time.Sleep(time.Until(began.Add(time.Duration(n) * time.Second / (overloadRate * overloadFactor))))
	}
}

// resident returns the memory of this process that is not on disk, in bytes.
func resident(t *testing.T) int {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip("no /proc to read the memory from")
	}
	m := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindSubmatch(status)
	kib, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kib << 10
}

// FAULTS 4, memory: under ten times of what an actor can do, what waits is bounded for
// each peer, and what the process takes by the memory limit of the runtime.
func TestOverloadStaysWithinTheMemoryLimit(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector, which runs the short tests, takes several times the memory")
	}
	lasts := time.Second
	if text := os.Getenv(overloadVar); text != "" {
		var err error
		if lasts, err = time.ParseDuration(text); err != nil {
			t.Fatal(err)
		}
	}
	const limit = 128 << 20 // the share of a peer, 64 MiB, and as much for all else
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(limit))
	debug.FreeOSMemory()

	dir := certs(t, append([]live.Identity{{Host: "stuck", Role: "client"}}, rolePairIDs...)...)
	var p pulse
	var done atomic.Int64
	top := rolePair(p.program())
	top.Hosts[0].Actors = append(top.Hosts[0].Actors, actors.ActorDef{Name: "slow", New: receiver(func(env actors.Env, ctx actor.Context) {
		if _, ok := ctx.Message().(blob); ok {
			env.Clock.Sleep(time.Second / overloadRate)
			done.Add(1)
		}
	})})
	top.Hosts = append(top.Hosts, actors.Host{Name: "stuck", Role: "client"})
	w := start(t, top, live.Options{Certs: dir})
	p.take(t, 50)
	goroutines, most, threads := runtime.NumGoroutine(), 0, 0
	besiege(t, w, &p, "overload", dir, 10, func() {
		for end := time.Now().Add(lasts); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
			most, threads = max(most, resident(t)), max(threads, runtime.NumGoroutine())
			p.forget()
		}
	})
	c := w.Counts()
	t.Logf("%v: %d done, %d dropped; at most %d MiB resident of %d, %d goroutines more", lasts, done.Load(), c.Flooded, most>>20, limit>>20, threads-goroutines)
	if c.Flooded == 0 || done.Load() == 0 {
		t.Errorf("no overload: %+v", c)
	}
	if most > limit*12/10 {
		t.Errorf("%d bytes resident", most)
	}
	if threads > goroutines+50 {
		t.Errorf("%d goroutines, %d before", threads, goroutines)
	}
	p.end(t, w)
}
