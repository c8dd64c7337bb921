package sim

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/internal/trace"
)

// party is an actor or a program as its Env sees it.
type party struct {
	w    *world
	inc  *incarnation
	ep   *endpoint
	mb   *mailbox // nil for a program
	rand stepRand
}

func (m *mailbox) env() actors.Env {
	return m.inc.env(&party{w: m.w, inc: m.inc, ep: m.ep, mb: m})
}

func (inc *incarnation) env(p *party) actors.Env {
	p.rand = stepRand{w: inc.host.w, base: faults.Mix(inc.host.w.plan.Seed, faults.Mix(p.ep.id, inc.boot))}
	return actors.Env{
		Host:    inc.host.def.Name,
		Boot:    inc.boot,
		Clock:   p,
		Rand:    rand.New(&p.rand),
		Disk:    inc.host.disk(p),
		Log:     p.w.logger(p),
		PID:     p.pid,
		Send:    p.send,
		Request: p.request,
		Spawn:   p.spawn,
		Halt:    p.halt,
		Note:    p.note,
	}
}

// alive reports whether a call of the Env may do something. A call from outside
// a step of its own incarnation is a goroutine of the actor's, and ends there.
func (p *party) alive() bool {
	if p.inc.dead && p.w.step.inc == nil {
		return false
	}
	if p.w.step.inc != p.inc {
		p.w.outside("a call of the Env of " + p.ep.name())
	}
	p.w.checkHome(p.ep)
	return !p.inc.dead
}

func (p *party) pid(path string) *actor.PID {
	host, id, ok := strings.Cut(path, "/")
	if !ok || host == "" || id == "" {
		panic(failure{"path", fmt.Errorf("%q is no path: want host/actor", path)})
	}
	return actor.NewPID(host, id)
}

func (p *party) send(to *actor.PID, msg any) {
	if p.alive() {
		p.inc.system.Root.Send(to, msg)
	}
}

func (p *party) request(to *actor.PID, msg any, timeout time.Duration) (any, error) {
	w := p.w
	if !p.alive() {
		w.unwinding()
	}
	inc := p.inc
	inc.reqs++
	n := inc.reqs
	path := inc.reqPath(n)
	local := to.Address == inc.host.def.Name
	if local {
		inc.system.ProcessRegistry.Add(&localReply{inc: inc, n: n}, path)
	}
	t := w.step.task
	if t == nil {
		panic(failure{"blocked outside a step", errors.New("Request while the actor is made: wait for Started")})
	}
	inc.requests[n] = t
	t.reply, t.err = nil, nil
	inc.system.Root.RequestWithCustomSender(to, msg, actor.NewPID(inc.host.def.Name, path))
	if timeout > 0 {
		ev := w.times.push(w.now + inc.host.worldDuration(timeout))
		ev.kind, ev.task, ev.gen, ev.key = evTimeout, t, t.gen, w.nextKey()
	}
	w.park()
	delete(inc.requests, n)
	if local {
		inc.system.ProcessRegistry.Remove(actor.NewPID(inc.host.def.Name, path))
	}
	reply, err := t.reply, t.err
	t.reply, t.err = nil, nil
	return reply, err
}

// localReply takes the reply to a Request within the host.
type localReply struct {
	inc *incarnation
	n   uint64
}

func (r *localReply) SendUserMessage(_ *actor.PID, message any) {
	if env, ok := message.(*actor.MessageEnvelope); ok {
		message = env.Message
	}
	t, ok := r.inc.requests[r.n]
	if !ok || r.inc.dead {
		return
	}
	delete(r.inc.requests, r.n)
	w := r.inc.host.w
	t.reply = message
	if w.tracer != nil {
		t.began = w.step.began
	}
	// The one who asked goes on in a step of its own, after this one.
	ev := w.times.push(w.now)
	ev.kind, ev.task, ev.gen, ev.key = evWake, t, t.gen, w.nextKey()
}

func (r *localReply) SendSystemMessage(*actor.PID, any) {}

func (r *localReply) Stop(*actor.PID) {}

func (p *party) spawn(ctx actor.Context, name string, producer actors.Producer) *actor.PID {
	if !p.alive() {
		return actor.NewPID(p.inc.host.def.Name, "dead")
	}
	if p.mb == nil {
		panic(failure{"forbidden call", errors.New("a Program cannot Spawn")})
	}
	return p.inc.spawn(actors.Unguarded(ctx), name, p.ep.path+"/"+name, producer)
}

func (p *party) halt(err error) {
	if !p.alive() {
		p.w.unwinding()
	}
	h := p.inc.host
	p.w.trace(trace.Event{Kind: trace.Halt, Host: h.def.Name, Path: p.ep.name(), Text: fmt.Sprint(err)})
	h.halts++
	h.haltErr = err
	h.down()
	h.operate()
	p.w.unwinding()
}

func (p *party) note(fact any) {
	if p.alive() {
		p.w.note(fact)
		p.pass()
	}
}

// pass goes on behind a point, unless a fault that waited there ended the process.
func (p *party) pass() {
	if p.inc.dead {
		p.w.unwinding()
	}
	p.freeze()
}

// stepRand is the source of Env.Rand: what it gives depends on the running step
// only.
type stepRand struct {
	w    *world
	base uint64
	key  uint64
	n    uint64
}

func (r *stepRand) Uint64() uint64 {
	if k := r.w.step.key; k != r.key {
		r.key, r.n = k, 0
	}
	r.n++
	return faults.Mix(faults.Mix(r.base, r.key), r.n)
}

// logger writes to the trace if there is one.
func (w *world) logger(p *party) *slog.Logger {
	if w.tracer == nil {
		return discard
	}
	return slog.New(slog.NewTextHandler(logLine{p}, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey {
			return slog.Attr{}
		}
		return a
	}}))
}

var discard = slog.New(slog.DiscardHandler)

type logLine struct{ p *party }

func (l logLine) Write(b []byte) (int, error) {
	p := l.p
	p.w.trace(trace.Event{Kind: trace.Log, Host: p.inc.host.def.Name, Path: p.ep.name(), Text: strings.TrimSpace(string(b))})
	return len(b), nil
}
