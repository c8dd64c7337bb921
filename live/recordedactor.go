package live

import "github.com/asynkron/protoactor-go/actor"

// A recordedActor is an actor whose context tells the recorder what it sends. It is
// between the actor and the guard, and only there if the run is recorded.
type recordedActor struct {
	actor.Actor
	ctx recordedContext
}

func (r *recorder) actor(path string, a actor.Actor) actor.Actor {
	if r == nil {
		return a
	}
	return &recordedActor{Actor: a, ctx: recordedContext{recorder: r, path: path}}
}

func (a *recordedActor) Receive(ctx actor.Context) {
	a.ctx.Context = ctx
	a.Actor.Receive(&a.ctx)
}

// A recordedContext records what is sent through it.
type recordedContext struct {
	actor.Context
	recorder *recorder
	path     string
}

// unrecorded returns the context behind a recorded one.
func unrecorded(ctx actor.Context) actor.Context {
	if c, ok := ctx.(*recordedContext); ok {
		return c.Context
	}
	return ctx
}

// Actor returns the actor itself.
func (c *recordedContext) Actor() actor.Actor {
	if a, ok := c.Context.Actor().(*recordedActor); ok {
		return a.Actor
	}
	return c.Context.Actor()
}

func (c *recordedContext) Send(to *actor.PID, msg any) {
	c.recorder.send(c.path, to, msg)
	c.Context.Send(to, msg)
}

func (c *recordedContext) Request(to *actor.PID, msg any) {
	c.recorder.send(c.path, to, msg)
	c.Context.Request(to, msg)
}

func (c *recordedContext) RequestWithCustomSender(to *actor.PID, msg any, sender *actor.PID) {
	c.recorder.send(c.path, to, msg)
	c.Context.RequestWithCustomSender(to, msg, sender)
}

func (c *recordedContext) Respond(msg any) {
	c.recorder.send(c.path, c.Sender(), msg)
	c.Context.Respond(msg)
}

func (c *recordedContext) Forward(to *actor.PID) {
	c.recorder.send(c.path, to, c.Message())
	c.Context.Forward(to)
}
