package zoo

import (
	"go/format"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/scenarios"
)

// TestPatchesApply: a patch that no longer fits hides that its bug may not be found
// any more.
func TestPatchesApply(t *testing.T) {
	mutants, err := readMutants("..", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range mutants {
		files, err := apply("..", m.hunks)
		if err != nil {
			t.Errorf("%s: %v", m.name, err)
		}
		for file, text := range files {
			if formatted, err := format.Source([]byte(text)); err != nil || string(formatted) != text {
				t.Errorf("%s: %s is not formatted: %v", m.name, file, err)
			}
		}
	}
}

// TestChecksOfTheGuaranteesExist: a check that nothing is called by kills nobody.
func TestChecksOfTheGuaranteesExist(t *testing.T) {
	// Those of the Model, and what sim watches over itself.
	known := []string{
		linearizability.CheckLinearizable, linearizability.CheckStale, linearizability.CheckDurable,
		linearizability.CheckVanished, linearizability.CheckGhost, "liveness", "program",
	}
	for _, s := range scenarios.All() {
		for _, c := range s.Checks {
			known = append(known, c.Name)
		}
	}
	for id, checks := range guarantees {
		for _, check := range checks {
			if !slices.Contains(known, check) {
				t.Errorf("%s: there is no check %s", id, check)
			}
		}
	}
}

const goodHead = `# M00 nowhere: nothing is wrong
#
# Nobody: minds.
#
# scenario:   store/calm
# checker:    LIN, DUR
# checks:     stale durable
# difficulty: hard
# source:     own
`

const goodDiff = `--- a/a.go
+++ b/a.go
@@ -1,2 +1,2 @@
 a
-b
+c
`

func TestHeadOfAPatchIsRead(t *testing.T) {
	m, err := parseMutant("M00", []byte(goodHead+goodDiff))
	if err != nil {
		t.Fatal(err)
	}
	want := mutant{
		name: "M00", title: "nowhere: nothing is wrong", scenario: "store/calm", checkers: []string{"LIN", "DUR"},
		checks: []string{"stale", "durable"}, difficulty: hard, source: "own",
		hunks: []hunk{{file: "a.go", n: 1, before: "a\nb\n", after: "a\nc\n"}},
	}
	if diff := cmp.Diff(want, m, cmp.AllowUnexported(mutant{}, hunk{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestBadPatchIsRefusedInOneLine(t *testing.T) {
	for _, tt := range []struct{ name, old, new, want string }{
		{"another name", "# M00", "# M01", "the first line is no title that begins with M00"},
		{"unknown key", "source:", "sauce:", `"sauce:     own" does not begin with a key: want scenario, checker, checks, difficulty, source`},
		{"missing key", "# source:     own\n", "", "key source is missing"},
		{"key twice", "# source:", "# checks: ghost\n# source:", "key checks is there twice"},
		{"no value", "source:     own", "source:", "key source has no value"},
		{"scenario", "store/calm", "store/clam", `no scenario "store/clam"`},
		{"difficulty", "hard", "tricky", `difficulty "tricky": want easy, medium, hard or needle`},
		{"check", "stale durable", "stale durably", `no check "durably"`},
		{"checker", "LIN, DUR", "LIN, FOO", `no checker "FOO"`},
		{"checker without its check", "stale durable", "stale", "checker DUR: the checks have none of durable, vanished"},
		{"no diff", goodDiff, "", "it changes nothing"},
		{"no diff", "@@ -1,2 +1,2 @@\n", "", `line "a" does not belong in a diff`},
		{"no head", goodHead, "", "the first line is no title that begins with M00"},
	} {
		text := strings.Replace(goodHead+goodDiff, tt.old, tt.new, 1)
		if _, err := parseMutant("M00", []byte(text)); err == nil || err.Error() != tt.want {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
		}
	}
}

func TestHunkAppliesWhereItsLinesAreOnce(t *testing.T) {
	dir := t.TempDir()
	h := hunk{file: "a.go", n: 2, before: "a\nb\n", after: "a\nc\n"}
	for _, tt := range []struct{ text, want, err string }{
		{"x\na\nb\ny\n", "x\na\nc\ny\n", ""},
		{"x\na\n", "", "no longer applies: a.go has the lines of hunk 2 0 times, not once"},
		{"a\nb\na\nb\n", "", "no longer applies: a.go has the lines of hunk 2 2 times, not once"},
	} {
		if err := os.WriteFile(filepath.Join(dir, "a.go"), []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		files, err := apply(dir, []hunk{h})
		if files["a.go"] != tt.want || (err == nil) != (tt.err == "") || err != nil && err.Error() != tt.err {
			t.Errorf("%q: got %q, %v", tt.text, files["a.go"], err)
		}
	}
	h.file = "b.go"
	if _, err := apply(dir, []hunk{h}); err == nil || err.Error() != "no longer applies: there is no file b.go" {
		t.Errorf("got %v", err)
	}
}

// The prose of a head may be polished without all being done again.
func TestResultsBelongToWhatAPatchDoes(t *testing.T) {
	key := func(text string) string {
		m, err := parseMutant("M00", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return m.key("sources")
	}
	first := key(goodHead + goodDiff)
	if key(strings.Replace(goodHead, "minds", "cares", 1)+goodDiff) != first {
		t.Error("prose changes the key")
	}
	for _, change := range [][2]string{{"+c", "+d"}, {"stale durable", "durable stale vanished"}, {"hard", "easy"}, {"store/calm", "store/chaos"}} {
		if key(strings.Replace(goodHead+goodDiff, change[0], change[1], 1)) == first {
			t.Errorf("%s for %s leaves the key as it was", change[1], change[0])
		}
	}
}
