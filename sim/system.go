package sim

import (
	"log/slog"
	"sync"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/asynkron/protoactor-go/eventstream"
	"github.com/asynkron/protoactor-go/extensions"
	cmap "github.com/orcaman/concurrent-map"
)

// template is one stock ActorSystem a process. A stock system costs 2.9 MB and
// milliseconds, nearly all of it for a registry of 32,768 maps; a copy of the
// struct with a small registry costs microseconds. The copy carries the fields
// that are not exported; every exported field that points back is replaced.
var template = sync.OnceValue(func() *actor.ActorSystem {
	discard := slog.New(slog.DiscardHandler)
	return actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger { return discard }))
})

// newSystem makes the ActorSystem of one incarnation of a host. It starts no
// goroutine.
func newSystem(name string, resolve actor.AddressResolver, deadLetter func(*actor.DeadLetterEvent)) *actor.ActorSystem {
	s := new(actor.ActorSystem)
	*s = *template()
	s.ID = name
	s.ProcessRegistry = &actor.ProcessRegistryValue{
		ActorSystem:    s,
		Address:        name,
		LocalPIDs:      &actor.SliceMap{LocalPIDs: []cmap.ConcurrentMap{cmap.New()}},
		RemoteHandlers: []actor.AddressResolver{resolve},
	}
	s.Root = actor.NewRootContext(s, nil)
	s.Guardians = actor.NewGuardians(s)
	s.Extensions = extensions.NewExtensions()
	s.Extensions.Register(actor.NewMetrics(s, nil))
	s.EventStream = eventstream.NewEventStream()
	s.DeadLetter = actor.NewDeadLetter(s)
	// NewDeadLetter subscribed a logger that starts goroutines: replace it.
	s.EventStream = eventstream.NewEventStream()
	s.EventStream.Subscribe(func(ev any) {
		if dl, ok := ev.(*actor.DeadLetterEvent); ok {
			deadLetter(dl)
		}
	})
	return s
}
