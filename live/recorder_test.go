package live_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/internal/wire"
	"github.com/simrun/simrun/live"
)

// files returns the recording of each boot of a host, the oldest first.
func recordings(t *testing.T, dir, host string) (all [][]trace.Event) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, host+"-*"+live.RecordingSuffix))
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		h, events, err := trace.Read(f)
		if err != nil || h.Host != host {
			t.Fatalf("%s: host %s, %v", name, h.Host, err)
		}
		all = append(all, events)
	}
	return all
}

// A drawn is a fact about a draw and a reading of the clock.
type drawn struct {
	N   uint64
	Now time.Duration
}

func init() { actors.Facts("live", drawn{}) }

// busy answers, and on the way does one of all that is recorded.
var busy = receiver(func(env actors.Env, ctx actor.Context) {
	switch msg := ctx.Message().(type) {
	case ask:
		if err := env.Disk.Append("file", []byte("x")); err != nil {
			env.Halt(err)
		}
		if err := env.Disk.Sync("file"); err != nil {
			env.Halt(err)
		}
		_ = env.Disk.Remove("nothing")
		env.Note(drawn{env.Rand.Uint64(), env.Clock.Now()})
		env.Clock.After(0, "due")
		ctx.Respond(answer{msg.N, env.Boot})
	case string:
		env.Send(env.PID("peer/sink"), ask{N: -1})
	}
})

var sink = receiver(func(actors.Env, actor.Context) {})

