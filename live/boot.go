package live

import (
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/eventstream"
	cmap "github.com/orcaman/concurrent-map"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/internal/trace"
)

// unwind is the private panic value that takes a goroutine off a dead host.
type unwind struct{}

// A boot is one life of a host, from start to crash or stop. All that the actors
// of that life hold leads here, and from the instant it is dead leads nowhere.
type boot struct {
	host    *host
	number  uint64
	started time.Time
	record  *recorder
	system  *actor.ActorSystem
	guard   *actors.Guard

	ended    chan struct{} // closed at death
	ending   sync.Once
	calls    sync.RWMutex // held for reading by calls of a Disk and by Note, for writing to die
	disks    open[*disk]
	conns    open[net.Conn] // below TLS: closing them never waits for the peer
	admitted admission      // those of conns that others have opened
	timers   timers
	boxes    boxes
	workers  workers
	links    *links
	requests atomic.Uint64 // numbers the reply addresses
}

func newBoot(h *host, number uint64, rec *recorder) *boot {
	b := &boot{
		host:     h,
		number:   number,
		record:   rec,
		started:  time.Now(),
		ended:    make(chan struct{}),
		disks:    open[*disk]{set: map[*disk]struct{}{}},
		conns:    open[net.Conn]{set: map[net.Conn]struct{}{}},
		admitted: admission{peers: map[string]*peer{}},
		timers:   timers{pending: map[*timer]struct{}{}},
		boxes:    boxes{byPath: map[string]*mailbox{}},
	}
	b.links = newLinks(b)
	b.guard = &actors.Guard{
		Refuse: func(call string) { panic(call + " is refused: it cannot be simulated") },
		Spawn:  b.spawnProps,
	}
	b.system = actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
		return slog.New(slog.DiscardHandler) // it reports what is normal here, such as a dead letter
	}))
	b.system.ProcessRegistry.Address = h.name
	// One map of 32 shards in the place of 1,024: those are 2.9 MB a host, and the
	// address of each Request is in a part that no cache holds.
	b.system.ProcessRegistry.LocalPIDs = &actor.SliceMap{LocalPIDs: []cmap.ConcurrentMap{cmap.New()}}
	b.system.ProcessRegistry.RegisterAddressResolver(b.links.resolve)
	b.takeDeadLetters()
	return b
}

// takeDeadLetters replaces proto.actor's handling, which logs and answers the
// sender: a message to nobody is lost here as it is on the way to another host.
func (b *boot) takeDeadLetters() {
	b.system.EventStream = eventstream.NewEventStream()
	b.system.EventStream.Subscribe(func(event any) {
		letter, ok := event.(*actor.DeadLetterEvent)
		if !ok {
			return
		}
		b.host.world.counters.deadLetters.Add(1)
		if watch, ok := letter.Message.(*actor.Watch); ok {
			if watcher, ok := b.system.ProcessRegistry.GetLocal(watch.Watcher.Id); ok {
				watcher.SendSystemMessage(watch.Watcher, &actor.Terminated{Who: letter.PID, Why: actor.TerminatedReason_NotFound})
			}
		}
	})
}

func (b *boot) dead() bool {
	select {
	case <-b.ended:
		return true
	default:
		return false
	}
}

// mustLive unwinds the goroutine if the host is dead.
func (b *boot) mustLive() {
	if b.dead() {
		panic(unwind{})
	}
}

// die ends the boot at once. It waits for the Disk calls and Notes that have begun, not for
// the actors: those unwind at their next call that blocks. The links send what
// they hold only if flush is set.
func (b *boot) die(flush bool) {
	b.ending.Do(func() {
		b.calls.Lock()
		close(b.ended)
		b.calls.Unlock()
		b.timers.stopAll()
		for _, d := range b.disks.close() {
			d.release()
		}
		b.links.close(flush)
		for _, c := range b.conns.close() {
			_ = c.Close()
		}
		b.system.Shutdown()
		end := trace.Event{Kind: trace.Crash}
		if flush {
			end.Kind = trace.Stop
		}
		b.record.close(end)
	})
}

// fail ends the boot because of what one of its actors did.
func (b *boot) fail(err error) {
	if b.dead() {
		return
	}
	b.record.fail(err)
	b.host.world.report(fmt.Errorf("host %s stopped: %w", b.host.name, err))
	b.die(false)
}

// spawn starts an actor with an Env of its own.
func (b *boot) spawn(parent actor.SpawnerContext, box *mailbox, name string, p actors.Producer) (*actor.PID, error) {
	props := actor.PropsFromProducer(
		func() actor.Actor {
			return b.guard.Actor(b.record.actor(b.host.name+"/"+box.path, p(b.env(box.path, box.disk, box))))
		},
		actor.WithMailbox(func() actor.Mailbox { return box }),
	)
	return parent.SpawnNamed(props, name)
}

// mailbox makes that of an actor with an Env.
func (b *boot) mailbox(path string) *mailbox {
	return &mailbox{boot: b, path: path, disk: b.disk(path)}
}

// spawnProps starts a child for ctx.Spawn and its like. It has no Env.
func (b *boot) spawnProps(ctx actor.Context, props *actor.Props, name string) (*actor.PID, error) {
	if err := actors.CheckProps(props); err != nil {
		panic(fmt.Sprintf("spawn %s/%s: %v", ctx.Self().Id, name, err))
	}
	return ctx.SpawnNamed(b.guard.Props(props, actor.WithMailbox(func() actor.Mailbox {
		return &mailbox{boot: b}
	})), name)
}

// startActors starts the host's actors in their order. None of them runs before all
// are there, as in sim: what one says to another as it starts would be lost now and
// then, and nobody says it again.
func (b *boot) startActors() error {
	var boxes []*mailbox
	for _, a := range b.host.def.Actors {
		box := b.mailbox(a.Name)
		box.held = true
		if err := b.startActor(box, a); err != nil {
			return fmt.Errorf("host %s: start actor %s: %w", b.host.name, a.Name, err)
		}
		boxes = append(boxes, box)
	}
	for _, box := range boxes {
		box.release()
	}
	return nil
}

func (b *boot) startActor(box *mailbox, a actors.ActorDef) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if _, ok := p.(unwind); ok {
				err = errDown // the actor halted its host; the reason was reported
				return
			}
			err = fmt.Errorf("%w: %v\n%s", ErrPanic, p, debug.Stack())
		}
	}()
	_, err = b.spawn(b.system.Root, box, a.Name, a.New)
	return err
}

// startPrograms starts the host's programs, each on a goroutine.
func (b *boot) startPrograms() {
	for _, p := range b.host.def.Programs {
		b.startProgram(p)
	}
}

func (b *boot) startProgram(p actors.ProgramDef) {
	b.host.world.programs.begin(b.host.name + "/" + p.Name)
	go b.runProgram(p)
}

func (b *boot) runProgram(p actors.ProgramDef) {
	w := b.host.world
	defer w.programs.end(b.host.name + "/" + p.Name)
	finished := false
	defer func() {
		if finished {
			return
		}
		reason := recover()
		if _, ok := reason.(unwind); ok {
			return
		}
		if reason == nil {
			reason = "runtime.Goexit"
		}
		b.fail(fmt.Errorf("program %s/%s: %w: %v\n%s", b.host.name, p.Name, ErrPanic, reason, debug.Stack()))
	}()
	files := b.disk(p.Name)
	defer files.release()
	err := p.Run(b.env(p.Name, files, nil))
	finished = true
	if err != nil {
		w.report(fmt.Errorf("program %s/%s: %w", b.host.name, p.Name, err))
	}
}
