package live_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/live"
)

// handles counts the descriptors of this process that are of something in a folder.
func handles(t *testing.T, dir string) (n int) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc to count descriptors in")
	}
	for _, e := range entries {
		if path, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil && strings.HasPrefix(path+"/", dir+"/") {
			n++
		}
	}
	return n
}

// touch writes one file.
var touch = receiver(func(env actors.Env, ctx actor.Context) {
	if _, ok := ctx.Message().(*actor.Started); ok {
		if err := env.Disk.Append("file", []byte("x")); err != nil {
			env.Halt(err)
		}
	}
})

// What an actor or a program has open is closed when it has ended, whoever comes after
// it, and of an actor that uses many files only a few are open.
func TestFilesAreClosedWhenTheirUserEnds(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1)) // it closes what is lost
	const files, children = 40, 100
	top := actors.Topology{Hosts: []actors.Host{{
		Name: "h",
		Actors: []actors.ActorDef{
			{Name: "many", New: receiver(func(env actors.Env, ctx actor.Context) {
				if _, ok := ctx.Message().(ask); ok {
					for i := range files {
						if err := env.Disk.Append(fmt.Sprint("f", i), []byte("x")); err != nil {
							env.Halt(err)
						}
					}
					ctx.Respond(answer{})
				}
			})},
			// One child after the other, all of one name.
			{Name: "parent", New: func(env actors.Env) actor.Actor {
				n, asker := 0, (*actor.PID)(nil)
				return actor.ReceiveFunc(func(ctx actor.Context) {
					switch ctx.Message().(type) {
					case ask:
						asker = ctx.Sender()
						ctx.Stop(env.Spawn(ctx, "kid", touch))
					case *actor.Terminated:
						if n++; n < children {
							ctx.Stop(env.Spawn(ctx, "kid", touch))
						} else {
							ctx.Send(asker, answer{})
						}
					}
				})
			}},
		},
		Programs: []actors.ProgramDef{{Name: "p", Run: func(env actors.Env) error {
			for _, name := range []string{"many", "parent"} {
				if _, err := env.Request(env.PID("h/"+name), ask{}, 0); err != nil {
					return err
				}
			}
			return env.Disk.Append("file", []byte("x"))
		}}},
	}}}
	dir := t.TempDir()
	w := start(t, top, live.Options{Dir: dir})
	if err := w.Wait(within(t, 20*time.Second)); err != nil {
		t.Fatal(err)
	}
	if n := handles(t, filepath.Join(dir, "h", "many")); n < 2 || n > 17 {
		t.Errorf("%d handles of an actor that has written %d files", n, files)
	}
	eventually(t, "children that have stopped hold nothing", func() bool { return handles(t, filepath.Join(dir, "h", "parent")) == 0 })
	if n := handles(t, filepath.Join(dir, "h", "p")); n != 0 {
		t.Errorf("%d handles of a program that has ended", n)
	}
	if err := w.Crash("h"); err != nil {
		t.Fatal(err)
	}
	if n := handles(t, dir); n != 0 {
		t.Errorf("%d handles of a host that has crashed", n)
	}
}
