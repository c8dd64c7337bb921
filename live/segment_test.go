package live_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/live"
)

// recordedLoad has two hosts, each of which is recorded, send messages there and back;
// meanwhile is called in the middle of it.
func recordedLoad(t *testing.T, opts live.Options, meanwhile func()) *live.World {
	t.Helper()
	result := make(chan error, 1)
	opts.Dir = t.TempDir()
	w, err := live.Start(actors.Topology{Hosts: []actors.Host{
		oneHost("server", actors.ActorDef{Name: "echo", New: reflectPackets}),
		oneHost("peer", actors.ActorDef{Name: "pump", New: pump(job{20_000, 64, 100}, result)}),
	}}, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Stop(context.Background()); err != nil {
			t.Error(err)
		}
	})
	meanwhile()
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	return w
}

// held adds up the files of a host.
func held(t *testing.T, dir, host string) (names []string, sum int64) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, host+"-*"+live.RecordingSuffix))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		sum += info.Size()
	}
	return names, sum
}

// The recording of a host that runs for long is that of its last part: files that follow
// each other, and never more bytes than allowed, also over its restarts.
func TestRecordingOfAHostIsBounded(t *testing.T) {
	const most = 1 << 20
	dir := t.TempDir()
	w := recordedLoad(t, live.Options{Record: dir, RecordMax: most}, func() {})
	for life := range 3 {
		names, sum := held(t, dir, "server")
		if sum > most || sum < most/2 || len(names) < 5 {
			t.Errorf("life %d: %d bytes in %d files", life, sum, len(names))
		}
		if err := w.Crash("server"); err != nil {
			t.Fatal(err)
		}
		if err := w.Restart("server", false); err != nil {
			t.Fatal(err)
		}
	}
	var last int64
	names, _ := held(t, dir, "server")
	for n := range 10_000 {
		i := indexOf(names, fmt.Sprintf(".%d%s", n, live.RecordingSuffix))
		if i < 0 {
			continue
		}
		f, err := os.Open(names[i])
		if err != nil {
			t.Fatal(err)
		}
		_, events, err := trace.Read(f)
		f.Close()
		if err != nil || events[0].Kind != trace.Log || events[0].Key == 0 || last != 0 && events[0].Seq != last+1 {
			t.Errorf("%s: begins with %+v after event %d, %v", names[i], events[0], last, err)
		}
		last = events[len(events)-1].Seq
	}
	if last < 40_000 {
		t.Errorf("the last event is number %d", last)
	}
}

func indexOf(names []string, suffix string) int {
	for i, name := range names {
		if strings.HasSuffix(name, suffix) {
			return i
		}
	}
	return -1
}

// A recording that cannot go on says so once for each host, and the hosts go on.
func TestHostOutlivesItsRecording(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "recording")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	var log lines
	w := recordedLoad(t, live.Options{Record: dir, RecordMax: 1 << 20, Log: slog.New(slog.NewTextHandler(&log, nil))}, func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	})
	if err := w.Err(); err != nil {
		t.Error(err)
	}
	for _, host := range []string{"server", "peer"} {
		if n := log.with(`msg="recording ends" host=` + host); n != 1 {
			t.Errorf("host %s: %d lines say that its recording ends", host, n)
		}
	}
}
