package zoo

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// quickOne is the mutant that every go test looks for.
const quickOne = "M25"

// TestPlantedBugsAreFound has the code of the command find one planted bug with fresh
// seeds, shrink it, and find it again.
func TestPlantedBugsAreFound(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	list, err := readMutants(root, []string{quickOne})
	if err != nil {
		t.Fatal(err)
	}
	m := list[0]
	k := newTestKeeper(t, root)

	s := &survey{keeper: k, blocks: 1, blind: true}
	if err := s.run(t.Context(), list); err != nil {
		t.Fatal(err)
	}
	kill := k.results.lastKill(m.name)
	if kill == nil || !slices.Contains(m.checks, kill.Check) || kill.Tried > m.difficulty.budget() {
		t.Fatalf("not found: %+v", k.results.block(m.key(k.sources), 0))
	}
	small := k.results.shrunk(m.key(k.sources))
	t.Logf("seed %v, the %d. tried: %s; shrunk from %+v to %+v", kill.Seed, kill.Tried, kill.Check, small.From, small.To)
	if small.To.Ops >= small.From.Ops {
		t.Errorf("shrunk from %+v to %+v", small.From, small.To)
	}

	// What is done is not done again, also by another process.
	again := newTestKeeper(t, root)
	if again.results, err = openResults(k.results.path); err != nil {
		t.Fatal(err)
	}
	if (&survey{keeper: again, blocks: 1, blind: true}).open(m) {
		t.Error("there is something left to do")
	}
	if !(&survey{keeper: again, blocks: 2, blind: true}).open(m) {
		t.Error("another block is nothing to do")
	}

	// The plan shows the bug, and the seed still kills.
	m.witness = small.Plan
	q := &quick{keeper: k}
	if err := q.run(t.Context(), list); err != nil || len(q.lost) > 0 || !q.reached[m.name] {
		t.Errorf("quick: %v, lost %q", err, q.lost)
	}

	// A patch that plants nothing is what a bug looks like that is found no more.
	harmless := *m
	harmless.hunks = []hunk{{file: "scenarios/catalogue.go", n: 1,
		before: "func All() []sim.Scenario {\n", after: "func All() []sim.Scenario { // harmless\n"}}
	harmless.scenario = "store/calm"
	q = &quick{keeper: k}
	if err := q.run(t.Context(), []*mutant{&harmless}); err != nil || !q.reached[m.name] {
		t.Fatalf("quick: %v", err)
	}
	want := []string{
		"M25: the witness shows PASS, and PASS without the bug",
		fmt.Sprintf("M25: killed before by seed %v, and not any more in 200 seeds", kill.Seed),
	}
	if diff := cmp.Diff(want, q.lost); diff != "" {
		t.Errorf("lost (-want +got):\n%s", diff)
	}
}

// newTestKeeper keeps its results out of the tree.
func newTestKeeper(t *testing.T, root string) *keeper {
	t.Helper()
	sources, err := hashSources(root)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	return &keeper{root: root, dir: dir, sources: sources, jobs: 2, tell: newProgress(t.Output(), false),
		results: &results{path: filepath.Join(dir, "results.jsonl")}}
}
