package actors_test

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// inline is a mailbox that runs each message in the goroutine of its sender.
type inline struct{ invoker actor.MessageInvoker }

func (m *inline) PostUserMessage(msg any)   { m.invoker.InvokeUserMessage(msg) }
func (m *inline) PostSystemMessage(msg any) { m.invoker.InvokeSystemMessage(msg) }
func (m *inline) Start()                    {}
func (m *inline) UserMessageCount() int     { return 0 }
func (m *inline) RegisterHandlers(invoker actor.MessageInvoker, _ actor.Dispatcher) {
	m.invoker = invoker
}

func quietSystem() *actor.ActorSystem {
	return actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
		return slog.New(slog.NewTextHandler(io.Discard, nil))
	}))
}

var inlineMailbox = actor.WithMailbox(func() actor.Mailbox { return &inline{} })

// refusing is a guard that panics with the name of the call and spawns children
// guarded by itself.
func refusing() *actors.Guard {
	g := &actors.Guard{Refuse: func(call string) { panic("refused " + call) }}
	g.Spawn = func(ctx actor.Context, props *actor.Props, name string) (*actor.PID, error) {
		return ctx.SpawnNamed(g.Props(props, inlineMailbox), "spawned-"+name)
	}
	return g
}

// receive has one actor run f in its Receive and returns the panics.
func receive(t *testing.T, f func(ctx actor.Context)) (panics []string) {
	t.Helper()
	system := quietSystem()
	defer system.Shutdown()
	run := actor.ReceiveFunc(func(ctx actor.Context) {
		if _, ok := ctx.Message().(string); !ok {
			return
		}
		defer func() {
			if p := recover(); p != nil {
				panics = append(panics, fmt.Sprint(p))
			}
		}()
		f(ctx)
	})
	g := refusing()
	bare := actor.PropsFromProducer(func() actor.Actor { return run }, inlineMailbox)
	inside := actor.PropsFromProducer(func() actor.Actor { return g.Actor(run) }, inlineMailbox)
	for _, props := range []*actor.Props{inside, g.Props(bare)} {
		system.Root.Send(system.Root.Spawn(props), "go")
	}
	return panics
}

func TestForbiddenCallsAreRefusedByName(t *testing.T) {
	there := actor.NewPID("elsewhere", "a")
	calls := map[string]func(ctx actor.Context){
		"SetReceiveTimeout": func(ctx actor.Context) { ctx.SetReceiveTimeout(time.Second) },
		"Stash":             func(ctx actor.Context) { ctx.Stash() },
		"ReenterAfter":      func(ctx actor.Context) { ctx.ReenterAfter(nil, nil) },
		"RequestFuture":     func(ctx actor.Context) { ctx.RequestFuture(ctx.Self(), 1, time.Second) },
		"StopFuture":        func(ctx actor.Context) { ctx.StopFuture(ctx.Self()) },
		"PoisonFuture":      func(ctx actor.Context) { ctx.PoisonFuture(ctx.Self()) },

		"Watch of an actor on another host":   func(ctx actor.Context) { ctx.Watch(there) },
		"Unwatch of an actor on another host": func(ctx actor.Context) { ctx.Unwatch(there) },
		"Stop of an actor on another host":    func(ctx actor.Context) { ctx.Stop(there) },
		"Poison of an actor on another host":  func(ctx actor.Context) { ctx.Poison(there) },
	}
	for name, call := range calls {
		want := []string{"refused " + name, "refused " + name}
		if got := receive(t, call); !slices.Equal(got, want) {
			t.Errorf("%s: panics %q, want %q", name, got, want)
		}
	}
}

func TestOrdinaryCallsPassTheGuard(t *testing.T) {
	panics := receive(t, func(ctx actor.Context) {
		if ctx.Message() != "go" || ctx.Self() == nil || ctx.Actor() == nil {
			t.Errorf("message %v, self %v, actor %v", ctx.Message(), ctx.Self(), ctx.Actor())
		}
		ctx.Watch(ctx.Self())
		ctx.Unwatch(ctx.Self())
		ctx.Stop(ctx.Self())
	})
	if len(panics) > 0 {
		t.Error(panics)
	}
}

func TestSpawnGoesThroughTheGuard(t *testing.T) {
	var paths []string
	panics := receive(t, func(ctx actor.Context) {
		child := actor.PropsFromFunc(func(ctx actor.Context) {
			if _, ok := ctx.Message().(*actor.Started); ok {
				paths = append(paths, ctx.Self().Id)
				ctx.Stash()
			}
		})
		if _, err := ctx.SpawnNamed(child, "a"); err != nil {
			t.Error(err)
		}
	})
	if len(paths) != 2 || !strings.HasSuffix(paths[0], "/spawned-a") {
		t.Errorf("children at %q", paths)
	}
	if want := []string{"refused Stash", "refused Stash"}; !slices.Equal(panics, want) {
		t.Errorf("the children's panics: %q, want %q", panics, want)
	}
}

func TestPropsThatOverrideTheWorldAreNamed(t *testing.T) {
	child := func() actor.Actor { return actor.ReceiveFunc(func(actor.Context) {}) }
	strategy := actor.DefaultSupervisorStrategy()
	for what, opt := range map[string]actor.PropsOption{
		"mailbox":        inlineMailbox,
		"dispatcher":     actor.WithDispatcher(actor.NewSynchronizedDispatcher(1)),
		"supervisor":     actor.WithSupervisor(strategy),
		"guardian":       actor.WithGuardian(strategy),
		"spawn function": actor.WithSpawnFunc(actor.DefaultSpawner),
		"spawn middleware": actor.WithSpawnMiddleware(func(next actor.SpawnFunc) actor.SpawnFunc {
			return next
		}),
	} {
		err := actors.CheckProps(actor.PropsFromProducer(child, opt))
		if want := "props must not bring a " + what + " of their own"; err == nil || err.Error() != want {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := actors.CheckProps(actor.PropsFromProducer(child).Clone()); err != nil {
		t.Error(err)
	}
}

func TestGuardAllocatesNothingPerMessage(t *testing.T) {
	system := quietSystem()
	defer system.Shutdown()
	var received int
	a := actor.ReceiveFunc(func(actor.Context) { received++ })
	mailbox := &inline{}
	system.Root.Spawn(actor.PropsFromProducer(func() actor.Actor { return refusing().Actor(a) },
		actor.WithMailbox(func() actor.Mailbox { return mailbox })))
	msg := any("go")
	if n := testing.AllocsPerRun(100, func() { mailbox.PostUserMessage(msg) }); n != 0 {
		t.Errorf("%v allocations a message", n)
	}
	if received < 100 {
		t.Errorf("received %d messages", received)
	}
}
