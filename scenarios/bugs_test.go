package scenarios

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/simrun/simrun/sim"
)

// The plans of bugs that were found and fixed pass.
func TestPlansOfFixedBugsPass(t *testing.T) {
	files, err := filepath.Glob("../docs/bugs/*.plan")
	if err != nil || len(files) == 0 {
		t.Fatalf("no plans: %v", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name, err := sim.PlanScenario(strings.NewReader(string(text)))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range All() {
			if s.Name != name {
				continue
			}
			p, err := sim.ReadPlan(strings.NewReader(string(text)), s)
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			if r := sim.Run(s, p); r.Verdict != sim.Pass || r.Stats.Messages == 0 {
				t.Errorf("%s: %v %s: %v, %d messages", file, r.Verdict, r.Check, r.Err, r.Stats.Messages)
			}
		}
	}
}
