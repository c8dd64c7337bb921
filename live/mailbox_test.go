package live

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// startBoot starts a World of one host h and returns its first boot.
func startBoot(t *testing.T, a ...actors.ActorDef) (*World, *boot) {
	t.Helper()
	w, err := Start(actors.Topology{Hosts: []actors.Host{{Name: "h", Actors: a}}}, Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Stop(t.Context()) })
	return w, w.hosts["h"].current()
}

// A taker takes down what a mailbox has it process.
type taker struct {
	took []string
	then func(msg any) // is called for each message
}

func (k *taker) InvokeSystemMessage(msg any) { k.take("system", msg) }
func (k *taker) InvokeUserMessage(msg any)   { k.take("user", msg) }
func (k *taker) EscalateFailure(_, _ any)    {}

func (k *taker) take(kind string, msg any) {
	k.took = append(k.took, fmt.Sprint(kind, " ", msg))
	if k.then != nil {
		k.then(msg)
	}
}

// What proto.actor tells an actor is not kept waiting by what users tell it.
func TestSystemMessagesOvertakeOthers(t *testing.T) {
	_, b := startBoot(t)
	k := &taker{}
	m := &mailbox{boot: b, invoker: k, started: true, running: true}
	k.then = func(msg any) {
		if msg == 1 {
			m.PostSystemMessage("b")
		}
	}
	m.PostUserMessage(1)
	m.PostUserMessage(2)
	m.PostSystemMessage("a")
	m.run()
	if want := []string{"system a", "user 1", "system b", "user 2"}; !slices.Equal(k.took, want) {
		t.Errorf("got %q, want %q", k.took, want)
	}
}

// An actor whose host dies while it works goes on to the end of that message only.
func TestDeadHostDeliversNothing(t *testing.T) {
	_, b := startBoot(t)
	k := &taker{then: func(any) { b.die(false) }}
	m := &mailbox{boot: b, invoker: k, started: true, running: true}
	m.PostUserMessage(1)
	m.PostUserMessage(2)
	m.PostSystemMessage("a")
	m.run()
	if want := []string{"system a"}; !slices.Equal(k.took, want) {
		t.Errorf("got %q, want %q", k.took, want)
	}
}

// A mailbox that is full costs another host its message and the own host its life: what
// actors of one host say to each other is not lost.
func TestFullMailboxDropsWhatComesFromOthersAndStopsItsHost(t *testing.T) {
	w, b := startBoot(t)
	m := &mailbox{boot: b, path: "a", user: queue[letter]{items: make([]letter, mailboxMax-1)}, held: true}
	p := &peer{}
	if !m.arrive(1, p, 100) || p.waiting.Load() != 100 {
		t.Errorf("no room for the last message, %d bytes are charged", p.waiting.Load())
	}
	if m.arrive(2, p, 100) || p.waiting.Load() != 100 || m.UserMessageCount() != mailboxMax {
		t.Errorf("%d messages wait, %d bytes are charged", m.UserMessageCount(), p.waiting.Load())
	}
	if b.dead() {
		t.Error("a message of another host stops this one")
	}
	m.PostUserMessage(3)
	if err := w.Err(); !errors.Is(err, ErrMailboxFull) || !strings.Contains(err.Error(), "actor h/a") || !b.dead() || m.UserMessageCount() != mailboxMax {
		t.Errorf("%v, dead %v, %d messages wait", err, b.dead(), m.UserMessageCount())
	}
}

// An actor that has stopped leaves its place, its files and its address to nobody or to
// its successor.
func TestStoppedActorGivesUpItsPlace(t *testing.T) {
	_, b := startBoot(t, actors.ActorDef{Name: "parent", New: func(env actors.Env) actor.Actor {
		return actor.ReceiveFunc(func(ctx actor.Context) {
			switch ctx.Message().(type) {
			case *actor.Started:
				ctx.Stop(env.Spawn(ctx, "kid", func(actors.Env) actor.Actor { return actor.ReceiveFunc(func(actor.Context) {}) }))
			case *actor.Terminated:
				env.Spawn(ctx, "heir", func(actors.Env) actor.Actor { return actor.ReceiveFunc(func(actor.Context) {}) })
			}
		})
	}})
	for end := time.Now().Add(20 * time.Second); b.boxes.find([]byte("parent/kid")) != nil || b.boxes.find([]byte("parent/heir")) == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("the place of an actor that has stopped is not given up")
		}
	}
	heir := b.boxes.find([]byte("parent/heir"))
	old := &mailbox{boot: b, path: heir.path, disk: b.disk(heir.path)}
	if err := old.disk.Append("file", nil); err != nil {
		t.Fatal(err)
	}
	old.forgetStopped(&actor.Stop{})
	if old.disk.root != nil || old.disk.open != nil {
		t.Error("an actor that has stopped keeps its files because it has a successor")
	}
	if b.boxes.find([]byte(heir.path)) != heir {
		t.Error("the successor has lost its place")
	}
	// A system message that does not stop the actor takes nothing from it.
	heir.forgetStopped(&actor.Terminated{})
	if b.boxes.find([]byte(heir.path)) != heir {
		t.Error("an actor that lives has lost its place")
	}
}
