package live_test

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/live"
)

// TestIdleActorsKeepNoGoroutines: what a host keeps for actors that have nothing to
// do does not grow with their number.
func TestIdleActorsKeepNoGoroutines(t *testing.T) {
	const children = 1000
	var started, asked atomic.Int64
	child := receiver(func(_ actors.Env, ctx actor.Context) {
		switch ctx.Message().(type) {
		case *actor.Started:
			started.Add(1)
		case ask:
			asked.Add(1)
		}
	})
	parent := receiver(func(env actors.Env, ctx actor.Context) {
		if _, ok := ctx.Message().(*actor.Started); ok {
			for i := range children {
				ctx.Send(env.Spawn(ctx, fmt.Sprint("child", i), child), ask{i})
			}
		}
	})
	before := runtime.NumGoroutine()
	start(t, actors.Topology{Hosts: []actors.Host{oneHost("h", actors.ActorDef{Name: "parent", New: parent})}}, live.Options{})
	eventually(t, "every child has handled its message", func() bool { return started.Load() == children && asked.Load() == children })
	eventually(t, "few goroutines wait", func() bool { return runtime.NumGoroutine() < before+100 })
}

// TestActorsThatBlockDoNotStopOthers: a worker is taken for as long as its actor
// blocks, and there is one more for the next.
func TestActorsThatBlockDoNotStopOthers(t *testing.T) {
	const sleepers = 200
	woken := make(chan int, sleepers)
	var top actors.Topology
	host := oneHost("h")
	for i := range sleepers {
		host.Actors = append(host.Actors, actors.ActorDef{Name: fmt.Sprint("sleeper", i), New: receiver(func(env actors.Env, ctx actor.Context) {
			if _, ok := ctx.Message().(*actor.Started); ok {
				env.Clock.Sleep(200 * time.Millisecond)
				woken <- i
			}
		})})
	}
	top.Hosts = append(top.Hosts, host)
	began := time.Now()
	start(t, top, live.Options{})
	for range sleepers {
		select {
		case <-woken:
		case <-time.After(20 * time.Second):
			t.Fatal("an actor does not wake up")
		}
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("%d actors that sleep at the same time took %v", sleepers, took)
	}
}
