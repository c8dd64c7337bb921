package actors

import (
	"fmt"
	"reflect"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// A Guard stands between actors and the actor.Context that proto.actor hands
// them. Both worlds use it, so that a call that cannot be simulated is refused
// in live too. Actors do not use it themselves.
type Guard struct {
	// Refuse is told the name of a forbidden call. It must not return.
	Refuse func(call string)
	// Spawn starts a child for ctx.Spawn, SpawnPrefix and SpawnNamed. The context
	// it gets is not guarded; the name is the last element of the child's path.
	Spawn func(ctx actor.Context, props *actor.Props, name string) (*actor.PID, error)
}

// Actor returns a that receives guarded contexts only. One context is kept for
// all messages, so the guard allocates nothing per message.
func (g *Guard) Actor(a actor.Actor) actor.Actor {
	return &guardedActor{actor: a, ctx: guardedContext{guard: g, actor: a}}
}

// Props returns props whose actor receives guarded contexts, for props that a
// user brought: their producer cannot be wrapped, so the context is, at the price
// of one envelope a message.
func (g *Guard) Props(props *actor.Props, opts ...actor.PropsOption) *actor.Props {
	decorate := func(next actor.ContextDecoratorFunc) actor.ContextDecoratorFunc {
		return func(ctx actor.Context) actor.Context {
			return next(&guardedContext{Context: ctx, guard: g, actor: ctx.Actor()})
		}
	}
	return props.Clone(append(opts, actor.WithContextDecorator(decorate))...)
}

// Unguarded returns the context behind a guarded one, for the world's own use.
func Unguarded(ctx actor.Context) actor.Context {
	if g, ok := ctx.(*guardedContext); ok {
		return g.Context
	}
	return ctx
}

// CheckProps returns an error that names what props override and a world must
// decide: how messages are queued and run, and what a panic does.
func CheckProps(props *actor.Props) error {
	v := reflect.ValueOf(props).Elem()
	for _, f := range []struct{ field, what string }{
		{"mailboxProducer", "mailbox"},
		{"dispatcher", "dispatcher"},
		{"supervisionStrategy", "supervisor"},
		{"guardianStrategy", "guardian"},
		{"spawner", "spawn function"},
		{"spawnMiddleware", "spawn middleware"},
	} {
		if field := v.FieldByName(f.field); field.Kind() == reflect.Slice && field.Len() > 0 || field.Kind() != reflect.Slice && !field.IsNil() {
			return fmt.Errorf("props must not bring a %s of their own", f.what)
		}
	}
	return nil
}

// guardedActor is the one that proto.actor knows. It hides whether the actor is a
// supervisor: restarts are off.
type guardedActor struct {
	actor actor.Actor
	ctx   guardedContext
}

func (a *guardedActor) Receive(ctx actor.Context) {
	a.ctx.Context = ctx
	a.actor.Receive(&a.ctx)
}

// guardedContext passes on what is deterministic within a host.
type guardedContext struct {
	actor.Context
	guard *Guard
	actor actor.Actor
}

func (c *guardedContext) refuse(call string) {
	c.guard.Refuse(call)
	panic("actors: Guard.Refuse returned from " + call)
}

// refuseRemote refuses what proto.actor would do with a system message, which
// does not cross hosts.
func (c *guardedContext) refuseRemote(call string, pid *actor.PID) {
	if pid.Address != c.Self().Address {
		c.refuse(call + " of an actor on another host")
	}
}

// Actor returns the actor itself, not its guard.
func (c *guardedContext) Actor() actor.Actor { return c.actor }

func (c *guardedContext) SetReceiveTimeout(time.Duration) { c.refuse("SetReceiveTimeout") }

func (c *guardedContext) Stash() { c.refuse("Stash") }

func (c *guardedContext) ReenterAfter(*actor.Future, func(any, error)) { c.refuse("ReenterAfter") }

func (c *guardedContext) RequestFuture(*actor.PID, any, time.Duration) *actor.Future {
	c.refuse("RequestFuture")
	return nil
}

func (c *guardedContext) StopFuture(*actor.PID) *actor.Future {
	c.refuse("StopFuture")
	return nil
}

func (c *guardedContext) PoisonFuture(*actor.PID) *actor.Future {
	c.refuse("PoisonFuture")
	return nil
}

func (c *guardedContext) Watch(pid *actor.PID) {
	c.refuseRemote("Watch", pid)
	c.Context.Watch(pid)
}

func (c *guardedContext) Unwatch(pid *actor.PID) {
	c.refuseRemote("Unwatch", pid)
	c.Context.Unwatch(pid)
}

func (c *guardedContext) Stop(pid *actor.PID) {
	c.refuseRemote("Stop", pid)
	c.Context.Stop(pid)
}

func (c *guardedContext) Poison(pid *actor.PID) {
	c.refuseRemote("Poison", pid)
	c.Context.Poison(pid)
}

func (c *guardedContext) Spawn(props *actor.Props) *actor.PID { return c.SpawnPrefix(props, "") }

func (c *guardedContext) SpawnPrefix(props *actor.Props, prefix string) *actor.PID {
	pid, err := c.SpawnNamed(props, prefix+c.ActorSystem().ProcessRegistry.NextId())
	if err != nil {
		panic(err)
	}
	return pid
}

func (c *guardedContext) SpawnNamed(props *actor.Props, name string) (*actor.PID, error) {
	return c.guard.Spawn(c.Context, props, name)
}
