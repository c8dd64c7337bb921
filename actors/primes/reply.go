package primes

import "github.com/asynkron/protoactor-go/actor"

// respond answers the sender of the present message, if it wants an answer.
func respond(ctx actor.Context, m any) {
	if ctx.Sender() != nil {
		ctx.Respond(m)
	}
}

// forward has another actor answer the sender of the present message.
func forward(ctx actor.Context, to *actor.PID, m any) {
	if ctx.Sender() == nil {
		ctx.Send(to, m)
		return
	}
	ctx.RequestWithCustomSender(to, m, ctx.Sender())
}
