package live_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/live"
)

// A host that runs is neither started again nor wiped, and one that comes back brings its
// programs only if asked to.
func TestLifeBeginsWhereTheLastOneEnded(t *testing.T) {
	var runs atomic.Int64
	top := actors.Topology{Hosts: []actors.Host{{Name: "h", Programs: []actors.ProgramDef{{Name: "p", Run: func(env actors.Env) error {
		runs.Add(1)
		return env.Disk.Append("file", []byte("x"))
	}}}}}}
	dir := t.TempDir()
	w := start(t, top, live.Options{Dir: dir})
	if err := w.Wait(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "h", "p", "file")
	if w.Wipe("h") == nil || w.Restart("h", true) == nil {
		t.Error("a host that runs is wiped or started")
	}
	if _, err := os.Stat(file); err != nil {
		t.Fatal(err)
	}
	if err := w.Crash("h"); err != nil {
		t.Fatal(err)
	}
	if w.Crash("h") == nil {
		t.Error("a host that is down crashes")
	}
	if err := w.Wipe("h"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "h")); !os.IsNotExist(err) {
		t.Errorf("after a wipe: %v", err)
	}
	if err := w.Restart("h", false); err != nil {
		t.Fatal(err)
	}
	if err := w.StopHost(within(t, 10*time.Second), "h"); err != nil {
		t.Fatal(err)
	}
	if n := runs.Load(); n != 1 {
		t.Errorf("the program has run %d times, and was asked to once", n)
	}
	if err := w.Restart("h", true); err != nil {
		t.Fatal(err)
	}
	if err := w.Wait(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "x" || runs.Load() != 2 {
		t.Errorf("%q, %v, %d runs", text, err, runs.Load())
	}
}

// A host that does not stop in its time is down all the same, and the error says so.
func TestHostThatDoesNotStopInTimeIsDown(t *testing.T) {
	release := make(chan struct{})
	w := start(t, actors.Topology{Hosts: []actors.Host{oneHost("h", actors.ActorDef{Name: "busy", New: receiver(func(_ actors.Env, ctx actor.Context) {
		if _, ok := ctx.Message().(*actor.Stopping); ok {
			<-release
		}
	})})}}, live.Options{})
	defer close(release)
	if err := w.StopHost(within(t, 20*time.Millisecond), "h"); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	if w.Crash("h") == nil {
		t.Error("it was still running")
	}
}

// One failure does not hide another.
func TestEveryFailureIsTold(t *testing.T) {
	one, other := errors.New("one"), errors.New("other")
	first := make(chan struct{})
	top := actors.Topology{Hosts: []actors.Host{
		{Name: "a", Programs: []actors.ProgramDef{{Name: "p", Run: func(actors.Env) error { close(first); return one }}}},
		{Name: "b", Programs: []actors.ProgramDef{{Name: "p", Run: func(actors.Env) error { <-first; return other }}}},
	}}
	w := start(t, top, live.Options{})
	eventually(t, "both have failed", func() bool { return len(w.Running()) == 0 })
	if err := w.Err(); !errors.Is(err, one) || !errors.Is(err, other) {
		t.Errorf("got %v", err)
	}
}
