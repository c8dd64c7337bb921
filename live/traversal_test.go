package live_test

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/live"
)

// A cell is a folder of the disks within a folder that must stay as it is.
type cell struct {
	outside, base string
	before        map[string]string
}

func newCell(t *testing.T) *cell {
	t.Helper()
	c := &cell{outside: t.TempDir()}
	c.base = filepath.Join(c.outside, "up", "base")
	for _, dir := range []string{c.base, filepath.Join(c.outside, "victim"), filepath.Join(c.outside, "up", "victim")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	for _, file := range []string{"victim/file", "up/victim/file", "up/file"} {
		if err := os.WriteFile(filepath.Join(c.outside, file), []byte("not yours"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c.before = c.tree(t)
	return c
}

// tree is what is outside of the base: contents by name.
func (c *cell) tree(t *testing.T) map[string]string {
	t.Helper()
	tree := map[string]string{}
	err := filepath.WalkDir(c.outside, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case path == c.base:
			return fs.SkipDir
		case d.IsDir():
			tree[path] = "a folder"
			return nil
		}
		b, err := os.ReadFile(path)
		tree[path] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tree
}

// intact fails if anything was written outside.
func (c *cell) intact(t *testing.T, what string) {
	t.Helper()
	if after := c.tree(t); !maps.Equal(c.before, after) {
		t.Fatalf("%s: outside there was %q and is %q", what, c.before, after)
	}
}

// traversals are names that lead out of a folder somewhere, or to a file of ours.
func (c *cell) traversals() []string {
	names := []string{
		"", ".", "..", "...", "....", "~", "~root", "-", "--", " ", "*", "?", "con", "nul", "C:", "aux.txt",
		".boot", ".boot.new", "FORMAT", "LOCK", ".BOOT", "Server", "server", "SERVER",
		"\x00", "a\x00", "..\x00", "..\x00/file", "file\x00.log", "\n", "..\n", "\r\n", "\x1b[2J", "\u202e..", "\ufeff..",
		"\xc0\xae\xc0\xae", "\xc0\xae\xc0\xae/file", "\xe0\x80\xae\xe0\x80\xae/file", "\xff\xfe", "．．／file", "‥/file",
		"%2e%2e", "%2e%2e%2ffile", "..%2ffile", "..%5cfile", "%252e%252e%252f", "..;/file", "..%00/file",
		strings.Repeat("x", 255), strings.Repeat("x", 256), strings.Repeat("x", 5000), strings.Repeat("../", 2000) + "file",
		strings.Repeat("x/", 200) + "x", strings.Repeat("/", 300),
	}
	for _, to := range []string{"victim", "victim/file", "up/victim/file", "new", "base/../file"} {
		for _, way := range []string{
			"../", "../../", "../../../", "../../../../", "./../", "a/../../", "..//", "..\\", "..\\..\\", "....//", ".../", "../.", "/../", "//../",
			c.outside + "/", "/" + c.outside + "/", c.base + "/../", "file://" + c.outside + "/", "\\\\localhost\\", "C:\\",
			"/proc/self/cwd/", "/proc/self/fd/3/", "~/", "server/../../", "../base/../", "./", "/",
		} {
			names = append(names, way+to)
		}
	}
	for _, end := range []string{"/", "/.", "/..", "\\", "/../..", "//", "\x00", " ", "."} {
		names = append(names, ".."+end, "a"+end)
	}
	return names
}

// FAULTS 4, files: whatever a file, an actor or a host is called, nothing outside of the
// folder of the disks is made or changed.
func TestNamesDoNotLeadOutOfTheFolder(t *testing.T) {
	t.Parallel()
	c := newCell(t)
	names := c.traversals()
	if len(names) < 200 {
		t.Fatalf("%d names", len(names))
	}
	err := run(t, c.base, actors.Host{Name: "server", Programs: []actors.ProgramDef{{Name: "p", Run: func(env actors.Env) error {
		d := env.Disk
		for _, name := range names { // some of them are good
			_ = errors.Join(d.WriteFile("good", []byte("good")), d.Rename("good", name), d.Rename(name, "good"))
			_ = errors.Join(d.Append(name, []byte("x")), d.WriteFile(name, []byte("x")), d.Truncate(name, 0), d.Sync(name), d.Remove(name))
			_, _ = d.ReadFile(name)
		}
		return nil
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	c.intact(t, "files")
	child := func(name string) error {
		return run(t, c.base, actors.Host{Name: "server", Actors: []actors.ActorDef{{Name: "a", New: receiver(func(env actors.Env, ctx actor.Context) {
			if _, ok := ctx.Message().(*actor.Started); ok {
				env.Spawn(ctx, name, writer)
			}
		})}}})
	}
	for _, name := range names {
		for what, err := range map[string]error{ // some of them are refused
			"child":   child(name),
			"actor":   run(t, c.base, actors.Host{Name: "server", Actors: []actors.ActorDef{{Name: name, New: writer}}}),
			"host":    run(t, c.base, actors.Host{Name: name, Actors: []actors.ActorDef{{Name: "a", New: writer}}}),
			"program": run(t, c.base, actors.Host{Name: "server", Programs: []actors.ProgramDef{{Name: name, Run: func(env actors.Env) error { return env.Disk.WriteFile("f", nil) }}}}),
		} {
			c.intact(t, what+" "+name)
			if escapes := strings.Contains(name, "/"); escapes && err == nil {
				t.Errorf("%s %.80q was taken", what, name)
			}
		}
	}
	t.Logf("%d names", len(names))
}

// writer writes a file as it starts.
var writer = receiver(func(env actors.Env, ctx actor.Context) {
	if _, ok := ctx.Message().(*actor.Started); ok {
		_ = errors.Join(env.Disk.WriteFile("f", []byte("x")), env.Disk.SyncDir())
	}
})

// run starts a host, waits for its programs and stops it.
func run(t *testing.T, dir string, h actors.Host) error {
	t.Helper()
	w, err := live.Start(actors.Topology{Hosts: []actors.Host{h}}, live.Options{Dir: dir})
	if err != nil {
		return err
	}
	return errors.Join(w.Wait(within(t, 10*time.Second)), w.Stop(within(t, 10*time.Second)), w.Err())
}

// Links that somebody has put into the folder are not followed out of it.
func TestLinksDoNotLeadOutOfTheFolder(t *testing.T) {
	t.Parallel()
	use := actors.Host{Name: "server", Programs: []actors.ProgramDef{{Name: "p", Run: func(env actors.Env) error {
		d := env.Disk
		return errors.Join(d.Append("f", []byte("x")), d.WriteFile("f", []byte("x")), d.Sync("f"), d.SyncDir())
	}}}}
	for _, at := range []string{"server", "server/p", "server/p/f", "server/.boot", "server/.boot.new"} {
		for _, to := range []string{"../victim", "../victim/file", "../new", "../../victim", "../../../victim/file", "../../../new", "victim"} {
			for _, absolute := range []bool{false, true} {
				c := newCell(t)
				link := filepath.Join(c.base, at)
				if err := os.MkdirAll(filepath.Dir(link), 0o700); err != nil {
					t.Fatal(err)
				}
				target := to
				if absolute {
					target = filepath.Join(c.outside, filepath.Base(to))
				}
				if err := os.Symlink(target, link); err != nil {
					t.Fatal(err)
				}
				err := run(t, c.base, use)
				c.intact(t, at+" -> "+target)
				if at != "server/.boot.new" && absolute && err == nil {
					t.Errorf("%s -> %s was followed", at, target)
				}
			}
		}
	}
}

// Only the owner may look into what a host writes.
func TestFilesAreOfTheirOwnerAlone(t *testing.T) {
	dir, record := t.TempDir(), t.TempDir()
	w := start(t, actors.Topology{Hosts: []actors.Host{{Name: "server", Actors: []actors.ActorDef{{Name: "a", New: writer}}}}}, live.Options{Dir: dir, Record: record})
	eventually(t, "the file is there", func() bool {
		_, err := os.Stat(filepath.Join(dir, "server", "a", "f"))
		return err == nil
	})
	if err := w.Stop(within(t, 10*time.Second)); err != nil {
		t.Fatal(err)
	}
	for _, top := range []string{dir, record} {
		var names []string
		err := filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
			if err != nil || path == top {
				return err
			}
			info, err := d.Info()
			if err == nil && info.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s has mode %v", path, info.Mode())
			}
			names = append(names, d.Name())
			return err
		})
		if err != nil || len(names) == 0 {
			t.Errorf("%v, %v", slices.Sorted(slices.Values(names)), err)
		}
	}
}
