package live

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// sleeper keeps questions until it has some, and answers the last one first.
func sleeper(some int) actors.Producer {
	return func(actors.Env) actor.Actor {
		var asked []actor.PID
		var questions []allowed
		return actor.ReceiveFunc(func(ctx actor.Context) {
			msg, ok := ctx.Message().(allowed)
			if !ok {
				return
			}
			asked, questions = append(asked, *ctx.Sender()), append(questions, msg)
			if len(asked) == some {
				for i := some - 1; i >= 0; i-- {
					ctx.Send(&asked[i], questions[i])
				}
			}
		})
	}
}

// However many requests of a host are open, each gets the answer to its own question.
func TestEveryRequestGetsItsOwnAnswer(t *testing.T) {
	const n = 200
	_, b := startBoot(t, actors.ActorDef{Name: "sleeper", New: sleeper(n)})
	var asking sync.WaitGroup
	for i := range n {
		asking.Go(func() {
			got, err := b.request("h/p", actor.NewPID("h", "sleeper"), allowed{i}, 20*time.Second)
			if err != nil || got != (allowed{i}) {
				t.Errorf("question %d: %v, %v", i, got, err)
			}
		})
	}
	asking.Wait()
}

func TestFirstOfTwoAnswersCounts(t *testing.T) {
	r := &reply{got: make(chan any, 1)}
	r.SendUserMessage(nil, 1)
	r.SendUserMessage(nil, 2)
	if got := <-r.got; got != 1 || len(r.got) != 0 {
		t.Errorf("got %v, %d more", got, len(r.got))
	}
}

// A request that has ended leaves no address behind.
func TestRequestThatGaveUpHasNoAddress(t *testing.T) {
	_, b := startBoot(t)
	if _, err := b.request("h/p", actor.NewPID("h", "nobody"), allowed{}, time.Millisecond); err != actors.ErrTimeout {
		t.Errorf("got %v", err)
	}
	if _, ok := b.system.ProcessRegistry.GetLocal(replyPath(b.number, 1)); ok {
		t.Error("its address is still there")
	}
}

// An answer that comes as the host dies is not heard: what the caller does with it would
// be done by nobody.
func TestAnswerIsNotHeardByTheDead(t *testing.T) {
	_, b := startBoot(t)
	for n := range 20 {
		// The select of a request may choose either of the two that are ready.
		one := newBoot(b.host, b.number+uint64(n)+1, nil)
		if _, ok := one.system.ProcessRegistry.Add(answering{one}, "at-once"); !ok {
			t.Fatal("not added")
		}
		func() {
			defer func() {
				if _, ok := recover().(unwind); !ok {
					t.Error("the request of a dead host has returned")
				}
			}()
			_, _ = one.request("h/p", actor.NewPID("h", "at-once"), allowed{}, 0)
		}()
	}
}

// answering answers while its host dies.
type answering struct{ boot *boot }

func (a answering) SendUserMessage(_ *actor.PID, msg any) {
	_, msg, sender := actor.UnwrapEnvelope(msg)
	a.boot.die(false)
	if asker, ok := a.boot.system.ProcessRegistry.GetLocal(sender.Id); ok {
		asker.SendUserMessage(sender, msg)
	}
}
func (answering) SendSystemMessage(*actor.PID, any) {}
func (answering) Stop(*actor.PID)                   {}

// Each actor draws its own numbers, in each of its lives.
func TestEveryEnvHasARandOfItsOwn(t *testing.T) {
	_, b := startBoot(t)
	drawn := map[string]string{}
	for n := range 10 {
		path := fmt.Sprint("p", n)
		r := b.env(path, b.disk(path), nil).Rand
		numbers := fmt.Sprint(r.Uint64(), r.Uint64())
		if other, ok := drawn[numbers]; ok {
			t.Errorf("%s draws what %s does", path, other)
		}
		drawn[numbers] = path
	}
}