func TestRecordingHasWhatAReRunNeeds(t *testing.T) {
	dir, asked := t.TempDir(), make(chan error, 1)
	w := start(t, actors.Topology{Hosts: []actors.Host{
		oneHost("server", actors.ActorDef{Name: "busy", New: busy}),
		{Name: "peer", Actors: []actors.ActorDef{{Name: "sink", New: sink}}, Programs: []actors.ProgramDef{{Name: "main", Run: func(env actors.Env) error {
			_, err := env.Request(env.PID("server/busy"), ask{N: 7}, time.Minute)
			asked <- err
			return nil
		}}}},
	}}, live.Options{Record: dir, Note: func(live.Note) {}})
	if err := <-asked; err != nil {
		t.Fatal(err)
	}
	eventually(t, "message to the sink", func() bool { return w.Counts().Received == 3 })
	if err := w.Stop(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	server, peer := recordings(t, dir, "server"), recordings(t, dir, "peer")
	if len(server) != 1 || len(peer) != 1 {
		t.Fatalf("%d and %d files", len(server), len(peer))
	}
	var kinds []trace.Kind
	var rng *rand.Rand
	byKind := map[trace.Kind]trace.Event{}
	for i, e := range server[0] {
		if e.Seq != int64(i+1) || e.Host != "server" || i > 0 && e.At < server[0][i-1].At {
			t.Errorf("event %d: %+v", i, e)
		}
		if e.Kind == trace.Start && e.Path == "server/busy" {
			seed := []byte(e.Data)
			rng = rand.New(rand.NewPCG(binary.BigEndian.Uint64(seed), binary.BigEndian.Uint64(seed[8:])))
		}
		if byKind[e.Kind].Kind == 0 || e.Msg == "live.ask" {
			byKind[e.Kind] = e
		}
		if e.Path == "server/busy" && e.Msg != "actor.Started" && e.Msg != "actor.Stopping" {
			kinds = append(kinds, e.Kind)
		}
	}
	want := []trace.Kind{
		trace.Start, trace.Deliver, trace.Disk, trace.Sync, trace.Disk, trace.Clock, trace.Note, trace.Send,
		trace.Timer, trace.Send,
	}
	if !slices.Equal(kinds, want) {
		t.Errorf("server/busy did %v, want %v", kinds, want)
	}
	fact, err := wire.DecodeFact([]byte(byKind[trace.Note].Data))
	if err != nil || fact != (drawn{rng.Uint64(), time.Duration(byKind[trace.Clock].Key)}) {
		t.Errorf("fact %+v, %v: not of the seed and the clock that were recorded", fact, err)
	}
	mt, _ := actors.MessageNamed(byKind[trace.Deliver].Msg)
	if msg, err := wire.Decode(mt, []byte(byKind[trace.Deliver].Data)); err != nil || msg != (ask{N: 7}) {
		t.Errorf("content %+v, %v", msg, err)
	}
	if timer := byKind[trace.Timer]; timer.Key != 1 || timer.Msg != "string" {
		t.Errorf("timer %+v", timer)
	}
	if end := server[0][len(server[0])-1]; end.Kind != trace.Stop {
		t.Errorf("the end is %+v", end)
	}
	// What one side sent is what the other received.
	for _, hop := range []struct{ from, to []trace.Event }{{peer[0], server[0]}, {server[0], peer[0]}} {
		for _, e := range hop.to {
			if e.Kind == trace.Deliver && e.Key != 0 && !slices.ContainsFunc(hop.from, func(s trace.Event) bool {
				return s.Kind == trace.Send && s.Key == e.Key && s.Msg == e.Msg && s.At <= e.At
			}) {
				t.Errorf("nobody sent %+v", e)
			}
		}
	}
}

func TestEachBootHasItsOwnRecording(t *testing.T) {
	dir := t.TempDir()
	w := start(t, actors.Topology{Hosts: []actors.Host{oneHost("server", actors.ActorDef{Name: "busy", New: busy})}}, live.Options{Record: dir})
	if err := w.Crash("server"); err != nil {
		t.Fatal(err)
	}
	if err := w.Restart("server", false); err != nil {
		t.Fatal(err)
	}
	if err := w.Stop(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	var ends []string
	for _, events := range recordings(t, dir, "server") {
		ends = append(ends, events[len(events)-1].Kind.String())
	}
	if !slices.Equal(ends, []string{"crash", "stop"}) {
		t.Errorf("boots end in %v", ends)
	}
}

// A process that is killed loses what it has not written: what is older than the
// delay is there, and the reader says that the end is missing.
func TestRecordingOfAKilledProcessIsCutNotLost(t *testing.T) {
	dir := t.TempDir()
	start(t, actors.Topology{Hosts: []actors.Host{oneHost("server", actors.ActorDef{Name: "busy", New: busy})}}, live.Options{Record: dir})
	names, err := filepath.Glob(filepath.Join(dir, "*"+live.RecordingSuffix))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	eventually(t, "the delay is over", func() bool {
		f, err := os.Open(names[0]) // as it is for one who comes after a kill at this moment
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		_, events, err := trace.Read(f)
		return len(events) >= 2 && fmt.Sprint(err) != "<nil>"
	})
}

func TestRecordingNeedsItsFolder(t *testing.T) {
	_, err := live.Start(actors.Topology{Hosts: []actors.Host{oneHost("server")}}, live.Options{Dir: t.TempDir(), Record: filepath.Join(t.TempDir(), "nothing")})
	if err == nil {
		t.Error("it runs")
	}
}

// What a recording costs: round trips of 100 bytes with 64 under way.
func BenchmarkRecording(b *testing.B) {
	for _, on := range []bool{false, true} {
		b.Run(fmt.Sprintf("on=%v", on), func(b *testing.B) {
			opts := live.Options{Dir: b.TempDir()}
			if on {
				opts.Record = b.TempDir()
			}
			result := make(chan error, 1)
			w, err := live.Start(actors.Topology{Hosts: []actors.Host{
				oneHost("server", actors.ActorDef{Name: "echo", New: reflectPackets}),
				oneHost("peer", actors.ActorDef{Name: "pump", New: pump(job{b.N, 64, 100}, result)}),
			}}, opts)
			if err != nil {
				b.Fatal(err)
			}
			if err := <-result; err != nil {
				b.Error(err)
			}
			b.StopTimer()
			if err := w.Stop(b.Context()); err != nil {
				b.Error(err)
			}
			if on {
				b.ReportMetric(folderBytes(b, opts.Record)/float64(b.N), "B-recorded/op")
			}
		})
	}
}

func folderBytes(b *testing.B, dir string) (sum float64) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			b.Fatal(err)
		}
		sum += float64(info.Size())
	}
	return sum
}
