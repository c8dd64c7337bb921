package trace

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"
)

var (
	someHeader = Header{Scenario: "register", Seed: 7, Plan: "plan 1\n", Verdict: "VIOLATION", Check: "lost", Why: "gone", Operations: []string{"c0#1", "c0#2"}, Host: "server", Base: time.Hour}
	someEvents = []Event{
		{Seq: 1, Kind: Start, Host: "server", Path: "server/register"},
		{Seq: 2, At: time.Millisecond, Kind: Call, Host: "c0", Path: "c0/client", Msg: "c0#1", Text: "put 1"},
		{Seq: 5, At: time.Millisecond, Kind: Send, Host: "c0", Path: "c0/client", Peer: "server/register", Msg: "register.put", Key: 1<<64 - 1, Cause: 2},
		{Seq: 9, At: 5 * time.Millisecond, Kind: PowerLoss, Host: "server", Text: "17 bytes"},
	}
)

func encode(t testing.TB, h Header, events []Event) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, h)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		if err := w.Write(e); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTraceComesBackAsWritten(t *testing.T) {
	h, events, err := Read(bytes.NewReader(encode(t, someHeader, someEvents)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(someHeader, h); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(someEvents, events); diff != "" {
		t.Error(diff)
	}
}

func TestEveryEventComesBackAsWritten(t *testing.T) {
	properties := gopter.NewProperties(nil)
	text := gen.SliceOf(gen.UInt8()).Map(func(b []byte) string { return string(b) })
	properties.Property("decode(append(e)) == e", prop.ForAll(
		func(kind uint8, seq, at, cause int64, key uint64, path, msg, text string) bool {
			e := Event{
				Kind: Kind(kind%uint8(kinds-1)) + 1, Seq: seq, At: time.Duration(at), Cause: cause, Key: key,
				Host: path, Path: text, Peer: msg, Msg: path, Text: text, Data: msg,
			}
			got, err := decodeEvent(e.append(nil), names{})
			return err == nil && got == e
		},
		gen.UInt8(), gen.Int64(), gen.Int64(), gen.Int64(), gen.UInt64(), text, text, text,
	))
	properties.TestingRun(t)
}

// FAULTS 3.8: an altered file is refused, and what is returned of it is true.
func TestEveryAlteredByteIsDetected(t *testing.T) {
	whole := encode(t, someHeader, someEvents)
	for i := range whole {
		for _, flip := range []byte{0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff} {
			bad := bytes.Clone(whole)
			bad[i] ^= flip
			wantRefused(t, bad)
		}
	}
}

// FAULTS 3.8: a file that was cut off is refused, at whatever length, is known to be
// cut off, and gives all that is whole in it.
func TestEveryCutIsDetected(t *testing.T) {
	whole := encode(t, someHeader, someEvents)
	ends := recordEnds(whole)
	for n := range whole {
		wantRefused(t, whole[:n])
		_, events, err := Read(bytes.NewReader(whole[:n]))
		if !errors.Is(err, ErrCut) {
			t.Errorf("%d of %d bytes: got %v, want ErrCut", n, len(whole), err)
		}
		records := 0
		for _, end := range ends {
			if end <= n {
				records++
			}
		}
		// The first record is the header.
		if len(events) != max(0, records-1) {
			t.Errorf("%d of %d bytes: %d events of %d whole records", n, len(whole), len(events), records)
		}
	}
	for _, bad := range [][]byte{append(bytes.Clone(whole), 0), append(bytes.Clone(whole), whole...)} {
		wantRefused(t, bad)
		if _, _, err := Read(bytes.NewReader(bad)); errors.Is(err, ErrCut) {
			t.Errorf("a longer file counts as cut off: %v", err)
		}
	}
}

// The records are a chain: whole ones cannot be dropped, doubled or moved.
func TestEveryMovedRecordIsDetected(t *testing.T) {
	whole := encode(t, someHeader, someEvents)
	ends := recordEnds(whole)
	start := func(i int) int {
		if i == 0 {
			return len(magic) + 4
		}
		return ends[i-1]
	}
	for i := range ends {
		before, record, after := whole[:start(i)], whole[start(i):ends[i]], whole[ends[i]:]
		wantRefused(t, slices.Concat(before, after))
		wantRefused(t, slices.Concat(before, record, record, after))
		if i > 0 {
			wantRefused(t, slices.Concat(whole[:start(i-1)], record, whole[start(i-1):start(i)], after))
		}
	}
}

// recordEnds are the places where records end, the footer included.
func recordEnds(whole []byte) (ends []int) {
	for at := len(magic) + 4; at < len(whole); {
		at += 8 + int(binary.BigEndian.Uint32(whole[at:]))
		ends = append(ends, at)
	}
	return ends
}

func wantRefused(t *testing.T, b []byte) {
	t.Helper()
	_, events, err := Read(bytes.NewReader(b))
	if !errors.Is(err, ErrDamaged) {
		t.Fatalf("%q: got error %v, want ErrDamaged", b, err)
	}
	if len(events) > len(someEvents) || !cmp.Equal(events, someEvents[:len(events)], cmp.Transformer("empty", func(e []Event) []Event { return append([]Event{}, e...) })) {
		t.Fatalf("%q: the prefix is not what was written: %v", b, events)
	}
}

// FAULTS 4, files: a record cannot claim memory that the file does not back.
func TestLongLengthCostsNoMemory(t *testing.T) {
	b := encode(t, someHeader, nil)[:len(magic)+4]
	b = append(b, 0, 0x3f, 0xff, 0xff, 1, 2, 3, 4)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := NewReader(bytes.NewReader(b)); !errors.Is(err, ErrDamaged) {
		t.Fatalf("got %v", err)
	}
	runtime.ReadMemStats(&after)
	allocated := after.TotalAlloc - before.TotalAlloc
	if allocated > 256<<10 { // the reader's own buffers, of a record that claims 4 MiB
		t.Errorf("%d bytes allocated for a record of none", allocated)
	}
}

func TestLongTextIsCutNotRefused(t *testing.T) {
	e := Event{Seq: 1, Kind: Log, Text: strings.Repeat("x", MaxRecord+1)}
	_, events, err := Read(bytes.NewReader(encode(t, Header{}, []Event{e})))
	if err != nil || len(events) != 1 || len(events[0].Text) != MaxRecord/2 {
		t.Fatalf("got %d events, %v", len(events), err)
	}
}

type fullDisk struct{ room int }

func (d *fullDisk) Write(b []byte) (int, error) {
	if len(b) > d.room {
		return 0, errors.New("no space left")
	}
	d.room -= len(b)
	return len(b), nil
}

func TestWriterReportsFullDisk(t *testing.T) {
	w, err := NewWriter(&fullDisk{room: 100}, someHeader)
	if err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		w.Write(someEvents[1])
	}
	if err := w.Close(); err == nil || err.Error() != "no space left" {
		t.Errorf("got %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(encode(f, someHeader, someEvents))
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, events, err := Read(bytes.NewReader(b))
		if err != nil && !errors.Is(err, ErrDamaged) && err != io.EOF {
			t.Fatalf("an error of another kind: %v", err)
		}
		if err == nil && !bytes.Equal(encode(t, h, events), b) {
			t.Fatal("two files for one trace")
		}
	})
}

// FAULTS 4, files: a trace in memory takes at most 4 times its file, also while it is
// read, if its events are as short as events are.
func TestTraceInMemoryIsBoundedByItsFile(t *testing.T) {
	var events []Event
	for n := range 100_000 {
		path := []string{"daemon1/store", "daemon2/store", "c0/client"}[n%3]
		events = append(events, Event{Seq: int64(n), At: time.Duration(n) * time.Microsecond, Kind: Deliver, Host: "daemon1", Path: path, Peer: "c0/client", Msg: "store.ack", Key: uint64(n) << 32, Cause: int64(n) - 1})
	}
	file := encode(t, Header{}, events)
	_, got, err := Read(bytes.NewReader(file))
	if err != nil || len(got) != len(events) {
		t.Fatal(len(got), err)
	}
	for i := range got[1:] {
		if unsafe.StringData(got[i].Host) != unsafe.StringData(got[i+1].Host) {
			t.Fatalf("events %d and %d have a copy each of the name of their host", i, i+1)
		}
	}
	// The slice, and the one of four fifths that it has grown from.
	if held := cap(got) * int(unsafe.Sizeof(Event{})) * 9 / 5; held > 4*len(file) {
		t.Errorf("%d bytes of events from a file of %d", held, len(file))
	}
}
