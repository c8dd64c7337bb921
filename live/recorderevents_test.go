package live

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/internal/trace"
)

// What a recording says of an event is enough to tell it from its like.
func TestRecordedEventsSayWhatHappened(t *testing.T) {
	dir := t.TempDir()
	w, err := Start(actors.Topology{Hosts: []actors.Host{{Name: "h"}}}, Options{Dir: t.TempDir(), Record: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = w.Stop(t.Context()) }()
	b := w.hosts["h"].current()
	r := b.record
	from := actor.NewPID("peer", "x")
	r.step("h/a", "h/a", from, allowed{1})
	r.step("h/a", "h/a", nil, cargo{make([]byte, contentMax)})
	r.send("h/a", actor.NewPID("peer", "x"), allowed{2})
	r.send("h/a", actor.NewPID("peer", "y"), allowed{2})
	r.send("h/a", actor.NewPID("peer", "x"), allowed{2})
	r.disk("h/a", "sync", []string{"f"}, nil)
	r.disk("h/a", "sync", []string{"f"}, errors.New("broken"))
	r.fail(fmt.Errorf("h/a %w: %w", ErrHalted, errors.New("broken")))
	b.die(false)
	names, err := filepath.Glob(filepath.Join(dir, "*"+RecordingSuffix))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	f, err := os.Open(names[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	_, all, err := trace.Read(f)
	if err != nil || len(all) != 10 {
		t.Fatalf("%d events, %v", len(all), err)
	}
	e := all[1:]
	if e[0].Peer != "peer/x" || e[0].Data == "" || e[0].Msg != "live.allowed" {
		t.Errorf("a message: %+v", e[0])
	}
	if e[1].Peer != "" || e[1].Data != "" || e[1].Text == "" {
		t.Errorf("a long message of nobody: peer %q, %d bytes, %q", e[1].Peer, len(e[1].Data), e[1].Text)
	}
	if e[2].Key == e[3].Key || e[2].Key != e[4].Key || e[2].Key == 0 {
		t.Errorf("keys of a message to x, to y and to x again: %x %x %x", e[2].Key, e[3].Key, e[4].Key)
	}
	if e[5].Kind != trace.Sync || e[5].Text != "f" || e[6].Kind == trace.Sync || e[6].Text != "sync f: broken" {
		t.Errorf("a sync and one that failed: %+v, %+v", e[5], e[6])
	}
	if e[7].Kind != trace.Fail || e[7].Msg != "halted" || e[8].Kind != trace.Crash {
		t.Errorf("the end: %+v, %+v", e[7], e[8])
	}
}
