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
	"strconv"
	"strings"
	"testing"

	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/scenarios"
	"github.com/simrun/simrun/sim"
)

// quick is the mutant that every go test looks for.
const quick = "M25"

// seedsMax is how many seeds a hunt may take; none of the bugs here is hard.
const seedsMax = 5000

// TestPlantedBugsAreFound builds the store with one planted bug at a time and
// looks for it with fresh seeds. The checks of the scenario that the mutant does
// not name are off: they look into the daemons, and here what the clients saw has
// to tell. A kill counts if one of the mutant's checks made it and the same seed
// passes without the bug.
func TestPlantedBugsAreFound(t *testing.T) {
	only := cmp.Or(os.Getenv("ZOO"), quick)
	blocks, err := strconv.Atoi(cmp.Or(os.Getenv("ZOO_BLOCKS"), "1"))
	if err != nil || blocks < 1 {
		t.Fatalf("ZOO_BLOCKS: %v", err)
	}
	for _, m := range readMutants(t) {
		if only != "all" && only != m.name {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			binary := build(t, m)
			var kills []kill
			for block := range blocks {
				k := hunt(t, binary, m, uint64(block)<<32)
				t.Logf("%s: seed %#x, the %d. tried: %s: %s; shrunk from %d operations and %d faults to %d and %d",
					m.scenario, k.Seed, k.Tried, k.Check, k.Why, k.Ops, k.Faults, k.ShrunkOps, k.ShrunkFaults)
				kills = append(kills, k)
			}
			slices.SortFunc(kills, func(a, b kill) int { return cmp.Compare(a.Tried, b.Tried) })
			t.Logf("%s: median of %d blocks: %d seeds", m.title, blocks, kills[len(kills)/2].Tried)
		})
	}
}

// build makes this test binary with the mutant in it.
func build(t *testing.T, m mutant) string {
	t.Helper()
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	files, err := apply(root, m.patch)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	replace := map[string]string{}
	for i, file := range slices.Sorted(maps.Keys(files)) {
		changed := filepath.Join(dir, fmt.Sprintf("%d.go", i))
		if err := os.WriteFile(changed, files[file], 0o600); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(root, file)] = changed
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600); err != nil {
		t.Fatal(err)
	}
	binary := filepath.Join(dir, m.name+".test")
	cmd := exec.Command("go", "test", "-c", "-overlay", filepath.Join(dir, "overlay.json"), "-o", binary, ".")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return binary
}

// A kill is what a mutated binary reports of the first seed that fails.
type kill struct {
	Seed                                 uint64
	Tried                                int // seeds, this one included
	Check, Why                           string
	Ops, Faults, ShrunkOps, ShrunkFaults int
}

// hunt runs seeds of a mutated binary until one fails for the right reason.
func hunt(t *testing.T, binary string, m mutant, seed uint64) kill {
	t.Helper()
	first := seed
	for {
		cmd := exec.Command(binary, "-test.run=^TestSeedsOfAMutant$")
		cmd.Env = append(os.Environ(), fmt.Sprintf("ZOO_SEEDS=%s %d %d", m.name, seed, first+seedsMax-seed))
		out, err := cmd.CombinedOutput()
		_, report, found := strings.Cut(string(out), killPrefix)
		if err != nil || !found {
			t.Fatalf("%s is not found by %s in %d seeds: %v\n%s", m.name, m.scenario, seedsMax, err, out)
		}
		var k kill
		line, _, _ := strings.Cut(report, "\n")
		if err := json.Unmarshal([]byte(line), &k); err != nil {
			t.Fatal(err)
		}
		s := m.find(t)
		base := sim.Run(s, sim.NewPlan(s, k.Seed))
		if slices.Contains(m.checks, k.Check) && base.Verdict == sim.Pass {
			k.Tried = int(k.Seed-first) + 1
			return k
		}
		t.Logf("seed %#x does not count: %s: %s; without the bug: %v %s", k.Seed, k.Check, k.Why, base.Verdict, base.Check)
		seed = k.Seed + 1
	}
}

// killPrefix marks the report in the output of a mutated binary.
const killPrefix = "killed: "

// TestSeedsOfAMutant is the hunt inside the mutated binary.
func TestSeedsOfAMutant(t *testing.T) {
	text := os.Getenv("ZOO_SEEDS")
	if text == "" {
		t.Skip("runs in a binary with a planted bug only")
	}
	var name string
	var seed uint64
	var n int
	if _, err := fmt.Sscan(text, &name, &seed, &n); err != nil {
		t.Fatalf("ZOO_SEEDS %q: %v", text, err)
	}
	mutants := readMutants(t)
	s := mutants[slices.IndexFunc(mutants, func(m mutant) bool { return m.name == name })].find(t)
	for i := range uint64(n) {
		r := sim.Run(s, sim.NewPlan(s, seed+i))
		if r.Verdict != sim.Violation {
			continue
		}
		small := sim.Shrink(context.Background(), s, r)
		report, err := json.Marshal(kill{
			Seed: seed + i, Check: r.Check, Why: r.Err.Error(),
			Ops: issued(r.Plan), Faults: len(r.Plan.Faults),
			ShrunkOps: issued(small.Plan), ShrunkFaults: len(small.Plan.Faults),
		})
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("%s%s\n", killPrefix, report)
		return
	}
}

// find returns the mutant's scenario with those checks only that it names.
func (m mutant) find(t *testing.T) sim.Scenario {
	t.Helper()
	for _, s := range scenarios.All() {
		if s.Name == m.scenario {
			s.Checks = slices.DeleteFunc(slices.Clone(s.Checks), func(c sim.Check) bool {
				return !slices.Contains(m.checks, c.Name)
			})
			return s
		}
	}
	t.Fatalf("%s: no scenario %s", m.name, m.scenario)
	return sim.Scenario{}
}

// issued counts the operations of a plan, without the lines that issue none.
func issued(p sim.Plan) int {
	n := 0
	for _, op := range p.Ops {
		if _, ok := op.Do.(models.Op); ok {
			n++
		}
	}
	return n
}
