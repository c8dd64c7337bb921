package live_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
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

// A pipe and the folders of /proc cannot be synced. A Disk that reports a success there
// has not asked the kernel.
func TestSyncAsksTheKernel(t *testing.T) {
	dir := t.TempDir()
	host := filepath.Join(dir, "h")
	if err := errors.Join(os.MkdirAll(filepath.Join(host, "file"), 0o750), syscall.Mkfifo(filepath.Join(host, "file", "pipe"), 0o600),
		os.Symlink("/proc/self", filepath.Join(host, "folder"))); err != nil {
		t.Skip("no pipe or no /proc: ", err)
	}
	refused := func(sync func(d actors.Disk) error) actors.Program {
		return func(env actors.Env) error {
			if err := sync(env.Disk); !errors.Is(err, syscall.EINVAL) {
				return fmt.Errorf("got %w, want %w", err, syscall.EINVAL)
			}
			return nil
		}
	}
	w := start(t, actors.Topology{Hosts: []actors.Host{{Name: "h", Programs: []actors.ProgramDef{
		{Name: "file", Run: refused(func(d actors.Disk) error { return d.Sync("pipe") })},
		{Name: "folder", Run: refused(func(d actors.Disk) error { return d.SyncDir() })},
	}}}}, live.Options{Dir: dir})
	if err := w.Wait(within(t, 10*time.Second)); err != nil {
		t.Error(err)
	}
}
