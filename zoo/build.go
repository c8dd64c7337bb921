package zoo

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// build makes the command with the hunks of a patch in it, or none, in the folder dir.
// Nothing is kept but what the go command keeps.
func build(ctx context.Context, root, dir, name string, hunks []hunk) (binary, error) {
	files, err := apply(root, hunks)
	if err != nil {
		return binary{}, err
	}
	replace := map[string]string{}
	for i, file := range slices.Sorted(maps.Keys(files)) {
		changed := filepath.Join(dir, fmt.Sprintf("%s.%d.go", name, i))
		if err := os.WriteFile(changed, []byte(files[file]), 0o600); err != nil {
			return binary{}, err
		}
		replace[filepath.Join(root, filepath.FromSlash(file))] = changed
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return binary{}, err
	}
	list := filepath.Join(dir, name+".overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		return binary{}, err
	}
	b := binary{path: filepath.Join(dir, name)}
	// Nobody debugs or keeps these builds, and linking takes most of the time.
	cmd := exec.CommandContext(ctx, "go", "build", "-overlay", list, "-o", b.path, "-buildvcs=false", "-ldflags=-s -w", "./cmd/simrun")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return binary{}, cmp.Or(ctx.Err(), fmt.Errorf("does not compile: %s", compilerError(string(out), err)))
	}
	return b, nil
}

// compilerError is the first thing that the go command complains of.
func compilerError(out string, err error) string {
	for line := range strings.Lines(out) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			return line
		}
	}
	return err.Error()
}
