package zoo

import (
	"bytes"
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A mutant is one patch file.
type mutant struct {
	name     string // M14
	title    string
	scenario string
	checks   []string // any of which is a kill for the right reason
	patch    []byte
}

// readMutants reads all patches, in order of their names.
func readMutants(t *testing.T) []mutant {
	t.Helper()
	files, err := filepath.Glob("*.patch")
	if err != nil || len(files) == 0 {
		t.Fatalf("no patches: %v", err)
	}
	var out []mutant
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := parseMutant(strings.TrimSuffix(file, ".patch"), b)
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		out = append(out, m)
	}
	return out
}

// parseMutant reads the head of a patch: comments, of which the first is the
// title and two have a key.
func parseMutant(name string, b []byte) (mutant, error) {
	m := mutant{name: name, patch: b}
	for line := range strings.Lines(string(b)) {
		text, ok := strings.CutPrefix(strings.TrimSpace(line), "#")
		if !ok {
			break
		}
		key, value, _ := strings.Cut(strings.TrimSpace(text), ": ")
		switch {
		case m.title == "":
			m.title = strings.TrimSpace(text)
		case key == "scenario":
			m.scenario = strings.TrimSpace(value)
		case key == "checks":
			m.checks = strings.Fields(value)
		}
	}
	if !strings.HasPrefix(m.title, name+" ") || m.scenario == "" || len(m.checks) == 0 {
		return m, fmt.Errorf("want a title that begins with %s, a scenario and checks", name)
	}
	return m, nil
}

// A hunk replaces consecutive lines of a file.
type hunk struct{ before, after []byte }

// apply returns the changed files of a unified diff, by path from the root of the
// module. Line numbers are ignored: the lines of a hunk must be in the file exactly
// once, so a patch outlives changes elsewhere in it.
func apply(root string, patch []byte) (map[string][]byte, error) {
	hunks := map[string][]*hunk{}
	var file string
	var h *hunk
	for line := range bytes.Lines(patch) {
		switch {
		case bytes.HasPrefix(line, []byte("#")), bytes.HasPrefix(line, []byte("--- ")):
		case bytes.HasPrefix(line, []byte("+++ b/")):
			file = strings.TrimSpace(string(line[len("+++ b/"):]))
		case bytes.HasPrefix(line, []byte("@@")):
			h = &hunk{}
			hunks[file] = append(hunks[file], h)
		case h == nil || len(line) == 0:
			return nil, fmt.Errorf("unexpected line %q", line)
		default:
			if line[0] != '+' {
				h.before = append(h.before, line[1:]...)
			}
			if line[0] != '-' {
				h.after = append(h.after, line[1:]...)
			}
		}
	}
	out := map[string][]byte{}
	for file, list := range hunks {
		b, err := os.ReadFile(filepath.Join(root, file))
		if err != nil {
			return nil, err
		}
		for _, h := range list {
			if n := bytes.Count(b, h.before); n != 1 {
				return nil, fmt.Errorf("%s: the lines of a hunk are there %d times:\n%s", file, n, h.before)
			}
			b = bytes.Replace(b, h.before, h.after, 1)
		}
		out[file] = b
	}
	return out, nil
}

// TestPatchesApply: a patch that no longer fits hides that its bug may not be found
// any more.
func TestPatchesApply(t *testing.T) {
	for _, m := range readMutants(t) {
		files, err := apply("..", m.patch)
		if err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
		for file, b := range files {
			if formatted, err := format.Source(b); err != nil || !bytes.Equal(formatted, b) {
				t.Errorf("%s: %s is not formatted: %v", m.name, file, err)
			}
		}
	}
}
