package actorstest

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// tick is what timers deliver. Timer messages stay in their actor and are not
// registered.
type tick string

// onValue is an actor that runs begin when it is asked by a value. After each
// tick, end gets all ticks so far; the first text it returns is the answer.
func onValue(begin func(env actors.Env), end func(ticks []tick) string) func(env actors.Env) actor.ReceiveFunc {
	return func(env actors.Env) actor.ReceiveFunc {
		var asker *actor.PID
		var ticks []tick
		return func(ctx actor.Context) {
			switch msg := ctx.Message().(type) {
			case value:
				asker = ctx.Sender()
				begin(env)
			case tick:
				ticks = append(ticks, msg)
				if text := end(ticks); text != "" {
					ctx.Send(asker, value{text})
				}
			}
		}
	}
}

// ask is a program that expects an answer of here/actor.
func ask(want string) actors.Program {
	return func(env actors.Env) error {
		answer, err := env.Request(env.PID("here/actor"), value{"begin"}, 0)
		if err != nil {
			return err
		}
		return unlike("answer", answer.(value).Text, want)
	}
}

func clockCases() []testCase {
	return []testCase{
		{"Sleep lets its time pass", system(func(env actors.Env) error {
			before, wall := env.Clock.Now(), env.Clock.Wall()
			env.Clock.Sleep(20 * time.Millisecond)
			if d := env.Clock.Now() - before; before < 0 || d < 20*time.Millisecond {
				return fmt.Errorf("Now went from %v by %v", before, d)
			}
			if env.Clock.Wall().Before(wall) || wall.IsZero() {
				return fmt.Errorf("Wall went from %v to %v without a fault", wall, env.Clock.Wall())
			}
			return nil
		})},

		{"a message of After is not early", system(ask("on time"), at("here/actor", func(env actors.Env) actor.ReceiveFunc {
			var began time.Duration
			return onValue(func(env actors.Env) {
				began = env.Clock.Now()
				env.Clock.After(20*time.Millisecond, tick("due"))
			}, func([]tick) string {
				if d := env.Clock.Now() - began; d < 20*time.Millisecond {
					return "early: " + d.String()
				}
				return "on time"
			})(env)
		}))},

		{"every timer fires, once", system(ask("a b c"), at("here/actor", onValue(func(env actors.Env) {
			env.Clock.After(30*time.Millisecond, tick("c"))
			env.Clock.After(-time.Second, tick("a"))
			env.Clock.After(10*time.Millisecond, tick("b"))
			env.Clock.After(60*time.Millisecond, tick("end"))
		}, func(ticks []tick) string {
			if len(ticks) < 4 {
				return ""
			}
			slices.Sort(ticks) // which of two late ones comes first is not promised
			return join(ticks[:3])
		})))},

		{"a cancelled timer is never received", system(ask("b"), at("here/actor", onValue(func(env actors.Env) {
			cancel := env.Clock.After(5*time.Millisecond, tick("a"))
			env.Clock.After(30*time.Millisecond, tick("b"))
			cancel()
			cancel()
		}, until("b"))))},

		{"a timer cancelled after it was due is never received", system(ask("b"), at("here/actor", onValue(func(env actors.Env) {
			cancel := env.Clock.After(time.Millisecond, tick("a"))
			env.Clock.Sleep(20 * time.Millisecond)
			cancel()
			env.Clock.After(20*time.Millisecond, tick("b"))
		}, until("b"))))},

		{"cancel of a received timer does nothing", system(ask("a b"), at("here/actor", func(env actors.Env) actor.ReceiveFunc {
			var cancel func()
			return onValue(func(env actors.Env) {
				cancel = env.Clock.After(time.Millisecond, tick("a"))
			}, func(ticks []tick) string {
				if len(ticks) == 1 {
					env.Clock.After(time.Millisecond, tick("b"))
					cancel()
				}
				return until("b")(ticks)
			})(env)
		}))},

		{"nothing is delivered to an actor that sleeps", system(func(env actors.Env) error {
			env.Send(env.PID("here/sleeper"), number{})
			for range 3 {
				answer, err := env.Request(env.PID("here/sleeper"), value{"awake?"}, 0)
				if err != nil {
					return err
				}
				if err := unlike("sleeper", answer.(value).Text, "awake"); err != nil {
					return err
				}
			}
			return nil
		}, at("here/sleeper", func(env actors.Env) actor.ReceiveFunc {
			state := "awake"
			return func(ctx actor.Context) {
				switch ctx.Message().(type) {
				case number:
					state = "asleep"
					env.Clock.After(time.Millisecond, tick("due"))
					env.Clock.Sleep(30 * time.Millisecond)
					state = "awake"
				case tick:
					if state == "asleep" {
						state = "got a timer while asleep"
					}
				case value:
					ctx.Respond(value{state})
				}
			}
		}))},

		{"After in a program panics", system(func(env actors.Env) (err error) {
			defer func() {
				if recover() == nil {
					err = fmt.Errorf("no panic")
				}
			}()
			env.Clock.After(time.Second, tick("x"))
			return nil
		})},
	}
}

// until joins the ticks once the last one is there.
func until(last tick) func(ticks []tick) string {
	return func(ticks []tick) string {
		if !slices.Contains(ticks, last) {
			return ""
		}
		return join(ticks)
	}
}

func join(ticks []tick) string {
	var all []string
	for _, t := range ticks {
		all = append(all, string(t))
	}
	return strings.Join(all, " ")
}
