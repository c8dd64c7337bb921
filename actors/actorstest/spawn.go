package actorstest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

func spawnCases() []testCase {
	return []testCase{
		{"an Env says where it is", system(func(env actors.Env) error {
			answer, err := env.Request(env.PID("there/actor"), value{"x"}, 0)
			if err != nil {
				return err
			}
			if err := unlike("actor", answer.(value).Text, "there complete"); err != nil {
				return err
			}
			return unlike("program", complete(env), "here complete")
		}, at("there/actor", func(env actors.Env) actor.ReceiveFunc {
			return func(ctx actor.Context) {
				if _, ok := ctx.Message().(value); ok {
					ctx.Respond(value{complete(env)})
				}
			}
		}))},

		{"an actor is addressed as host/actor", system(func(env actors.Env) error {
			answer, err := env.Request(env.PID("there/self"), value{"x"}, 0)
			if err != nil {
				return err
			}
			return unlike("path", answer.(value).Text, "there/self")
		}, at("there/self", self))},

		{"a child has an Env of its own and is addressed below its parent", system(func(env actors.Env) error {
			for _, host := range []string{here, there} {
				if _, err := env.Request(env.PID(host+"/parent"), value{"kid"}, 0); err != nil {
					return err
				}
				path := host + "/parent/kid"
				answer, err := env.Request(env.PID(path), value{"x"}, 0)
				if err != nil {
					return err
				}
				if err := unlike("path", answer.(value).Text, path); err != nil {
					return err
				}
			}
			return nil
		}, at("here/parent", parent), at("there/parent", parent))},

		{"a child's folder is its own and not shown to its parent", system(func(env actors.Env) error {
			for _, path := range []string{"here/keeper", "here/keeper/kid"} {
				answer, err := env.Request(env.PID(path), value{"list"}, 0)
				if err != nil {
					return err
				}
				own := "own-" + path[strings.LastIndex(path, "/")+1:]
				if err := unlike(path, strings.Join(answer.(lines).Lines, " "), own); err != nil {
					return err
				}
			}
			return nil
		}, at("here/keeper", func(env actors.Env) actor.ReceiveFunc {
			keep := keeper("own-keeper")(env)
			return func(ctx actor.Context) {
				if _, ok := ctx.Message().(*actor.Started); ok {
					env.Spawn(ctx, "kid", func(env actors.Env) actor.Actor { return keeper("own-kid")(env) })
				}
				keep(ctx)
			}
		}))},

		{"ctx.Spawn starts a child", system(func(env actors.Env) error {
			answer, err := env.Request(env.PID("here/parent"), value{"x"}, 0)
			if err != nil {
				return err
			}
			return unlike("path", answer.(value).Text, "parent/named")
		}, at("here/parent", func(actors.Env) actor.ReceiveFunc {
			return func(ctx actor.Context) {
				if _, ok := ctx.Message().(value); !ok {
					return
				}
				child, err := ctx.SpawnNamed(actor.PropsFromFunc(func(ctx actor.Context) {
					if _, ok := ctx.Message().(value); ok {
						ctx.Respond(value{ctx.Self().Id})
					}
				}), "named")
				if err != nil {
					ctx.Respond(value{err.Error()})
					return
				}
				ctx.Forward(child)
			}
		}))},

		{"a parent learns that its child has stopped, and may use the name again", system(func(env actors.Env) error {
			answer, err := env.Request(env.PID("here/parent"), number{3}, 0)
			if err != nil {
				return err
			}
			return unlike("stopped", strings.Join(answer.(lines).Lines, " "), "parent/kid parent/kid parent/kid")
		}, at("here/parent", func(env actors.Env) actor.ReceiveFunc {
			var asker *actor.PID
			var want int
			var stopped []string
			next := func(ctx actor.Context) {
				ctx.Stop(env.Spawn(ctx, "kid", func(actors.Env) actor.Actor { return actor.ReceiveFunc(func(actor.Context) {}) }))
			}
			return func(ctx actor.Context) {
				switch msg := ctx.Message().(type) {
				case number:
					asker, want = ctx.Sender(), msg.N
					next(ctx)
				case *actor.Terminated:
					if stopped = append(stopped, msg.Who.Id); len(stopped) < want {
						next(ctx)
					} else {
						ctx.Send(asker, lines{slices.Clone(stopped)})
					}
				}
			}
		}))},

		{"Env.Spawn in a program panics", system(func(env actors.Env) (err error) {
			defer func() {
				if recover() == nil {
					err = fmt.Errorf("no panic")
				}
			}()
			env.Spawn(nil, "kid", func(actors.Env) actor.Actor { return nil })
			return nil
		})},
	}
}

// complete names the host, and what an Env lacks.
func complete(env actors.Env) string {
	if env.Boot == 0 || env.Clock == nil || env.Rand == nil || env.Disk == nil || env.Log == nil {
		return fmt.Sprintf("%s incomplete: %+v", env.Host, env)
	}
	_ = env.Rand.IntN(10)
	env.Log.Debug("complete")
	env.Note(actors.Sometimes("complete"))
	return env.Host + " complete"
}

// self answers with its own path.
func self(actors.Env) actor.ReceiveFunc {
	return func(ctx actor.Context) {
		if _, ok := ctx.Message().(value); ok {
			ctx.Respond(value{ctx.Self().Address + "/" + ctx.Self().Id})
		}
	}
}

// parent starts a child like self, named by the value.
func parent(env actors.Env) actor.ReceiveFunc {
	return func(ctx actor.Context) {
		if msg, ok := ctx.Message().(value); ok {
			env.Spawn(ctx, msg.Text, func(env actors.Env) actor.Actor { return self(env) })
			ctx.Respond(msg)
		}
	}
}

// keeper writes a file when it starts and answers with what is in its folder.
func keeper(file string) func(env actors.Env) actor.ReceiveFunc {
	return func(env actors.Env) actor.ReceiveFunc {
		return func(ctx actor.Context) {
			switch ctx.Message().(type) {
			case *actor.Started:
				if err := env.Disk.Append(file, []byte("x")); err != nil {
					env.Halt(err)
				}
			case value:
				names, err := env.Disk.List()
				if err != nil {
					names = []string{err.Error()}
				}
				ctx.Respond(lines{names})
			}
		}
	}
}
