package actorstest

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// The messages of the suite. Value and Pointer differ in their kind only.
type (
	value   struct{ Text string }
	pointer struct{ Text string }
	number  struct{ N int }
	lines   struct{ Lines []string }
	bag     struct {
		Bytes []byte
		List  []string
		Map   map[string]int64
		Wait  time.Duration
		ID    [4]byte
		Inner *bag
	}
)

func init() {
	actors.Message("actorstest.value", value{})
	actors.Message("actorstest.pointer", &pointer{})
	actors.Message("actorstest.number", number{})
	actors.Message("actorstest.lines", lines{})
	actors.Message("actorstest.bag", bag{})
}

// echo answers every message with itself.
func echo(actors.Env) actor.ReceiveFunc {
	return func(ctx actor.Context) {
		switch msg := ctx.Message().(type) {
		case value, *pointer, number, lines, bag:
			ctx.Respond(msg)
		}
	}
}

// collect keeps the texts of values and answers a number with what it has.
func collect(actors.Env) actor.ReceiveFunc {
	var got []string
	return func(ctx actor.Context) {
		switch msg := ctx.Message().(type) {
		case value:
			got = append(got, msg.Text)
		case number:
			ctx.Respond(lines{slices.Clone(got)})
		}
	}
}

func messageCases() []testCase {
	return []testCase{
		{"value and pointer kinds are preserved", system(func(env actors.Env) error {
			for _, path := range []string{"here/echo", "there/echo"} {
				for _, msg := range []any{value{"x"}, &pointer{"x"}} {
					got, err := env.Request(env.PID(path), msg, 0)
					if err != nil {
						return err
					}
					if err := unlike(path, fmt.Sprintf("%T", got), fmt.Sprintf("%T", msg)); err != nil {
						return err
					}
				}
			}
			return nil
		}, at("here/echo", echo), at("there/echo", echo))},

		{"what is in a message crosses hosts", system(func(env actors.Env) error {
			want := bag{
				Bytes: bytes.Repeat([]byte{0, 255}, 20_000),
				List:  []string{"", "\xff"},
				Map:   map[string]int64{"a": -1, "b": 1 << 62},
				Wait:  time.Hour,
				ID:    [4]byte{1, 2, 3, 4},
				Inner: &bag{List: []string{"inside"}},
			}
			answer, err := env.Request(env.PID("there/echo"), want, 0)
			if err != nil {
				return err
			}
			got := answer.(bag)
			if !bytes.Equal(got.Bytes, want.Bytes) || !slices.Equal(got.List, want.List) || !maps.Equal(got.Map, want.Map) ||
				got.Wait != want.Wait || got.ID != want.ID || got.Inner == nil || !slices.Equal(got.Inner.List, want.Inner.List) || got.Inner.Inner != nil {
				return fmt.Errorf("got another bag: %.200v", got)
			}
			return nil
		}, at("there/echo", echo))},

		{"nil and empty are one value", system(func(env actors.Env) error {
			for _, msg := range []bag{{}, {Bytes: []byte{}, List: []string{}, Map: map[string]int64{}}} {
				answer, err := env.Request(env.PID("there/echo"), msg, 0)
				if err != nil {
					return err
				}
				if got := answer.(bag); len(got.Bytes)+len(got.List)+len(got.Map) != 0 {
					return fmt.Errorf("got %v", got)
				}
			}
			return nil
		}, at("there/echo", echo))},

		{"local messages arrive in the order they were sent", system(func(env actors.Env) error {
			var want []string
			for i := range 1000 {
				want = append(want, fmt.Sprint(i))
				env.Send(env.PID("here/collect"), value{fmt.Sprint(i)})
			}
			return collected(env, "here/collect", want...)
		}, at("here/collect", collect))},

		{"a message to nobody is lost without harm", system(func(env actors.Env) error {
			env.Send(env.PID("here/nobody"), value{"x"})
			env.Send(env.PID("there/nobody"), value{"x"})
			env.Send(env.PID("here/collect"), value{"y"})
			return collected(env, "here/collect", "y")
		}, at("here/collect", collect))},

		{"Send has no sender", system(func(env actors.Env) error {
			for _, host := range []string{here, there} {
				env.Send(env.PID(host+"/who"), value{"x"})
				for {
					answer, err := env.Request(env.PID(host+"/who"), number{}, 0)
					if err != nil {
						return err
					}
					if got := answer.(lines).Lines; len(got) > 0 {
						if err := unlike("sender at "+host, got[0], "nobody"); err != nil {
							return err
						}
						break
					}
					env.Clock.Sleep(time.Millisecond)
				}
			}
			return nil
		}, at("here/who", who), at("there/who", who))},

		{"an actor's Request has the actor as sender", system(func(env actors.Env) error {
			answer, err := env.Request(env.PID("here/relay"), value{"x"}, 0)
			if err != nil {
				return err
			}
			return unlike("sender", answer.(value).Text, "here/relay")
		}, at("here/relay", relay), at("there/sender", func(actors.Env) actor.ReceiveFunc {
			return func(ctx actor.Context) {
				if _, ok := ctx.Message().(value); ok {
					ctx.Respond(value{ctx.Sender().Address + "/" + ctx.Sender().Id})
				}
			}
		}))},

		{"what an actor says as it starts reaches the actors of its host that start later", system(func(env actors.Env) error {
			for _, name := range later {
				if err := collected(env, "here/"+name, "from the first"); err != nil {
					return err
				}
			}
			return nil
		}, append([]actorAt{at("here/first", sayToLater)}, collectors("here", later)...)...)},

		{"Started is the first message of an actor", system(func(env actors.Env) error {
			answer, err := env.Request(env.PID("here/first"), value{"x"}, 0)
			if err != nil {
				return err
			}
			return unlike("first message", answer.(value).Text, "*actor.Started")
		}, at("here/first", func(actors.Env) actor.ReceiveFunc {
			first := ""
			return func(ctx actor.Context) {
				if first == "" {
					first = fmt.Sprintf("%T", ctx.Message())
				}
				if _, ok := ctx.Message().(value); ok {
					ctx.Respond(value{first})
				}
			}
		}))},
	}
}

