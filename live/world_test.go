package live_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/live"
)

type ask struct{ N int }

type answer struct {
	N    int
	Boot uint64
}

type poke struct{ N int }

type blob struct{ Bytes []byte }

func init() {
	actors.Message("live.ask", ask{})
	actors.Message("live.answer", answer{})
	actors.Message("live.poke", &poke{})
	actors.Message("live.blob", blob{})
}

// receiver makes a Producer of a function.
func receiver(f func(env actors.Env, ctx actor.Context)) actors.Producer {
	return func(env actors.Env) actor.Actor {
		return actor.ReceiveFunc(func(ctx actor.Context) { f(env, ctx) })
	}
}

// echo answers with the number and its Boot.
var echo = receiver(func(env actors.Env, ctx actor.Context) {
	if msg, ok := ctx.Message().(ask); ok {
		ctx.Respond(answer{msg.N, env.Boot})
	}
})

func oneHost(name string, a ...actors.ActorDef) actors.Host {
	return actors.Host{Name: name, Actors: a}
}

// eventually waits for what another goroutine or the kernel brings about.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

// journal collects facts.
type journal struct {
	mu    sync.Mutex
	notes []live.Note
}

func (j *journal) add(n live.Note) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.notes = append(j.notes, n)
}

func (j *journal) facts() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []string
	for _, n := range j.notes {
		all = append(all, fmt.Sprintf("%s %v", n.Path, n.Fact))
	}
	return all
}

func TestBootGrowsAtEveryStart(t *testing.T) {
	dir := t.TempDir()
	var boots []uint64
	top := actors.Topology{Hosts: []actors.Host{{Name: "h", Programs: []actors.ProgramDef{{Name: "p", Run: func(env actors.Env) error {
		boots = append(boots, env.Boot)
		return nil
	}}}}}}
	for range 2 {
		w := start(t, top, live.Options{Dir: dir})
		for range 3 {
			if err := w.Wait(within(t, 10*time.Second)); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(w.Crash("h"), w.Wipe("h"), w.Restart("h", true)); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Stop(within(t, 10*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	if len(boots) < 6 || !slices.IsSorted(boots) || len(slices.Compact(slices.Clone(boots))) != len(boots) {
		t.Errorf("boots %v", boots)
	}
}

func TestBootGrowsWhenTheWallClockWasSetBack(t *testing.T) {
	dir := t.TempDir()
	future := uint64(time.Now().Add(24 * time.Hour).UnixNano())
	if err := os.Mkdir(filepath.Join(dir, "h"), 0o750); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "h", ".boot")
	if err := os.WriteFile(file, fmt.Appendln(nil, future), 0o640); err != nil {
		t.Fatal(err)
	}
	start(t, actors.Topology{Hosts: []actors.Host{{Name: "h"}}}, live.Options{Dir: dir})
	text, err := os.ReadFile(file)
	if got, _ := strconv.ParseUint(strings.TrimSpace(string(text)), 10, 64); err != nil || got != future+1 {
		t.Errorf("stored boot %q, %v, want %d", text, err, future+1)
	}
}

func TestDamagedBootNumberStopsTheStart(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "h"), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "h", ".boot"), []byte("what"), 0o640); err != nil {
		t.Fatal(err)
	}
	_, err := live.Start(actors.Topology{Hosts: []actors.Host{{Name: "h"}}}, live.Options{Dir: dir})
	if err == nil || !strings.Contains(err.Error(), `host h: last boot in .boot: strconv.ParseUint: parsing "what"`) {
		t.Errorf("got %v", err)
	}
}

