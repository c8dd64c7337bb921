package actorstest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

func requestCases() []testCase {
	return []testCase{
		{"a request is answered, on this host and another", system(func(env actors.Env) error {
			for i := range 100 {
				for _, path := range []string{"here/echo", "there/echo"} {
					got, err := env.Request(env.PID(path), number{i}, 0)
					if err != nil {
						return err
					}
					if err := unlike[any](path, got, number{i}); err != nil {
						return err
					}
				}
			}
			return nil
		}, at("here/echo", echo), at("there/echo", echo))},

		{"a request that nobody answers times out", system(func(env actors.Env) error {
			for _, path := range []string{"here/deaf", "there/deaf", "here/nobody", "there/nobody"} {
				before := env.Clock.Now()
				got, err := env.Request(env.PID(path), value{"x"}, 20*time.Millisecond)
				if !errors.Is(err, actors.ErrTimeout) || got != nil {
					return fmt.Errorf("%s: got %v, %w", path, got, err)
				}
				if d := env.Clock.Now() - before; d < 20*time.Millisecond {
					return fmt.Errorf("%s: timed out after %v", path, d)
				}
			}
			return nil
		}, at("here/deaf", deaf), at("there/deaf", deaf))},

		{"a late reply does not answer the next request", system(func(env actors.Env) error {
			for _, host := range []string{here, there} {
				if _, err := env.Request(env.PID(host+"/late"), value{"late"}, 5*time.Millisecond); !errors.Is(err, actors.ErrTimeout) {
					return fmt.Errorf("%s: %w", host, err)
				}
				got, err := env.Request(env.PID(host+"/late"), number{7}, 0)
				if err != nil {
					return err
				}
				if err := unlike[any](host, got, number{7}); err != nil {
					return err
				}
			}
			return nil
		}, at("here/late", late), at("there/late", late))},

		{"the reply address names the Boot", system(func(env actors.Env) error {
			want := fmt.Sprintf("here/req/%d.", env.Boot)
			for _, host := range []string{here, there} {
				got, err := env.Request(env.PID(host+"/sender"), value{"x"}, 0)
				if err != nil {
					return err
				}
				if text := got.(value).Text; !strings.HasPrefix(text, want) {
					return fmt.Errorf("at %s: sender %s, want %s...", host, text, want)
				}
			}
			return nil
		}, at("here/sender", senderPath), at("there/sender", senderPath))},

		{"a forwarded request is answered by its last receiver", system(func(env actors.Env) error {
			got, err := env.Request(env.PID("there/forward"), number{3}, 0)
			if err != nil {
				return err
			}
			return unlike[any]("answer", got, number{3})
		}, at("here/echo", echo), at("there/forward", func(env actors.Env) actor.ReceiveFunc {
			return func(ctx actor.Context) {
				if _, ok := ctx.Message().(number); ok {
					ctx.Forward(env.PID("here/echo"))
				}
			}
		}))},

		{"an actor may block in a request", system(func(env actors.Env) error {
			for i := range 10 {
				got, err := env.Request(env.PID("here/proxy"), number{i}, 0)
				if err != nil {
					return err
				}
				if err := unlike[any]("answer", got, number{i}); err != nil {
					return err
				}
			}
			return nil
		}, at("there/echo", echo), at("here/proxy", func(env actors.Env) actor.ReceiveFunc {
			return func(ctx actor.Context) {
				msg, ok := ctx.Message().(number)
				if !ok {
					return
				}
				answer, err := env.Request(env.PID("there/echo"), msg, 0)
				if err != nil {
					answer = value{err.Error()}
				}
				ctx.Respond(answer)
			}
		}))},
	}
}

// deaf answers nothing.
func deaf(actors.Env) actor.ReceiveFunc { return func(actor.Context) {} }

// late answers values after 200 ms and numbers after 300 ms.
func late(env actors.Env) actor.ReceiveFunc {
	var ofValue, ofNumber *actor.PID
	var last number
	return func(ctx actor.Context) {
		switch msg := ctx.Message().(type) {
		case value:
			ofValue = ctx.Sender()
			env.Clock.After(200*time.Millisecond, tick("value"))
		case number:
			ofNumber, last = ctx.Sender(), msg
			env.Clock.After(300*time.Millisecond, tick("number"))
		case tick:
			if msg == "value" {
				ctx.Send(ofValue, value{"late"})
			} else {
				ctx.Send(ofNumber, last)
			}
		}
	}
}

// senderPath answers with the path of who asked.
func senderPath(actors.Env) actor.ReceiveFunc {
	return func(ctx actor.Context) {
		if _, ok := ctx.Message().(value); ok {
			ctx.Respond(value{ctx.Sender().Address + "/" + ctx.Sender().Id})
		}
	}
}
