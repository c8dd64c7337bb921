package proxy_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/live"
	"github.com/simrun/simrun/live/proxy"
)

// TestHostsTalkThroughAProxyAndThroughItsFaults: a program asks another host again
// and again; each fault costs it requests, and after each it is answered again. TLS
// changes nothing of that.
func TestHostsTalkThroughAProxyAndThroughItsFaults(t *testing.T) {
	t.Run("plain", func(t *testing.T) { talk(t, "") })
	t.Run("TLS", func(t *testing.T) {
		dir := t.TempDir()
		authority, err := live.OpenAuthority(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, host := range []string{"server", "client"} {
			if err := authority.Issue(live.Identity{Host: host}, time.Now().Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		talk(t, dir)
	})
}

func talk(t *testing.T, certs string) {
	t.Parallel()
	echo := func(actors.Env) actor.Actor {
		return actor.ReceiveFunc(func(ctx actor.Context) {
			if msg, ok := ctx.Message().(numbered); ok {
				ctx.Respond(msg)
			}
		})
	}
	server, err := proxy.Listen("", 1)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	addr := make(chan string, 1)
	lost := map[string]int{}
	ask := func(env actors.Env) error {
		server.Forward(<-addr)
		n := 0
		answered := func(within time.Duration) bool {
			n++
			reply, err := env.Request(env.PID("server/echo"), numbered{N: n, Body: make([]byte, 1000)}, within)
			return err == nil && reply.(numbered).N == n
		}
		if !answered(time.Minute) {
			return errors.New("no answer without a fault")
		}
		for _, step := range []struct {
			name string
			hurt func()
		}{
			{"delay", func() { server.Set(proxy.Faults{Forth: proxy.Direction{Delay: 300 * time.Millisecond}}) }},
			{"hole", func() { server.Set(proxy.Faults{Forth: proxy.Direction{Hole: true}}) }},
			{"refuse", func() { server.Set(proxy.Faults{Refuse: true}) }},
			{"half-open", func() { server.HalfOpen(proxy.Dialler) }},
			{"reset", server.Reset},
		} {
			step.hurt()
			if !answered(200 * time.Millisecond) {
				lost[step.name]++
			}
			server.Heal()
			for tries := 0; !answered(time.Second); tries++ {
				if tries == 30 {
					return fmt.Errorf("no answer after %s", step.name)
				}
			}
		}
		return nil
	}
	top := actors.Topology{Hosts: []actors.Host{
		{Name: "server", Actors: []actors.ActorDef{{Name: "echo", New: echo}}},
		{Name: "client", Programs: []actors.ProgramDef{{Name: "ask", Run: ask}}},
	}}
	w, err := live.Start(top, live.Options{Dir: t.TempDir(), Certs: certs, Via: func(from, to string) string {
		if to == "server" {
			return server.Addr()
		}
		return ""
	}})
	if err != nil {
		t.Fatal(err)
	}
	addr <- w.Addr("server")
	if err := w.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	if err := w.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	for _, fault := range []string{"delay", "hole", "refuse", "half-open", "reset"} {
		if lost[fault] == 0 {
			t.Errorf("%s lost nothing: %v", fault, lost)
		}
	}
}
