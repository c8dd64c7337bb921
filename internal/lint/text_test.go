package lint

import (
	"bytes"
	"fmt"
	"go/format"
	"regexp"
	"strings"
)

// maxLines is a limit, not an aim: a file of 400 lines is usually two nouns.
const maxLines = 900

func checkLength(t *tree) []finding {
	var out []finding
	for _, s := range t.files {
		n := bytes.Count(s.text, []byte("\n"))
		if s.isGo() && !s.generated() && n > maxLines {
			out = append(out, finding{s.path, n, fmt.Sprintf("%d lines are more than %d", n, maxLines)})
		}
	}
	return out
}

func checkFormat(t *tree) []finding {
	var out []finding
	for _, s := range t.files {
		if !s.isGo() {
			continue
		}
		formatted, err := format.Source(s.text)
		switch {
		case err != nil:
			out = append(out, finding{s.path, 1, err.Error()})
		case !bytes.Equal(formatted, s.text):
			out = append(out, finding{s.path, firstDifference(s.text, formatted), "not formatted by gofmt"})
		}
	}
	return out
}

// firstDifference returns the number of the first line in which a and b differ.
func firstDifference(a, b []byte) int {
	in, want := bytes.Split(a, []byte("\n")), bytes.Split(b, []byte("\n"))
	for i := range in {
		if i >= len(want) || !bytes.Equal(in[i], want[i]) {
			return i + 1
		}
	}
	return len(in)
}

// unfinished matches the marks of work left for later. Open questions are issues.
var unfinished = regexp.MustCompile(`\b(` + strings.Join([]string{"TO" + "DO", "FIX" + "ME", "X" + "XX"}, "|") + `)\b`)

func checkFinished(t *tree) []finding {
	var out []finding
	for _, s := range t.files {
		for i, line := range strings.Split(string(s.text), "\n") {
			if mark := unfinished.FindString(line); mark != "" {
				out = append(out, finding{s.path, i + 1, mark + " in the tree: finish it, or make it an issue"})
			}
		}
	}
	return out
}
