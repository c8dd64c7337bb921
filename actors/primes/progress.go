package primes

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// A progress service answers polls, and nothing else, so that servers that compute are
// not asked. It keeps nothing.
type progress struct {
	env      actors.Env
	store    string
	throttle throttle
}

func newProgress(o Options) actors.Producer {
	return func(env actors.Env) actor.Actor {
		return &progress{
			env: env, store: o.storePath(env.Host),
			throttle: throttle{rate: o.Limits.Rate, burst: o.Limits.Burst, room: o.Limits.Clients},
		}
	}
}

// Receive handles one message; see actor.Actor.
func (p *progress) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case Poll:
		if !p.throttle.allow(m.Client, p.env.Clock.Now()) {
			p.env.Note(Throttled{Client: m.Client})
			respond(ctx, Refusal{TooMany, "too many requests"})
			return
		}
		answerPoll(ctx, p.env, p.store, m)
	case ping:
		p.env.Send(p.env.PID(m.From), pong{Host: p.env.Host})
	}
}
