package bench

import (
	"context"
	"errors"
	"net"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/live"
)

// A packet goes there and back.
type packet struct {
	N     int
	Bytes []byte
}

func init() { actors.Message("bench.packet", packet{}) }

// liveEcho is an echo between two actors of package live, with all that its
// transport does: registered messages, checks, bounds and permissions.
func liveEcho(j job, l *loop) error {
	finished := make(chan struct{})
	server := func(actors.Env) actor.Actor {
		return actor.ReceiveFunc(func(ctx actor.Context) {
			if msg, ok := ctx.Message().(packet); ok {
				ctx.Respond(msg)
			}
		})
	}
	body := make([]byte, j.Bytes)
	client := func(env actors.Env) actor.Actor {
		to := env.PID(serverHost + "/echo")
		issue := func(ctx actor.Context) {
			for n, ok := l.next(); ok; n, ok = l.next() {
				ctx.Request(to, packet{n, body})
			}
		}
		return actor.ReceiveFunc(func(ctx actor.Context) {
			switch msg := ctx.Message().(type) {
			case *actor.Started:
				j.meter.reset()
				issue(ctx)
			case packet:
				l.done(msg.N)
				if issue(ctx); l.over() {
					close(finished)
				}
			}
		})
	}
	w, err := live.Start(actors.Topology{Hosts: []actors.Host{
		{Name: serverHost, Actors: []actors.ActorDef{{Name: "echo", New: server}}},
		{Name: clientHost, Actors: []actors.ActorDef{{Name: "pump", New: client}}},
	}}, live.Options{Dir: j.dir, Certs: j.certs, Conn: j.count(clientHost)})
	if err != nil {
		return err
	}
	return errors.Join(j.wait(finished), w.Err(), stop(w))
}

// count has the connections of one host counted.
func (j job) count(host string) func(string, net.Conn) net.Conn {
	return func(of string, c net.Conn) net.Conn {
		if of != host {
			return c
		}
		return j.meter.wrap(c)
	}
}

// stop ends a World in order.
func stop(w *live.World) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	return w.Stop(ctx)
}
