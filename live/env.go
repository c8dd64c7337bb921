package live

import (
	cryptorand "crypto/rand"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// env makes the Env of the actor or program at path, below the host. A program
// has no mailbox.
func (b *boot) env(path string, files *disk, box *mailbox) actors.Env {
	h := b.host
	full := h.name + "/" + path
	random := [2]uint64{seed(), seed()}
	b.record.start(full, random)
	return actors.Env{
		Host:  h.name,
		Boot:  b.number,
		Clock: &clock{boot: b, box: box, path: full},
		Rand:  rand.New(rand.NewPCG(random[0], random[1])),
		Disk:  files,
		Log:   h.world.opts.Log.With("host", h.name, "path", full),
		PID:   pid,
		Send: func(to *actor.PID, msg any) {
			if !b.dead() {
				b.record.send(full, to, msg)
				b.system.Root.Send(to, msg)
			}
		},
		Request: func(to *actor.PID, msg any, timeout time.Duration) (any, error) {
			return b.request(full, to, msg, timeout)
		},
		Spawn: func(ctx actor.Context, name string, p actors.Producer) *actor.PID {
			if box == nil {
				panic("Env.Spawn in a program: it is no actor")
			}
			return b.spawnChild(actors.Unguarded(unrecorded(ctx)), name, p)
		},
		Halt: func(err error) {
			b.fail(fmt.Errorf("%s %w: %w", full, ErrHalted, err))
			panic(unwind{})
		},
		Note: func(fact any) {
			// Who ends the boot waits for this, so that nothing is noted of it afterwards.
			b.calls.RLock()
			defer b.calls.RUnlock()
			if !b.dead() {
				h.world.note(b.record, h.name, full, fact)
			}
		},
	}
}

func (b *boot) spawnChild(ctx actor.Context, name string, p actors.Producer) *actor.PID {
	path := ctx.Self().Id + "/" + name
	if err := checkName(name); err != nil {
		panic(fmt.Sprintf("spawn %s: %v", path, err))
	}
	child, err := b.spawn(ctx, b.mailbox(path), name, p)
	if err != nil {
		panic(fmt.Sprintf("spawn %s: %v", path, err))
	}
	return child
}

// pid splits a path at its host.
func pid(path string) *actor.PID {
	host, id, ok := strings.Cut(path, "/")
	if !ok || host == "" || id == "" {
		panic(fmt.Sprintf("PID %q: a path is host/actor", path))
	}
	return actor.NewPID(host, id)
}

func seed() uint64 {
	var b [8]byte
	cryptorand.Read(b[:])
	return binary.LittleEndian.Uint64(b[:])
}

// A reply is the process behind the reply address of one Request.
type reply struct{ got chan any }

func (r *reply) SendUserMessage(_ *actor.PID, msg any) {
	_, msg, _ = actor.UnwrapEnvelope(msg)
	select {
	case r.got <- msg:
	default: // a second reply: the first one counts
	}
}

func (r *reply) SendSystemMessage(*actor.PID, any) {}

func (r *reply) Stop(*actor.PID) {}

// replyPath is the path, below the host, of the n-th Request of a Boot.
func replyPath(boot, n uint64) string { return fmt.Sprintf("%s%d.%d", replyPrefix, boot, n) }

const replyPrefix = "req/"

// request sends msg for the actor or program at path and waits on this goroutine for
// the reply.
func (b *boot) request(path string, to *actor.PID, msg any, timeout time.Duration) (any, error) {
	b.mustLive()
	r := &reply{got: make(chan any, 1)}
	registry := b.system.ProcessRegistry
	sender, _ := registry.Add(r, replyPath(b.number, b.requests.Add(1)))
	defer registry.Remove(sender)
	b.record.send(path, to, msg)
	b.system.Root.RequestWithCustomSender(to, msg, sender)
	var late <-chan time.Time
	if timeout > 0 {
		t := time.NewTimer(timeout)
		defer t.Stop()
		late = t.C
	}
	select {
	case answer := <-r.got:
		b.mustLive()
		b.record.step(path, sender.Address+"/"+sender.Id, nil, answer)
		return answer, nil
	case <-late:
		b.mustLive()
		b.record.resume(path, "without an answer")
		return nil, actors.ErrTimeout
	case <-b.ended:
		panic(unwind{})
	}
}
