package lint

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// required lists the requirements that the document has to have.
func required() []string {
	var ids []string
	for _, span := range [][2]int{{1, 3}, {5, 36}, {39, 40}, {50, 74}, {100, 118}, {120, 127}} {
		for n := span[0]; n <= span[1]; n++ {
			ids = append(ids, fmt.Sprintf("R%d", n))
		}
	}
	return ids
}

var (
	requirementRow = regexp.MustCompile(`(?m)^\| (R\d+) \|.*$`)
	testName       = regexp.MustCompile("`([a-z/]+)\\.(Test\\w+)`")
)

// TestRequirementsNameTestsThatExist: a table of tests is worth nothing once a test
// in it was renamed.
func TestRequirementsNameTestsThatExist(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, "docs", "REQUIREMENTS.md"))
	if err != nil {
		t.Fatal(err)
	}
	promises, _, _ := strings.Cut(string(text), "\n## Missing")
	rows := map[string]string{}
	for _, row := range requirementRow.FindAllStringSubmatch(promises, -1) {
		if _, twice := rows[row[1]]; twice {
			t.Errorf("%s has two rows", row[1])
		}
		rows[row[1]] = row[0]
	}
	for _, id := range required() {
		if !testName.MatchString(rows[id]) {
			t.Errorf("%s has no row that names a test", id)
		}
	}
	sources := map[string]string{} // of all tests, by package
	for _, name := range testName.FindAllStringSubmatch(string(text), -1) {
		pkg, test := name[1], name[2]
		if sources[pkg] == "" {
			sources[pkg] = testSources(t, filepath.Join(root, filepath.FromSlash(pkg)))
		}
		if !strings.Contains(sources[pkg], "func "+test+"(") {
			t.Errorf("there is no %s", pkg+"."+test)
		}
	}
}

// testSources returns the text of the test files of a folder.
func testSources(t *testing.T, dir string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}
