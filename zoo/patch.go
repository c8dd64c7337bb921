package zoo

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A hunk replaces consecutive lines of a file.
type hunk struct {
	file          string // from the root of the module, with slashes
	n             int    // which one it is in its file, from 1
	before, after string
}

// parseHunks reads a unified diff. The numbers of lines in it are for people.
func parseHunks(diff string) ([]hunk, error) {
	var hunks []hunk
	file, n := "", 0
	for line := range strings.Lines(diff) {
		switch {
		case strings.HasPrefix(line, "--- "):
			file, n = "", 0
		case strings.HasPrefix(line, "+++ b/"):
			file = strings.TrimSpace(strings.TrimPrefix(line, "+++ b/"))
		case strings.HasPrefix(line, "@@") && file != "":
			n++
			hunks = append(hunks, hunk{file: file, n: n})
		case n == 0 || !strings.Contains(" +-", line[:1]):
			return nil, fmt.Errorf("line %q does not belong in a diff", strings.TrimSpace(line))
		default:
			h := &hunks[len(hunks)-1]
			if line[0] != '+' {
				h.before += line[1:]
			}
			if line[0] != '-' {
				h.after += line[1:]
			}
		}
	}
	if len(hunks) == 0 {
		return nil, errors.New("it changes nothing")
	}
	return hunks, nil
}

// apply returns the changed files by their names. The lines of a hunk must be in its
// file exactly once, wherever that is, so a patch outlives changes elsewhere in it.
func apply(root string, hunks []hunk) (map[string]string, error) {
	files := map[string]string{}
	for _, h := range hunks {
		text, ok := files[h.file]
		if !ok {
			b, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(h.file)))
			if err != nil {
				return nil, fmt.Errorf("no longer applies: there is no file %s", h.file)
			}
			text = string(b)
		}
		if n := strings.Count(text, h.before); n != 1 {
			return nil, fmt.Errorf("no longer applies: %s has the lines of hunk %d %d times, not once", h.file, h.n, n)
		}
		files[h.file] = strings.Replace(text, h.before, h.after, 1)
	}
	return files, nil
}
