package zoo

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// liveMutants are planted bugs that real runs find too, with the scenario that has the
// most of what they need.
var liveMutants = []struct{ name, scenario string }{
	{"M14", "store/chaos"}, {"M16", "store/chaos"}, {"M25", "store/chaos"}, {"M48", "store/chaos"},
}

// liveMost is how many seeds a mutant has, each in one process and as processes.
const liveMost = 40

// liveOne is the mutant that every go test looks for; LIVE_LONG=1 looks for all, which
// takes a few minutes.
const liveOne = "M48"

// Issue 5: with M14, M16, M25 and M48 patched in, the live runs find them.
func TestLiveRunsFindPlantedBugs(t *testing.T) {
	for _, c := range liveMutants {
		if c.name != liveOne && os.Getenv("LIVE_LONG") == "" {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			m, err := readMutant("..", c.name)
			if err != nil {
				t.Fatal(err)
			}
			root, err := filepath.Abs("..")
			if err != nil {
				t.Fatal(err)
			}
			b, err := build(t.Context(), root, t.TempDir(), c.name, m.hunks)
			if err != nil {
				t.Fatal(err)
			}
			for _, processes := range []bool{false, true} {
				began := time.Now()
				n, check, why := liveKill(t, b, m, c.scenario, processes)
				if n == 0 {
					t.Errorf("processes %v: not found in %d runs", processes, liveMost)
					continue
				}
				t.Logf("processes %v: found in run %d, after %.0f s, by %s: %s", processes, n, time.Since(began).Seconds(), check, why)
			}
		})
	}
}

// liveKill runs seeds until one fails for the right reason, and returns how many there
// were; 0 if none did.
func liveKill(t *testing.T, b binary, m *mutant, scenario string, processes bool) (n int, check, why string) {
	for seed := 1; seed <= liveMost; seed++ {
		args := []string{"live", scenario, "--json", "--seed", strconv.Itoa(seed), "--runs", "1", "--dir", t.TempDir()}
		if processes {
			args = append(args, "--processes")
		}
		out, err := exec.CommandContext(t.Context(), b.path, args...).Output()
		var exit *exec.ExitError
		if err != nil && !errors.As(err, &exit) {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(out)) {
			var r struct{ Type, Verdict, Check, Why string }
			if json.Unmarshal([]byte(line), &r) != nil || r.Type != "run" {
				continue
			}
			if slices.Contains(m.checks, r.Check) {
				return seed, r.Check, r.Why
			}
			t.Logf("processes %v, seed %d: %s by %s, which is not counted: %s", processes, seed, r.Verdict, r.Check, r.Why)
		}
	}
	return 0, "", ""
}
