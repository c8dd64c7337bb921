package lint

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

// rules are run on the tree by name; testdata/name.txtar breaks the rule.
var rules = []struct {
	name  string
	check func(*tree) []finding
}{
	{"imports", checkImports},
	{"links", checkLinks},
	{"reserved", checkReserved},
	{"docs", checkDocs},
	{"package-docs", checkPackageDocs},
	{"format", checkFormat},
	{"finished", checkFinished},
	{"length", checkLength},
}

func TestTheTreeKeepsTheRules(t *testing.T) {
	tree, err := load(os.DirFS(filepath.Join("..", "..")))
	if err != nil {
		t.Fatal(err)
	}
	if len(tree.code()) == 0 {
		t.Fatal("no code found")
	}
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			for _, f := range rule.check(tree) {
				t.Error(f)
			}
		})
	}
}

// A fixture is a small tree and, in its file "want", what the rule must find in
// it: no more and no less.
func TestEveryRuleCanFail(t *testing.T) {
	for _, rule := range rules {
		t.Run(rule.name, func(t *testing.T) {
			archive, err := txtar.ParseFile(filepath.Join("testdata", rule.name+".txtar"))
			if err != nil {
				t.Fatal(err)
			}
			want := ""
			for i, f := range archive.Files {
				switch f.Name {
				case "want":
					want = string(f.Data)
				case "long.go":
					archive.Files[i].Data = append(f.Data, strings.Repeat("\n", maxLines)...)
				}
			}
			root, err := txtar.FS(archive)
			if err != nil {
				t.Fatal(err)
			}
			tree, err := load(root)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, f := range rule.check(tree) {
				got.WriteString(f.String() + "\n")
			}
			if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got.String(), "\n")); diff != "" {
				t.Errorf("findings (-want +got):\n%s", diff)
			}
			if want == "" {
				t.Error("the fixture does not break the rule")
			}
		})
	}
}
