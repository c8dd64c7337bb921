package proto

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/simrun/simrun/actors"
)

type member struct {
	env actors.Env
	ctx actor.Context // want `actor.Context in a struct: it belongs to one message`
	pid *actor.PID
}

type decorated struct {
	actor.Context // want `actor.Context in a struct`
}

type future struct{}

func (future) StopFuture(pid *actor.PID) {}

func (m *member) Receive(ctx actor.Context) {
	ctx.SetReceiveTimeout(time.Second)               // want `actor.SetReceiveTimeout: it fires on the wall clock; use env.Clock.After`
	ctx.CancelReceiveTimeout()                       // want `actor.CancelReceiveTimeout`
	f := ctx.RequestFuture(m.pid, 1, 0)              // want `actor.RequestFuture: it waits on the wall clock; use env.Request`
	ctx.ReenterAfter(f, func(res any, err error) {}) // want `actor.ReenterAfter: futures cannot be simulated`
	stop := ctx.StopFuture                           // want `actor.StopFuture: .* use ctx.Stop`
	ctx.PoisonFuture(m.pid)                          // want `actor.PoisonFuture: .* use ctx.Poison`
	system := actor.NewActorSystem()                 // want `actor.NewActorSystem: the world makes the actor systems`
	actor.NewFuture(system, time.Second)             // want `actor.NewFuture`
	future{}.StopFuture(m.pid)
	ctx.Send(m.pid, stop)
	ctx.Stop(m.pid)
}
