package live_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/live"
)

// The folder of a child is in that of its parent, which cannot tell: as in a simulation
// there is no file of that name.
func TestFolderOfAChildIsNoFileOfItsParent(t *testing.T) {
	dir := t.TempDir()
	kid := filepath.Join(dir, "h", "p", "kid")
	if err := os.MkdirAll(kid, 0o750); err != nil {
		t.Fatal(err)
	}
	w := start(t, actors.Topology{Hosts: []actors.Host{{Name: "h", Programs: []actors.ProgramDef{{Name: "p", Run: func(env actors.Env) error {
		_, read := env.Disk.ReadFile("kid")
		for call, err := range map[string]error{"ReadFile": read, "Rename": env.Disk.Rename("kid", "other"), "Remove": env.Disk.Remove("kid")} {
			if !errors.Is(err, fs.ErrNotExist) {
				return fmt.Errorf("%s: %w", call, err)
			}
		}
		return nil
	}}}}}}, live.Options{Dir: dir})
	if err := w.Wait(within(t, 10*time.Second)); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(kid); err != nil {
		t.Error(err)
	}
}