func TestStartNamesWhatIsWrong(t *testing.T) {
	top := actors.Topology{Hosts: []actors.Host{oneHost("h", actors.ActorDef{Name: "a", New: func(actors.Env) actor.Actor { panic("boom") }})}}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, c := range map[string]struct {
		top  actors.Topology
		opts live.Options
	}{
		"host without a name":                  {actors.Topology{Hosts: []actors.Host{{}}}, live.Options{Dir: t.TempDir()}},
		"folder of the disks":                  {top, live.Options{Dir: filepath.Join(file, "x")}},
		"is no folder":                         {top, live.Options{Dir: file}},
		"host x is not in the topology":        {top, live.Options{Dir: t.TempDir(), Hosts: []string{"x"}}},
		"10.1.2.3:9 is no loopback address":    {top, live.Options{Dir: t.TempDir(), Addrs: map[string]string{"h": "10.1.2.3:9"}}},
		"missing port in address":              {top, live.Options{Dir: t.TempDir(), Addrs: map[string]string{"h": "127.0.0.1"}}},
		"host h: start actor a: panic: boom":   {top, live.Options{Dir: t.TempDir()}},
		"host h: listen tcp: address 99999999": {top, live.Options{Dir: t.TempDir(), Addrs: map[string]string{"h": "127.0.0.1:99999999"}}},
	} {
		if _, err := live.Start(c.top, c.opts); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

// However long a host takes to start, no actor of it runs before all are there: what
// it says to a sibling must not be lost.
func TestNoActorRunsBeforeAllOfItsHostAreThere(t *testing.T) {
	ran, heard := make(chan struct{}, 1), make(chan struct{}, 1)
	first := receiver(func(env actors.Env, ctx actor.Context) {
		if _, ok := ctx.Message().(*actor.Started); ok {
			ran <- struct{}{}
			env.Send(env.PID("host/second"), &poke{})
		}
	})
	second := func(env actors.Env) actor.Actor {
		select {
		case <-ran:
			t.Error("an actor runs while the next one is being made")
		case <-time.After(50 * time.Millisecond):
		}
		return actor.ReceiveFunc(func(ctx actor.Context) {
			if _, ok := ctx.Message().(*poke); ok {
				heard <- struct{}{}
			}
		})
	}
	w := start(t, actors.Topology{Hosts: []actors.Host{oneHost("host", actors.ActorDef{Name: "first", New: first}, actors.ActorDef{Name: "second", New: second})}}, live.Options{})
	for range 2 {
		select {
		case <-heard:
		case <-time.After(20 * time.Second):
			t.Fatal("what an actor said as it started was lost")
		}
		<-ran
		if err := w.Crash("host"); err != nil {
			t.Fatal(err)
		}
		if err := w.Restart("host", false); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPanicOfAnActorStopsItsHost(t *testing.T) {
	top := actors.Topology{Hosts: []actors.Host{
		oneHost("h", actors.ActorDef{Name: "a", New: receiver(func(_ actors.Env, ctx actor.Context) {
			if _, ok := ctx.Message().(ask); ok {
				panic("boom")
			}
		})}, actors.ActorDef{Name: "echo", New: echo}),
		{Name: "c", Programs: []actors.ProgramDef{{Name: "p", Run: func(env actors.Env) error {
			_, _ = env.Request(env.PID("h/a"), ask{}, time.Millisecond)
			for {
				if _, err := env.Request(env.PID("h/echo"), ask{}, 2*time.Second); err != nil {
					return nil // the host is gone
				}
			}
		}}}},
	}}
	w := start(t, top, live.Options{})
	err := w.Wait(within(t, 20*time.Second))
	if !errors.Is(err, live.ErrPanic) || !strings.Contains(err.Error(), "host h stopped: actor h/a: panic on live_test.ask: boom") || !strings.Contains(err.Error(), "world_test.go") {
		t.Errorf("got %v", err)
	}
	if err := w.Crash("h"); err == nil || !strings.Contains(err.Error(), "down") {
		t.Errorf("the host still runs: %v", err)
	}
}

func TestForbiddenCallsStopTheHostByName(t *testing.T) {
	calls := map[string]func(ctx actor.Context){
		"SetReceiveTimeout is refused":                 func(ctx actor.Context) { ctx.SetReceiveTimeout(time.Second) },
		"RequestFuture is refused":                     func(ctx actor.Context) { ctx.RequestFuture(ctx.Self(), ask{}, time.Second) },
		"Watch of an actor on another host is refused": func(ctx actor.Context) { ctx.Watch(actor.NewPID("x", "y")) },
		"runtime.Goexit":                               func(actor.Context) { runtime.Goexit() },
		"not registered, so it cannot leave the host":  func(ctx actor.Context) { ctx.Send(actor.NewPID("x", "y"), struct{ X int }{}) },
		"props must not bring a dispatcher of their own": func(ctx actor.Context) {
			ctx.Spawn(actor.PropsFromFunc(func(actor.Context) {}, actor.WithDispatcher(actor.NewSynchronizedDispatcher(1))))
		},
	}
	for want, call := range calls {
		top := actors.Topology{Hosts: []actors.Host{
			oneHost("h", actors.ActorDef{Name: "a", New: receiver(func(_ actors.Env, ctx actor.Context) {
				if _, ok := ctx.Message().(*actor.Started); ok {
					call(ctx)
				}
			})}),
			{Name: "x", Programs: []actors.ProgramDef{{Name: "p", Run: func(env actors.Env) error {
				env.Clock.Sleep(time.Hour)
				return nil
			}}}},
		}}
		err := start(t, top, live.Options{}).Wait(within(t, 20*time.Second))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q in it", err, want)
		}
	}
}

func TestHaltStopsTheHostAndNeverReturns(t *testing.T) {
	var j journal
	disk := errors.New("disk on fire")
	top := actors.Topology{Hosts: []actors.Host{{
		Name: "h",
		Actors: []actors.ActorDef{{Name: "a", New: receiver(func(env actors.Env, ctx actor.Context) {
			if _, ok := ctx.Message().(ask); ok {
				defer env.Note("unwound") // the Env is dead: not recorded
				env.Halt(disk)
				env.Note("returned")
			}
		})}},
		Programs: []actors.ProgramDef{{Name: "p", Run: func(env actors.Env) error {
			env.Note("asks")
			_, err := env.Request(env.PID("h/a"), ask{}, 0)
			env.Note("answered")
			return err
		}}},
	}}}
	w := start(t, top, live.Options{Note: j.add})
	err := w.Wait(within(t, 20*time.Second))
	if !errors.Is(err, disk) || !errors.Is(err, live.ErrHalted) || !strings.Contains(err.Error(), "host h stopped: h/a halted: disk on fire") {
		t.Errorf("got %v", err)
	}
	if got := j.facts(); !slices.Equal(got, []string{"h/p asks"}) {
		t.Errorf("facts %q", got)
	}
}

func TestErrorOfAProgramIsTheResult(t *testing.T) {
	lost := errors.New("lost a write")
	top := actors.Topology{Hosts: []actors.Host{{Name: "h", Programs: []actors.ProgramDef{{Name: "p", Run: func(actors.Env) error { return lost }}}}}}
	err := start(t, top, live.Options{}).Wait(within(t, 10*time.Second))
	if !errors.Is(err, lost) || err.Error() != "program h/p: lost a write" {
		t.Errorf("got %v", err)
	}
}

func TestWaitEndsWithItsContext(t *testing.T) {
	top := actors.Topology{Hosts: []actors.Host{{Name: "h", Programs: []actors.ProgramDef{{Name: "p", Run: func(env actors.Env) error {
		env.Clock.Sleep(time.Hour)
		return nil
	}}}}}}
	err := start(t, top, live.Options{}).Wait(within(t, 10*time.Millisecond))
	if !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "wait for programs h/p:") {
		t.Errorf("got %v", err)
	}
}

func TestProgramRunsOnAHostThatIsUp(t *testing.T) {
	release := make(chan struct{})
	top := actors.Topology{Hosts: []actors.Host{oneHost("h", actors.ActorDef{Name: "echo", New: echo}), {Name: "c"}}}
	w := start(t, top, live.Options{})
	err := w.Run("c", actors.ProgramDef{Name: "p", Run: func(env actors.Env) error {
		<-release
		reply, err := env.Request(env.PID("h/echo"), ask{7}, 0)
		if got, ok := reply.(answer); !ok || got.N != 7 {
			return fmt.Errorf("got %v, %w", reply, err)
		}
		return errors.New("it was answered")
	}})
	if err != nil {
		t.Fatal(err)
	}
	if got := w.Running(); !slices.Equal(got, []string{"c/p"}) {
		t.Errorf("running %q", got)
	}
	close(release)
	if err := w.Wait(within(t, 10*time.Second)); err == nil || err.Error() != "program c/p: it was answered" {
		t.Errorf("got %v", err)
	}
	eventually(t, "no program runs", func() bool { return len(w.Running()) == 0 })
}

func TestProgramIsRefusedWhereItCannotRun(t *testing.T) {
	run := func(actors.Env) error { return errors.New("it ran") }
	w := start(t, actors.Topology{Hosts: []actors.Host{oneHost("h", actors.ActorDef{Name: "echo", New: echo}), {Name: "down"}}}, live.Options{})
	if err := w.Crash("down"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		host   string
		def    actors.ProgramDef
		reason string
	}{
		{"elsewhere", actors.ProgramDef{Name: "p", Run: run}, "host elsewhere does not run here"},
		{"down", actors.ProgramDef{Name: "p", Run: run}, "host down: run p: host is down"},
		{"h", actors.ProgramDef{Name: "echo", Run: run}, "name echo used twice"},
		{"h", actors.ProgramDef{Name: "p"}, "nothing to run"},
		{"h", actors.ProgramDef{Name: "a/b", Run: run}, "a/b"},
	} {
		if err := w.Run(c.host, c.def); err == nil || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s/%s: got %v, want %q", c.host, c.def.Name, err, c.reason)
		}
	}
	if err := w.Wait(within(t, 10*time.Second)); err != nil {
		t.Error(err)
	}
}

func TestNotesHaveOneOrder(t *testing.T) {
	var j journal
	var hosts []actors.Host
	for _, name := range []string{"a", "b", "c"} {
		hosts = append(hosts, actors.Host{Name: name, Programs: []actors.ProgramDef{{Name: "p", Run: func(env actors.Env) error {
			for i := range 200 {
				env.Note(i)
			}
			return nil
		}}}})
	}
	w := start(t, actors.Topology{Hosts: hosts}, live.Options{Note: j.add})
	if err := w.Wait(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	next := map[string]int{}
	for i, n := range j.notes {
		if n.Seq != int64(i+1) || i > 0 && n.At < j.notes[i-1].At {
			t.Fatalf("note %d: %+v after %+v", i, n, j.notes[i-1])
		}
		if n.Fact != next[n.Host] || n.Path != n.Host+"/p" {
			t.Fatalf("note %d: %+v, want fact %d", i, n, next[n.Host])
		}
		next[n.Host]++
	}
	if len(j.notes) != 600 {
		t.Errorf("%d notes", len(j.notes))
	}
}

func TestStopDeliversStoppingAndCrashDoesNot(t *testing.T) {
	var j journal
	last := receiver(func(env actors.Env, ctx actor.Context) {
		switch ctx.Message().(type) {
		case *actor.Stopping:
			env.Note("stopping")
			ctx.Send(env.PID("other/last"), ask{1})
		case ask:
			env.Note("asked")
		}
	})
	top := actors.Topology{Hosts: []actors.Host{oneHost("other", actors.ActorDef{Name: "last", New: last}), oneHost("h", actors.ActorDef{Name: "last", New: last})}}
	w := start(t, top, live.Options{Note: j.add})
	if err := errors.Join(w.Crash("h"), w.Restart("h", false)); err != nil {
		t.Fatal(err)
	}
	if got := j.facts(); len(got) != 0 {
		t.Errorf("after the crash: %q", got)
	}
	if err := w.StopHost(within(t, 10*time.Second), "h"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the last message of a host that stopped", func() bool {
		return slices.Equal(j.facts(), []string{"h/last stopping", "other/last asked"})
	})
}

func TestBytesWrittenSurviveACrash(t *testing.T) {
	var read string
	top := actors.Topology{Hosts: []actors.Host{{Name: "h", Programs: []actors.ProgramDef{{Name: "p", Run: func(env actors.Env) error {
		b, err := env.Disk.ReadFile("log")
		if err == nil {
			read = string(b)
			return nil
		}
		if err := env.Disk.Append("log", []byte("written")); err != nil {
			return err
		}
		env.Clock.Sleep(time.Hour)
		return nil
	}}}}}}
	dir := t.TempDir()
	w := start(t, top, live.Options{Dir: dir})
	eventually(t, "the file", func() bool {
		b, _ := os.ReadFile(filepath.Join(dir, "h", "p", "log"))
		return len(b) > 0
	})
	if err := errors.Join(w.Crash("h"), w.Restart("h", true), w.Wait(within(t, 10*time.Second))); err != nil {
		t.Fatal(err)
	}
	if read != "written" {
		t.Errorf("read %q", read)
	}
}

func TestEnvOfADeadHostIsDead(t *testing.T) {
	var j journal
	var env actors.Env
	inside := make(chan struct{})
	crashed := make(chan struct{})
	unwound := map[string]bool{}
	ended := make(chan struct{})
	top := actors.Topology{Hosts: []actors.Host{{Name: "h",
		Actors: []actors.ActorDef{{Name: "echo", New: echo}},
		Programs: []actors.ProgramDef{{Name: "p", Run: func(e actors.Env) error {
			defer close(ended)
			env = e
			close(inside)
			<-crashed
			for call, f := range map[string]func(){
				"Sleep":    func() { env.Clock.Sleep(0) },
				"Request":  func() { _, _ = env.Request(env.PID("h/echo"), ask{}, 0) },
				"Append":   func() { _ = env.Disk.Append("f", []byte("x")) },
				"ReadFile": func() { _, _ = env.Disk.ReadFile("f") },
				"Sync":     func() { _ = env.Disk.Sync("f") },
				"List":     func() { _, _ = env.Disk.List() },
			} {
				func() {
					defer func() { unwound[call] = recover() != nil }()
					f()
				}()
			}
			env.Send(env.PID("h/echo"), ask{})
			env.Note("from the dead")
			return nil
		}}}}}}
	dir := t.TempDir()
	w := start(t, top, live.Options{Dir: dir, Note: j.add})
	<-inside
	if err := w.Crash("h"); err != nil {
		t.Fatal(err)
	}
	close(crashed)
	<-ended
	for call, ok := range unwound {
		if !ok {
			t.Errorf("%s returned on a dead host", call)
		}
	}
	if len(unwound) != 6 || len(j.facts()) != 0 {
		t.Errorf("unwound %v, facts %q", unwound, j.facts())
	}
	if _, err := os.Stat(filepath.Join(dir, "h", "p")); err == nil {
		t.Error("a dead program wrote to the disk")
	}
}

func TestReplyToAnOlderBootIsDroppedAndCounted(t *testing.T) {
	release := make(chan struct{})
	asked := make(chan struct{}, 2)
	top := actors.Topology{Hosts: []actors.Host{
		oneHost("server", actors.ActorDef{Name: "slow", New: receiver(func(_ actors.Env, ctx actor.Context) {
			if _, ok := ctx.Message().(ask); ok {
				asked <- struct{}{}
				<-release
				ctx.Respond(answer{})
			}
		})}),
		{Name: "client", Programs: []actors.ProgramDef{{Name: "p", Run: func(env actors.Env) error {
			_, err := env.Request(env.PID("server/slow"), ask{}, 0)
			return err
		}}}},
	}}
	w := start(t, top, live.Options{})
	<-asked
	if err := errors.Join(w.Crash("client"), w.Restart("client", true)); err != nil {
		t.Fatal(err)
	}
	close(release)
	if err := w.Wait(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a stale reply", func() bool { return w.Counts().Stale == 1 })
}

func TestMessagesReachTheNextBootOfAHost(t *testing.T) {
	boots := make(chan uint64, 1)
	top := actors.Topology{Hosts: []actors.Host{
		oneHost("server", actors.ActorDef{Name: "echo", New: echo}),
		{Name: "client", Programs: []actors.ProgramDef{{Name: "p", Run: func(env actors.Env) error {
			for {
				got, err := env.Request(env.PID("server/echo"), ask{}, 20*time.Millisecond)
				if errors.Is(err, actors.ErrTimeout) {
					continue
				}
				if err != nil {
					return err
				}
				select {
				case boots <- got.(answer).Boot:
				default:
				}
			}
		}}}},
	}}
	w := start(t, top, live.Options{})
	first := <-boots
	for range 3 {
		if err := errors.Join(w.Crash("server"), w.Restart("server", false)); err != nil {
			t.Fatal(err)
		}
		for next := first; next == first; {
			select {
			case next = <-boots:
				if next < first {
					t.Fatalf("Boot went from %d to %d", first, next)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("no answer of the new boot")
			}
			if next != first {
				first = next
				break
			}
		}
	}
}

func TestTwoWorldsFormOneSystem(t *testing.T) {
	top := actors.Topology{Hosts: []actors.Host{
		oneHost("server", actors.ActorDef{Name: "echo", New: echo}),
		{Name: "client", Programs: []actors.ProgramDef{{Name: "p", Run: func(env actors.Env) error {
			got, err := env.Request(env.PID("server/echo"), ask{5}, 0)
			if err == nil && got.(answer).N != 5 {
				err = fmt.Errorf("got %v", got)
			}
			return err
		}}}},
	}}
	server := start(t, top, live.Options{Hosts: []string{"server"}})
	client := start(t, top, live.Options{Hosts: []string{"client"}, Addrs: map[string]string{"server": server.Addr("server")}})
	// The server must know where its clients are: they too are hosts.
	if err := client.Wait(within(t, 100*time.Millisecond)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("an answer to a host without an address: %v", err)
	}
	addr := client.Addr("client")
	if err := client.Stop(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := server.Stop(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	addrs := map[string]string{"server": server.Addr("server"), "client": addr}
	start(t, top, live.Options{Hosts: []string{"server"}, Addrs: addrs})
	client = start(t, top, live.Options{Hosts: []string{"client"}, Addrs: addrs})
	if err := client.Wait(within(t, 20*time.Second)); err != nil {
		t.Error(err)
	}
}

func TestNothingIsLeftRunningAfterStop(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 3 {
		w := start(t, pair(actors.ProgramDef{Name: "p", Run: func(env actors.Env) error {
			if _, err := env.Request(env.PID("server/echo"), ask{}, 0); err != nil {
				return err
			}
			env.Clock.Sleep(time.Hour)
			return nil
		}}), live.Options{})
		eventually(t, "an answer", func() bool { return w.Counts().Received == 2 })
		if err := errors.Join(w.Crash("server"), w.Stop(within(t, 10*time.Second))); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the goroutines have ended", func() bool { return runtime.NumGoroutine() <= before })
}
