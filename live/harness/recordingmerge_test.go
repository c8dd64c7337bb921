package harness

import (
	"testing"
	"time"

	"github.com/simrun/simrun/internal/trace"
)

// A message that is sent again with the same content is one key in the files. In the
// story each delivery comes from the last sending before it, one more was doubled, and
// what never came is lost, if its receiver was recorded for long enough.
func TestDeliveriesFindTheirSendings(t *testing.T) {
	const lost, content = 7, 8
	at := func(ms int, key uint64, e trace.Event) trace.Event {
		e.At, e.Key = time.Duration(ms)*time.Millisecond, key
		return e
	}
	send := trace.Event{Kind: trace.Send, Host: "a", Path: "a/x", Peer: "b/y", Msg: "m"}
	come := trace.Event{Kind: trace.Deliver, Host: "b", Path: "b/y", Msg: "m"}
	step := trace.Event{Kind: trace.Timer, Host: "a", Path: "a/x"}
	note := trace.Event{Kind: trace.Note, Host: "b", Path: "b/y", Msg: "fact"}
	late := 5000
	events := connectAll(t, []trace.Event{
		at(1, 0, step), at(2, lost, send),
		at(10, 0, step), at(11, content, send), at(12, content, come), at(13, 0, note), at(14, content, come), // doubled
		at(20, 0, step), at(21, content, send), at(22, content, come),
		at(late-1, 0, step), at(late-1, content, send), // too late to say
		at(late, 0, note),
	})
	type want struct {
		kind  trace.Kind
		cause int64
	}
	var got []want
	for i, e := range events {
		if e.Seq != int64(i)+1 {
			t.Errorf("event %d has number %d", i+1, e.Seq)
		}
		got = append(got, want{e.Kind, e.Cause})
	}
	for i, w := range []want{
		{trace.Timer, 0}, {trace.Send, 1}, {trace.Drop, 1},
		{trace.Timer, 0}, {trace.Send, 4}, {trace.Deliver, 4}, {trace.Note, 6}, {trace.Deliver, 4},
		{trace.Timer, 0}, {trace.Send, 9}, {trace.Deliver, 9},
		{trace.Timer, 0}, {trace.Send, 12}, {trace.Note, 11},
	} {
		if i >= len(got) || got[i] != w {
			t.Errorf("event %d: want %v of %d in %v", i+1, w.kind, w.cause, got)
		}
	}
	if drop := events[2]; drop.Path != "b/y" || drop.Peer != "a/x" || drop.Host != "b" || drop.Key != events[1].Key {
		t.Errorf("%+v", drop)
	}
	if events[4].Key != events[5].Key || events[7].Key != events[5].Key || events[10].Key == events[5].Key {
		t.Error("deliveries have other keys than their sendings")
	}
}

// connectAll connects events as two readings of a recording do.
func connectAll(t *testing.T, events []trace.Event) (all []trace.Event) {
	t.Helper()
	recorded := map[string]bool{}
	for _, e := range events {
		recorded[e.Host] = true
	}
	first := newConnector(recorded)
	for _, e := range events {
		first.connect(&e)
	}
	second := newConnector(recorded)
	second.lost = first.end()
	for _, e := range events {
		drop, lost := second.connect(&e)
		if all = append(all, e); lost {
			all = append(all, drop)
		}
	}
	return all
}
