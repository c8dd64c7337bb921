package primes

import (
	"slices"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// A balancer sends what clients ask to the servers in turn. It asks all of them whether
// they are there, and drops those that have not answered for three periods. The answer
// goes from the server to the client.
type balancer struct {
	env      actors.Env
	health   time.Duration
	affinity bool
	servers  []*backend
	pollers  []*backend // the progress services, if polls go there
	next     map[bool]int
	noted    marks
}

// A backend is a server as the balancer sees it.
type backend struct {
	path  string
	heard time.Duration
	alive bool
}

// probe is the timer of a balancer.
type probe struct{}

func newBalancer(o Options) actors.Producer {
	return func(env actors.Env) actor.Actor {
		b := &balancer{env: env, health: o.Timing.Health, affinity: o.Affinity, next: map[bool]int{}, noted: marks{env: env}}
		for _, h := range o.serverHosts() {
			b.servers = append(b.servers, &backend{path: h + "/" + serverActor})
		}
		for _, h := range o.progressHosts() {
			b.pollers = append(b.pollers, &backend{path: h + "/" + serverActor})
		}
		return b
	}
}

// Receive handles one message; see actor.Actor.
func (b *balancer) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		b.probe(ctx)
	case probe:
		b.probe(ctx)
	case pong:
		b.heard(m.Host)
	case Submit:
		b.pass(ctx, b.pick(false))
	case Poll:
		b.poll(ctx, m)
	}
}

func (b *balancer) all() []*backend { return slices.Concat(b.servers, b.pollers) }

// probe asks all who is there and drops those that are silent.
func (b *balancer) probe(ctx actor.Context) {
	now := b.env.Clock.Now()
	for _, s := range b.all() {
		if s.alive && now-s.heard > 3*b.health {
			s.alive = false
			b.noted.mark(SawServerDropped)
		}
		b.env.Send(b.env.PID(s.path), ping{From: b.env.Host + "/" + balancerActor})
	}
	b.env.Clock.After(b.health, probe{})
}

func (b *balancer) heard(host string) {
	for _, s := range b.all() {
		if strings.TrimSuffix(s.path, "/"+serverActor) == host {
			s.heard, s.alive = b.env.Clock.Now(), true
		}
	}
}

// poll sends a poll anywhere, unless only one server can answer it. If that one is gone
// so is the response, and the client is told so: it will submit again.
func (b *balancer) poll(ctx actor.Context, m Poll) {
	if !b.affinity {
		b.pass(ctx, b.pick(len(b.pollers) > 0))
		return
	}
	i := slices.IndexFunc(b.servers, func(s *backend) bool { return s.path == m.Cookie+"/"+serverActor })
	switch {
	case i < 0:
		respond(ctx, Refusal{NotFound, "no such server"})
	case !b.servers[i].alive:
		b.noted.mark(SawOwnerGone)
		respond(ctx, Refusal{Unavailable, "the server that has the response is down"})
	default:
		b.pass(ctx, b.servers[i])
	}
}

// pick returns the next one that is alive, or nil.
func (b *balancer) pick(pollers bool) *backend {
	list := b.servers
	if pollers {
		list = b.pollers
	}
	for range list {
		s := list[b.next[pollers]%len(list)]
		b.next[pollers]++
		if s.alive {
			return s
		}
	}
	return nil
}

func (b *balancer) pass(ctx actor.Context, to *backend) {
	if to == nil {
		respond(ctx, Refusal{Unavailable, "no server is up"})
		return
	}
	b.env.Note(Picked{Server: strings.TrimSuffix(to.path, "/"+serverActor), Alive: b.alive()})
	forward(ctx, b.env.PID(to.path), ctx.Message())
}

func (b *balancer) alive() int {
	n := 0
	for _, s := range b.servers {
		if s.alive {
			n++
		}
	}
	return n
}
