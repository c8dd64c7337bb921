package live_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
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

// A host that is down takes no connection, as if there were no process.
func TestHostThatIsDownClosesConnections(t *testing.T) {
	w := start(t, pair(), live.Options{})
	if err := w.Crash("server"); err != nil {
		t.Fatal(err)
	}
	conn := dialAs(t, w, "server", "peer")
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	var late net.Error
	if _, err := conn.Read(make([]byte, 1)); err == nil || errors.As(err, &late) && late.Timeout() {
		t.Errorf("the connection is open: %v", err)
	}
}

// A host that cannot be started is down, and can be started again.
func TestHostThatCannotStartIsDown(t *testing.T) {
	var starts atomic.Int64
	top := actors.Topology{Hosts: []actors.Host{oneHost("h",
		actors.ActorDef{Name: "good", New: echo},
		actors.ActorDef{Name: "bad", New: func(env actors.Env) actor.Actor {
			if starts.Add(1) == 2 {
				panic("not today")
			}
			return echo(env)
		}})}}
	w := start(t, top, live.Options{})
	if err := w.Crash("h"); err != nil {
		t.Fatal(err)
	}
	if err := w.Restart("h", false); err == nil || !strings.Contains(err.Error(), "not today") {
		t.Errorf("got %v", err)
	}
	if w.Crash("h") == nil {
		t.Error("it was running")
	}
	if err := w.Restart("h", false); err != nil {
		t.Error(err)
	}
}

// Stop waits for programs, and names those that take too long.
func TestStopWaitsForPrograms(t *testing.T) {
	release, begun := make(chan struct{}), make(chan struct{})
	top := actors.Topology{Hosts: []actors.Host{{Name: "h", Programs: []actors.ProgramDef{{Name: "slow", Run: func(env actors.Env) error {
		defer func() { <-release }()
		close(begun)
		env.Clock.Sleep(time.Hour)
		return nil
	}}}}}}
	w := start(t, top, live.Options{})
	<-begun
	if err := w.Stop(within(t, 20*time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "slow") {
		t.Errorf("got %v", err)
	}
	close(release)
	eventually(t, "the program has ended", func() bool { return len(w.Running()) == 0 })
}

// What was received is counted, answers too.
func TestAnswersAreCounted(t *testing.T) {
	w := start(t, pair(actors.ProgramDef{Name: "p", Run: func(env actors.Env) error {
		_, err := env.Request(env.PID("server/echo"), ask{1}, 0)
		return err
	}}), live.Options{})
	if err := w.Wait(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	// Counted after the fact, which others may see before.
	eventually(t, "a question and its answer", func() bool { c := w.Counts(); return c.Sent == 2 && c.Received == 2 })
}