// later are the actors that sayToLater speaks to. They are many, so that a world that
// runs an actor as soon as it is there fails.
var later = func() (names []string) {
	for i := range 200 {
		names = append(names, fmt.Sprintf("later%d", i))
	}
	return names
}()

// sayToLater sends a value to each of the later actors as soon as it starts.
func sayToLater(env actors.Env) actor.ReceiveFunc {
	return func(ctx actor.Context) {
		if _, ok := ctx.Message().(*actor.Started); ok {
			for _, name := range later {
				env.Send(env.PID(env.Host+"/"+name), value{"from the first"})
			}
		}
	}
}

// collectors are actors made by collect.
func collectors(host string, names []string) (all []actorAt) {
	for _, name := range names {
		all = append(all, at(host+"/"+name, collect))
	}
	return all
}

// who keeps whether a value had a sender.
func who(actors.Env) actor.ReceiveFunc {
	var got []string
	return func(ctx actor.Context) {
		switch ctx.Message().(type) {
		case value:
			if ctx.Sender() == nil {
				got = append(got, "nobody")
			} else {
				got = append(got, ctx.Sender().Id)
			}
		case number:
			ctx.Respond(lines{slices.Clone(got)})
		}
	}
}

// relay asks there/sender in its own name and passes the answer on.
func relay(env actors.Env) actor.ReceiveFunc {
	var asker *actor.PID
	return func(ctx actor.Context) {
		msg, ok := ctx.Message().(value)
		switch {
		case !ok:
		case ctx.Sender() != nil && strings.HasPrefix(ctx.Sender().Id, "req/"):
			asker = ctx.Sender()
			ctx.Request(env.PID("there/sender"), msg)
		default:
			ctx.Send(asker, msg)
		}
	}
}

// collected compares what an actor made by collect has received.
func collected(env actors.Env, path string, want ...string) error {
	answer, err := env.Request(env.PID(path), number{}, 0)
	if err != nil {
		return err
	}
	if got := answer.(lines).Lines; !slices.Equal(got, want) {
		return fmt.Errorf("%s received %.300q, want %.300q", path, got, want)
	}
	return nil
}
