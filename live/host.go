package live

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// What stopped a host, in the errors of [World.Wait] and [World.Err]. An error that
// is none of these is one that a program returned.
var (
	// ErrPanic is a panic of an actor or a program, or a call that is refused.
	ErrPanic = errors.New("panic")
	// ErrHalted is a call of Env.Halt.
	ErrHalted = errors.New("halted")
	// ErrMailboxFull is an actor that cannot keep up with its own host.
	ErrMailboxFull = errors.New("mailbox full")
)

// errDown is why a host that is not running refuses.
var errDown = errors.New("host is down")

// A host is a host of the topology that runs in this process. Its listener and
// its folder outlive its boots.
type host struct {
	world    *World
	name     string
	def      actors.Host
	listener net.Listener
	creds    *credentials // nil for plain connections
	refusals refusals

	mu   sync.Mutex
	boot *boot // nil before the first start
}

// current returns the boot that is alive, or nil.
func (h *host) current() *boot {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.boot == nil || h.boot.dead() {
		return nil
	}
	return h.boot
}

// start begins a new boot with all its actors; programs are started apart.
func (h *host) start() (*boot, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.boot != nil && !h.boot.dead() {
		return nil, fmt.Errorf("host %s: start: it is running", h.name)
	}
	number, err := nextBoot(h.world.opts.Dir, h.name, time.Now())
	if err != nil {
		return nil, err
	}
	rec, err := h.world.startRecorder(h.name, number)
	if err != nil {
		return nil, err
	}
	b := newBoot(h, number, rec)
	h.boot = b
	if err := b.startActors(); err != nil {
		b.die(false)
		return nil, err
	}
	return b, nil
}

// stop ends the current boot gracefully: every actor receives Stopping, and what
// they send then is written before the connections close. When ctx ends first,
// the rest of the boot dies as in a crash.
func (h *host) stop(ctx context.Context) error {
	b := h.current()
	if b == nil {
		return nil
	}
	w := &stopWatch{terminated: make(chan struct{}, len(h.def.Actors))}
	registry := b.system.ProcessRegistry
	watcher, _ := registry.Add(w, "stop"+registry.NextId())
	waiting := 0
	for _, a := range h.def.Actors {
		pid := actor.NewPID(h.name, a.Name)
		if process, ok := registry.GetLocal(a.Name); ok {
			process.SendSystemMessage(pid, &actor.Watch{Watcher: watcher})
			process.Stop(pid)
			waiting++
		}
	}
	for ; waiting > 0; waiting-- {
		select {
		case <-w.terminated:
		case <-b.ended:
			return fmt.Errorf("host %s: stop: %w", h.name, errDown)
		case <-ctx.Done():
			b.die(false)
			return fmt.Errorf("host %s: stop: %d actors still busy: %w", h.name, waiting, ctx.Err())
		}
	}
	b.die(true)
	return nil
}

// A stopWatch is told by proto.actor that an actor has ended.
type stopWatch struct{ terminated chan struct{} }

func (s *stopWatch) SendUserMessage(*actor.PID, any) {}

func (s *stopWatch) SendSystemMessage(_ *actor.PID, msg any) {
	if _, ok := msg.(*actor.Terminated); ok {
		s.terminated <- struct{}{}
	}
}

func (s *stopWatch) Stop(*actor.PID) {}
