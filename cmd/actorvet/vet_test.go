package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// asTool makes the test binary behave as actorvet, so that go vet can be pointed
// at it without building anything.
const asTool = "ACTORVET_TEST_AS_TOOL"

func TestMain(m *testing.M) {
	if os.Getenv(asTool) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// vet runs go vet in dir with this test binary as its tool.
func vet(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", append([]string{"vet", "-vettool=" + self}, args...)...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), asTool+"=1")
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// The simulated code of this repository keeps the rules, and so do the packages
// that its verdicts come from.
func TestThisRepositoryKeepsTheRules(t *testing.T) {
	root := filepath.Join("..", "..")
	var patterns []string
	for _, dir := range []string{"actors", "examples", "faults", "linearizability", "models", "scenarios"} {
		if hasGo(t, filepath.Join(root, dir)) {
			patterns = append(patterns, "./"+dir+"/...")
		}
	}
	extra := "-packages=" + strings.Join([]string{module + "/faults", module + "/linearizability", module + "/models"}, ",")
	if out, err := vet(t, root, append([]string{extra}, patterns...)...); err != nil {
		t.Errorf("go vet %s: %v\n%s", strings.Join(patterns, " "), err, out)
	}
}

// The simulator may use the machine in a few places, which internal/lint lists,
// but what it decides and prints never depends on the order of a map.
func TestTheSimulatorNeverDependsOnMapOrder(t *testing.T) {
	dirs := []string{"sim", "internal/trace", "internal/view", "internal/wire"}
	args := []string{"-packages=" + module + "/" + strings.Join(dirs, ","+module+"/")}
	for _, dir := range dirs {
		args = append(args, "./"+dir)
	}
	out, _ := vet(t, filepath.Join("..", ".."), args...) // the other findings are allowed there
	checked := false
	for line := range strings.Lines(out) {
		if strings.Contains(line, "in random order") {
			t.Error(strings.TrimSpace(line))
		}
		checked = checked || strings.Contains(line, "go statement: ")
	}
	if !checked {
		t.Errorf("sim runs its worlds on goroutines, but none was reported:\n%s", out)
	}
}

func hasGo(t *testing.T, dir string) bool {
	t.Helper()
	for _, pattern := range []string{"*.go", "*/*.go"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		if len(found) > 0 {
			return true
		}
	}
	return false
}

const counter = `package user

import (
	"sync"

	"github.com/simrun/simrun/actors"
)

var mu sync.Mutex

func run(env actors.Env, m map[string]int) {
	for k, v := range m {
		println(k, v)
	}
	go run(env, nil)
}
`

func TestGoVetReportsWhatTheToolFindsInTheOrderOfTheSource(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "go.mod", "module example.com/user\n\ngo 1.26\n\nrequire "+module+" v0.0.0\n\nreplace "+module+" => ./simrun\n")
	write(t, dir, "simrun/go.mod", "module "+module+"\n")
	write(t, dir, "simrun/actors/actors.go", "package actors\n\ntype Env struct{}\n")
	write(t, dir, "counter.go", counter)
	out, err := vet(t, dir, "./...")
	if err == nil {
		t.Error("go vet is content")
	}
	rest := out
	for _, want := range []string{
		"counter.go:4:2: import of sync: ",
		"counter.go:12:2: map range in random order: the body calls println; ",
		"counter.go:15:2: go statement: an actor has one thread; use env.Spawn\n",
	} {
		_, after, found := strings.Cut(rest, want)
		if !found {
			t.Fatalf("no %q, or not in this order, in\n%s", want, out)
		}
		rest = after
	}
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
