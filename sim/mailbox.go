package sim

import (
	"errors"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
)

// A mailbox is where proto.actor hands us the schedule: it alone decides when the
// actor's next message is invoked, so its dispatcher is never called. One message
// is one step.
type mailbox struct {
	w       *world
	inc     *incarnation
	ep      *endpoint
	pid     *actor.PID
	invoker actor.MessageInvoker
	task    task
	rand    stepRand

	user      []item
	head      int
	system    []any
	inReady   bool
	running   bool // a step has begun and not ended; it may be parked
	busy      bool // the service time of the last step is not over
	suspended bool
	gen       uint64 // counts the service times
}

// An item is a queued user message.
type item struct {
	msg    any
	sender *actor.PID
	key    uint64
	op     *Op
	sum    uint64 // hash of the content at send, if it is checked
	typ    *actors.MessageType
	tm     *timer
}

var _ actor.Mailbox = (*mailbox)(nil)

// PostUserMessage takes a message of an actor or program of the same host.
func (m *mailbox) PostUserMessage(message any) {
	w := m.w
	if w.step.inc != m.inc {
		w.misposted(m.ep, m.inc)
		return
	}
	if m.inc.dead {
		return
	}
	it := item{msg: message, key: w.nextKey(), op: w.step.op}
	if env, ok := message.(*actor.MessageEnvelope); ok {
		if env.Header != nil {
			panic(failure{"message header", errors.New("message headers do not travel: put it in the message")})
		}
		it.msg, it.sender = env.Message, env.Sender
	}
	if w.scenario.Wire != WireRef {
		it.typ, it.sum = w.checkLocal(it.msg)
	}
	if w.tracer != nil && w.step.inc != nil {
		w.traceSend(m.ep, it.msg, it.key)
	}
	m.deliver(it)
}

// PostSystemMessage takes proto.actor's own messages: Started, Stop, Watch, ...
func (m *mailbox) PostSystemMessage(message any) {
	switch message.(type) {
	case *actor.SuspendMailbox:
		m.suspended = true
		return
	case *actor.ResumeMailbox:
		m.suspended = false
	default:
		m.system = append(m.system, message)
	}
	m.makeReady()
}

// RegisterHandlers binds the mailbox to its actor.
func (m *mailbox) RegisterHandlers(invoker actor.MessageInvoker, _ actor.Dispatcher) {
	m.invoker = invoker
}

// Start does nothing: the world runs the mailbox.
func (m *mailbox) Start() {}

// UserMessageCount returns the number of queued user messages.
func (m *mailbox) UserMessageCount() int { return len(m.user) - m.head }

// deliver runs a message at once if the actor is idle and nothing is ready, and
// queues it otherwise.
func (m *mailbox) deliver(it item) {
	if m.w.step.inc == nil && !m.running && !m.busy && !m.suspended && len(m.system) == 0 && m.head == len(m.user) && m.w.ready.n == 0 {
		m.run(&it)
		return
	}
	m.user = append(m.user, it)
	m.makeReady()
}

// makeReady puts the mailbox into the ready list if it has something to do.
func (m *mailbox) makeReady() {
	if m.inReady || m.running || m.busy || m.inc.dead {
		return
	}
	if len(m.system) == 0 && (m.suspended || m.head == len(m.user)) {
		return
	}
	m.inReady = true
	m.w.ready.push(readyItem{mb: m})
}

// runNext runs one queued message, system messages first.
func (m *mailbox) runNext() {
	m.inReady = false
	if m.inc.dead || m.running || m.busy {
		return
	}
	if len(m.system) > 0 {
		msg := m.system[0]
		m.system = m.system[1:]
		m.runSystem(msg)
		return
	}
	if m.suspended || m.head == len(m.user) {
		return
	}
	it := m.user[m.head]
	m.user[m.head] = item{}
	m.head++
	if m.head == len(m.user) {
		m.user, m.head = m.user[:0], 0
	} else if m.head > 1024 && m.head*2 > len(m.user) {
		n := copy(m.user, m.user[m.head:])
		clear(m.user[n:])
		m.user, m.head = m.user[:n], 0
	}
	m.run(&it)
}

// run is one step: one message for the actor.
func (m *mailbox) run(it *item) {
	w := m.w
	if it.tm != nil && it.tm.cancelled {
		m.makeReady()
		return
	}
	if it.typ != nil {
		w.checkDelivery(it)
	}
	w.countStep(it.key, m.ep.id)
	if w.instantSteps > instantStepsMax {
		w.fail(Violation, "livelock", fmt.Errorf("%s received a message, step %d at %v without time passing: actors of a host send to each other for ever", m.ep.name(), w.instantSteps, time.Duration(w.now)))
	}
	if w.ended {
		return
	}
	m.running = true
	inc := m.inc
	w.step = step{inc: inc, mb: m, task: &m.task, ep: m.ep, key: it.key, op: it.op}
	if w.tracer != nil {
		w.traceDeliver(it)
	}
	if it.sender == nil {
		m.invoker.InvokeUserMessage(it.msg)
	} else {
		env := w.envelop.take()
		env.Message, env.Sender = it.msg, it.sender
		m.invoker.InvokeUserMessage(env)
		w.envelop.give(env)
	}
	m.done(inc)
}

func (m *mailbox) runSystem(msg any) {
	w := m.w
	key := faults.Mix(m.inc.key^m.ep.id, m.inc.systems)
	m.inc.systems++
	w.countStep(key, m.ep.id)
	if w.ended {
		return
	}
	m.running = true
	inc := m.inc
	w.step = step{inc: inc, mb: m, task: &m.task, ep: m.ep, key: key}
	m.invoker.InvokeSystemMessage(msg)
	m.done(inc)
}

// done ends a step.
func (m *mailbox) done(inc *incarnation) {
	w := m.w
	if len(w.sent) > 0 {
		w.checkSent()
	}
	w.step = step{}
	m.running = false
	if inc.dead {
		return
	}
	if w.foreign.Load() != nil {
		w.foreignCall()
		return
	}
	if s := inc.host.service(); s > 0 {
		m.busy = true
		m.gen++
		ev := w.times.push(w.now + s)
		ev.kind, ev.to, ev.gen, ev.key = evIdle, m.ep, m.gen, m.ep.id
		return
	}
	m.makeReady()
}

// envelopes are recycled: an envelope lives for one step, because Forward and
// Stash, which would keep it, do not hand it out.
type envelopes struct{ free []*actor.MessageEnvelope }

func (e *envelopes) take() *actor.MessageEnvelope {
	if n := len(e.free); n > 0 {
		env := e.free[n-1]
		e.free = e.free[:n-1]
		return env
	}
	return &actor.MessageEnvelope{}
}

func (e *envelopes) give(env *actor.MessageEnvelope) {
	env.Message, env.Sender, env.Header = nil, nil, nil
	e.free = append(e.free, env)
}

// misposted names a message that reached a mailbox without passing the network.
func (w *world) misposted(to *endpoint, inc *incarnation) {
	if w.step.inc == nil {
		w.outside("a message for " + to.name())
		return
	}
	if w.step.inc.host == inc.host {
		return // an incarnation that is over, or one that unwinds
	}
	panic(failure{"leaked PID", fmt.Errorf("a PID of %s was used on another host, so its message would skip the network: send the path instead and call env.PID", to.name())})
}
