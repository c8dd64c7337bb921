package harness

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/internal/wire"
)

// recordedFile writes a file of a recording: events that make yields.
func recordedFile(t *testing.T, name string, h trace.Header, events func(add func(trace.Event))) (size int64) {
	t.Helper()
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w, err := trace.NewWriter(f, h)
	seq := int64(0)
	events(func(e trace.Event) {
		seq = max(seq+1, e.Seq)
		e.Seq, e.Host = seq, h.Host
		err = errors.Join(err, w.Write(e))
	})
	if err := errors.Join(err, w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}

func at(ms int, e trace.Event) trace.Event {
	e.At = time.Duration(ms) * time.Millisecond
	return e
}

// The files of a host follow each other, those of several hosts are told together, by
// the clock that they share, and a fact that was written late is told when it was noted.
func TestRecordedHostsAreToldByTheirTimes(t *testing.T) {
	dir := t.TempDir()
	note := func(ms int, text string) trace.Event { return at(ms, trace.Event{Kind: trace.Note, Text: text}) }
	begin := func(boot uint64) trace.Event { return trace.Event{Kind: trace.Start, Key: boot} }
	write := func(host string, base int, name string, events ...trace.Event) {
		recordedFile(t, filepath.Join(dir, name), trace.Header{Host: host, Base: time.Duration(base) * time.Millisecond}, func(add func(trace.Event)) {
			for _, e := range events {
				add(e)
			}
		})
	}
	write("b", 2000, "b-1.trace", begin(1), note(5, "b5"), note(30, "b30"))
	write("a", 2000, "a-9.trace", begin(9), note(10, "a10"), note(9, "a9"), note(20, "a20"), at(21, trace.Event{Kind: trace.Crash}))
	write("a", 2022, "a-10.trace", begin(10), note(3, "a25")) // of another process, on the same clock
	rec, err := ReadRecording(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for e, err := range rec.Events() {
		if err != nil {
			t.Fatal(err)
		}
		if e.Seq != int64(len(got))+1 {
			t.Errorf("%+v is event %d", e, len(got)+1)
		}
		got = append(got, fmt.Sprintf("%v %s %v %s", e.At, e.Host, e.Kind, e.Text))
	}
	want := []string{
		"0s a start boot 9", "0s b start boot 1", "5ms b note b5", "9ms a note a9", "10ms a note a10", "20ms a note a20", "21ms a crash ",
		"22ms a restart boot 10", "25ms a note a25", "30ms b note b30",
	}
	if !slices.Equal(got, want) || rec.Scenario != "" || rec.Boots != 3 {
		t.Errorf("%d boots of %q, %q\nwant %q", rec.Boots, rec.Scenario, got, want)
	}
}

// A boot may be several files, of which the oldest are gone: that is said, and what goes
// on in a new file is no event.
func TestRecordedBootGoesOnInItsNextFile(t *testing.T) {
	dir := t.TempDir()
	for n, first := range []trace.Kind{trace.Start, trace.Log, trace.Log} {
		name := filepath.Join(dir, fmt.Sprintf("a-7.%d.trace", n+1))
		recordedFile(t, name, trace.Header{Host: "a"}, func(add func(trace.Event)) {
			add(trace.Event{Seq: int64(10 * n), At: time.Duration(10 * n), Kind: first, Key: 7})
			add(trace.Event{Seq: int64(10*n + 1), At: time.Duration(10*n + 1), Kind: trace.Clock, Path: "a/x"})
		})
	}
	tell := func() (kinds []trace.Kind, rec *Recording) {
		rec, err := ReadRecording(dir)
		if err != nil {
			t.Fatal(err)
		}
		for e, err := range rec.Events() {
			if err != nil {
				t.Fatal(err)
			}
			kinds = append(kinds, e.Kind)
		}
		return kinds, rec
	}
	kinds, rec := tell()
	if !slices.Equal(kinds, []trace.Kind{trace.Start, trace.Clock, trace.Clock, trace.Clock}) || rec.Boots != 1 || len(rec.Missing) > 0 {
		t.Errorf("%v, %d boots, missing %q", kinds, rec.Boots, rec.Missing)
	}
	if err := os.Remove(filepath.Join(dir, "a-7.1.trace")); err != nil {
		t.Fatal(err)
	}
	kinds, rec = tell()
	if !slices.Equal(kinds, []trace.Kind{trace.Clock, trace.Clock}) || len(rec.Missing) != 1 || !strings.HasPrefix(rec.Missing[0], "the beginning of 1 of 1 boots") {
		t.Errorf("%v, missing %q", kinds, rec.Missing)
	}
	if lives := rec.Lives(); len(lives) != 1 || lives[0] != (RecordedLife{Host: "a", Boot: 7, From: 10, To: 21, End: "ended at once"}) {
		t.Errorf("%+v", lives)
	}
}

// FAULTS 4, files: what a recording takes in memory is bounded by what is open and not
// by how long it is.
func TestRecordingIsToldInBoundedMemory(t *testing.T) {
	const messages = 150_000
	dir := t.TempDir()
	content := strings.Repeat("x", 100)
	key := func(n int) uint64 { return wire.Hash(fmt.Append(nil, n)) }
	file := recordedFile(t, filepath.Join(dir, "a-1.trace"), trace.Header{Host: "a"}, func(add func(trace.Event)) {
		add(trace.Event{Kind: trace.Start, Key: 1})
		for n := range messages {
			add(at(n+1, trace.Event{Kind: trace.Timer, Path: "a/x", Msg: "tick"}))
			add(at(n+1, trace.Event{Kind: trace.Send, Path: "a/x", Peer: "b/y", Msg: "m", Key: key(n)}))
		}
	})
	file += recordedFile(t, filepath.Join(dir, "b-1.trace"), trace.Header{Host: "b"}, func(add func(trace.Event)) {
		add(trace.Event{Kind: trace.Start, Key: 1})
		for n := range messages {
			if n%10 > 0 { // one in ten is lost
				add(at(n+2, trace.Event{Kind: trace.Deliver, Path: "b/y", Msg: "m", Data: content, Key: key(n)}))
			}
		}
	})
	held := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	before := held()
	rec, err := ReadRecording(dir)
	if err != nil {
		t.Fatal(err)
	}
	var most int64
	var kinds [64]int
	for e, err := range rec.Events() {
		if err != nil {
			t.Fatal(err)
		}
		if kinds[e.Kind]++; e.Seq%100_000 == 0 {
			most = max(most, held()-before)
		}
	}
	if kinds[trace.Send] != messages || kinds[trace.Deliver] != messages*9/10 || kinds[trace.Drop] < messages/10-1100 || kinds[trace.Drop] > messages/10 {
		t.Errorf("%d sent, %d delivered, %d lost", kinds[trace.Send], kinds[trace.Deliver], kinds[trace.Drop])
	}
	if most > file/3 {
		t.Errorf("%d KiB in memory for %d KiB of files", most>>10, file>>10)
	}
	t.Logf("%d KiB in memory for %d KiB of files", most>>10, file>>10)
}

// Facts have to be in memory to be judged, so there is a limit.
func TestRecordingOfTooManyFactsIsRefused(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, planFile), []byte("plan     1\nscenario harness/none\nseed     0x1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	fact, err := wire.AppendFact(nil, recordedFact{strings.Repeat("x", 1000)})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "a-1.trace")
	recordedFile(t, name, trace.Header{Host: "a"}, func(add func(trace.Event)) {
		add(trace.Event{Kind: trace.Start, Key: 1})
		for n := range 20 {
			add(at(n, trace.Event{Kind: trace.Note, Path: "a/x", Data: string(fact)}))
		}
	})
	if _, err := readRecording(dir, 30_000); err != nil {
		t.Error(err)
	}
	if _, err := readRecording(dir, 15_000); err == nil || !strings.Contains(err.Error(), name+": more than") {
		t.Errorf("got %v", err)
	}
}

type recordedFact struct{ Text string }

func init() { actors.Facts("harness_recording_test", recordedFact{}) }
