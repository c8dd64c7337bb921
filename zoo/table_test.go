package zoo

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func madeUp() []row {
	easyOne := &mutant{name: "M01", title: "daemon.wal: | and all", checkers: []string{"DUR", "DISK"}, difficulty: easy, witness: "plan"}
	hardOne := &mutant{name: "M04", title: "daemon.wal: a hole", checkers: []string{"DUR"}, difficulty: hard}
	needleOne := &mutant{name: "M44", title: "raft.commit: figure 8", checkers: []string{"CONV"}, difficulty: needle, witness: "plan"}
	stale := killedBlock(2, 30, 3)
	stale.Check, stale.Apart = "stale", map[string]int{"actor panic": 2, "inconclusive: time": 1}
	return []row{
		{mutant: easyOne, blocks: []*block{killedBlock(0, 40, 1), killedBlock(1, 2, 2), stale},
			shrunk: &shrunk{From: size{40, 5}, To: size{2, 1}}, witness: &witness{With: "VIOLATION: durable", Without: "PASS", Good: true}},
		{mutant: hardOne, blocks: []*block{killedBlock(0, 19_000, 1), {N: 1, Tried: 20_000}, {N: 2, Tried: 20_000}}},
		{mutant: needleOne, witness: &witness{With: "PASS", Without: "PASS"}},
	}
}

// testdata/page.md is the whole page; ZOO_REWRITE=1 writes it anew.
func TestPageSaysWhatWasFoundAndWhatNot(t *testing.T) {
	const golden = "testdata/page.md"
	var got strings.Builder
	if err := writePage(&got, madeUp()); err != nil {
		t.Fatal(err)
	}
	if os.Getenv("ZOO_REWRITE") != "" {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(got.String(), "\n")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A block that did not kill took longer than any that did.
func TestMedianCountsBlocksThatDidNotKill(t *testing.T) {
	missed := &block{Tried: 200}
	for _, tt := range []struct {
		blocks []*block
		want   string
	}{
		{nil, "-"},
		{[]*block{missed}, "> 200"},
		{[]*block{missed, killedBlock(1, 150, 1)}, "150"},
		{[]*block{missed, missed, killedBlock(2, 1, 1)}, "> 200"},
		{[]*block{killedBlock(0, 9, 1), missed, killedBlock(2, 1, 1)}, "9"},
	} {
		r := row{mutant: &mutant{difficulty: easy}, blocks: tt.blocks}
		if got := r.Seeds(); got != tt.want {
			t.Errorf("%d blocks: %s, want %s", len(tt.blocks), got, tt.want)
		}
	}
}

func TestShortfallsAreWhatTheGoalsLack(t *testing.T) {
	good := &witness{Good: true}
	killed := []*block{killedBlock(0, 1, 1), killedBlock(1, 1, 1), killedBlock(2, 1, 1), killedBlock(3, 1, 1), {N: 4}}
	of := func(d difficulty, blocks []*block) row {
		return row{mutant: &mutant{name: "M" + string(d), difficulty: d, witness: "plan"}, blocks: blocks, witness: good}
	}
	if got := shortfalls([]row{of(easy, killed[:4]), of(hard, killed), of(needle, nil)}, true); len(got) != 0 {
		t.Errorf("nothing is missing, got %q", got)
	}
	if got := shortfalls([]row{of(medium, killed)}, true); len(got) != 1 || got[0] != "Mmedium is medium and was killed in 4 of 5 blocks" {
		t.Errorf("got %q", got)
	}
	four := []row{of(hard, killed), of(hard, killed), of(hard, killed), of(hard, killed[3:])}
	if got := shortfalls(four, true); len(got) != 1 {
		t.Errorf("three of four hard ones are less than four fifths, got %q", got)
	}
	if got := shortfalls(append(four, of(hard, killed)), true); len(got) != 0 {
		t.Errorf("four of five hard ones are enough, got %q", got)
	}
}
