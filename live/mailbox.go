package live

import (
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/asynkron/protoactor-go/actor"
)

// mailboxMax bounds the messages that wait for one actor. Beyond it, messages
// from other hosts are dropped; a message of the own host, which must not be
// lost, stops the host. What one other host may have waiting is bounded by its
// [peer] long before.
const mailboxMax = 1 << 20

// A letter is a message that waits for an actor.
type letter struct {
	msg  any
	from *peer // nil if it is of the own host
	size int   // bytes charged to from
}

// A mailbox runs one actor, one message after the other, on a goroutine of the
// host's [workers] while there are messages. It is ours and not proto.actor's
// because a panic must stop the host, a dead host must deliver nothing, and a
// cancelled timer must not be received even if it is queued.
type mailbox struct {
	boot *boot
	path string // of the actor below the host; set before the mailbox starts
	disk *disk  // nil for an actor without an Env

	mu      sync.Mutex
	system  queue[any]
	user    queue[letter]
	started bool
	running bool // a goroutine is at work, or died at it
	held    bool // the host is still starting
	invoker actor.MessageInvoker
	process actor.Process // of the actor, as it is registered
}

var _ actor.Mailbox = (*mailbox)(nil)

// RegisterHandlers is called by proto.actor when the actor has its PID.
func (m *mailbox) RegisterHandlers(invoker actor.MessageInvoker, _ actor.Dispatcher) {
	m.invoker = invoker
	m.path = invoker.(actor.Context).Self().Id
	m.process, _ = m.boot.system.ProcessRegistry.GetLocal(m.path)
	m.boot.boxes.add(m)
}

// Start is called by proto.actor once; what was posted before waits for it.
func (m *mailbox) Start() {
	m.mu.Lock()
	m.started = true
	m.schedule()
}

// PostUserMessage queues a message of the own host.
func (m *mailbox) PostUserMessage(msg any) {
	m.mu.Lock()
	if m.user.len() >= mailboxMax {
		m.mu.Unlock()
		m.boot.fail(fmt.Errorf("actor %s/%s: %w: %d messages", m.boot.host.name, m.path, ErrMailboxFull, mailboxMax))
		return
	}
	m.user.push(letter{msg: msg})
	m.schedule()
}

// PostSystemMessage queues what proto.actor tells the actor's context.
func (m *mailbox) PostSystemMessage(msg any) {
	m.mu.Lock()
	m.system.push(msg)
	m.schedule()
}

// arrive queues a message of another host and reports whether there was room.
func (m *mailbox) arrive(msg any, from *peer, size int) bool {
	if !from.charge(size) {
		return false
	}
	m.mu.Lock()
	if m.user.len() >= mailboxMax {
		m.mu.Unlock()
		from.release(size)
		return false
	}
	m.user.push(letter{msg, from, size})
	m.schedule()
	return true
}

// UserMessageCount is for proto.actor's metrics.
func (m *mailbox) UserMessageCount() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.user.len()
}

// release lets the actor run: all others of its host are there.
func (m *mailbox) release() {
	m.mu.Lock()
	m.held = false
	m.schedule()
}

// schedule is called with the lock held and gives it up.
func (m *mailbox) schedule() {
	start := m.started && !m.held && !m.running
	m.running = m.running || start
	m.mu.Unlock()
	if start {
		m.boot.workers.run(m)
	}
}

// next returns what to process, system messages first; false ends the run.
func (m *mailbox) next() (msg any, system, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if msg, ok = m.system.pop(); ok {
		return msg, true, true
	}
	if l, ok := m.user.pop(); ok {
		if l.from != nil {
			l.from.release(l.size)
		}
		return l.msg, false, true
	}
	m.running = false
	return nil, false, false
}

func (m *mailbox) run() {
	var msg any
	finished := false
	defer func() {
		if finished {
			return
		}
		// running stays true: nothing is ever delivered to this actor again.
		p := recover()
		if _, ok := p.(unwind); ok {
			return
		}
		if p == nil {
			p = "runtime.Goexit"
		}
		_, msg, _ := actor.UnwrapEnvelope(msg)
		m.boot.fail(fmt.Errorf("actor %s/%s: %w on %T: %v\n%s", m.boot.host.name, m.path, ErrPanic, msg, p, debug.Stack()))
	}()
	for !m.boot.dead() {
		var system, ok bool
		if msg, system, ok = m.next(); !ok {
			break
		}
		if system {
			m.invoker.InvokeSystemMessage(msg)
			m.forgetStopped(msg)
			continue
		}
		if t, ok := msg.(*timer); ok {
			if !t.take() {
				continue
			}
			if msg = t.msg; m.boot.record != nil {
				m.boot.record.timer(m.boot.host.name+"/"+m.path, t.n, msg)
			}
		} else if m.boot.record != nil {
			path := m.boot.host.name + "/" + m.path
			_, content, sender := actor.UnwrapEnvelope(msg)
			m.boot.record.step(path, path, sender, content)
		}
		m.invoker.InvokeUserMessage(msg)
	}
	finished = true
}

// forgetStopped takes the mailbox off the host's table once its actor has
// stopped, which happens in one of two system messages. Its parent, which has been told,
// may have started a successor of the same name already.
func (m *mailbox) forgetStopped(msg any) {
	switch msg.(type) {
	case *actor.Stop, *actor.Terminated:
		if process, ok := m.boot.system.ProcessRegistry.GetLocal(m.path); !ok || process != m.process {
			m.boot.boxes.remove(m)
			if m.disk != nil {
				m.disk.release()
			}
		}
	}
}

// boxes is the table of a host's mailboxes, for messages from other hosts.
type boxes struct {
	mu     sync.RWMutex
	byPath map[string]*mailbox
}

func (b *boxes) add(m *mailbox) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.byPath[m.path] = m
}

func (b *boxes) remove(m *mailbox) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.byPath[m.path] == m { // and not its successor
		delete(b.byPath, m.path)
	}
}

func (b *boxes) find(path []byte) *mailbox {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.byPath[string(path)]
}
