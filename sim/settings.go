package sim

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// settings are what the environment and the saved plans say about one Test. They
// decide which plans are run; what a run does depends on its plan alone. This
// file is where sim meets the machine it runs on.
type settings struct {
	test      string
	seed      uint64
	announce  bool      // the seed was drawn and cannot be known otherwise
	runs      int       // exactly so many; -1: as many as the defaults say
	end       time.Time // zero: count runs instead
	watchdog  time.Duration
	trace     bool
	folder    string // of saved plans
	saved     []savedPlan
	onlySaved bool
}

type savedPlan struct {
	file string
	plan Plan
}

// By default there are at least defaultRuns, and more of them while they are short,
// up to defaultSteps in all or maxDefaultRuns. This keeps a test below a second or
// two for most systems.
const (
	defaultRuns     = 100
	defaultSteps    = 300_000
	maxDefaultRuns  = 2000
	defaultWatchdog = 60 * time.Second
)

func readSettings(test string, s Scenario) (settings, error) {
	set := settings{
		test:     test,
		seed:     hashString(test),
		runs:     -1,
		watchdog: defaultWatchdog,
		folder:   filepath.Join("testdata", "sim", folderName(test)),
		trace:    os.Getenv("SIM_TRACE") != "" && os.Getenv("SIM_TRACE") != "0",
	}
	var err error
	if text := os.Getenv("SIM_SEED"); text == "random" {
		set.seed, set.announce = rand.Uint64(), true
	} else if text != "" {
		if set.seed, err = strconv.ParseUint(text, 0, 64); err != nil {
			return set, fmt.Errorf("SIM_SEED: expected a number such as 0x51c2 or \"random\", got %q", text)
		}
	}
	if text := os.Getenv("SIM_RUNS"); text != "" {
		if set.runs, err = strconv.Atoi(text); err != nil || set.runs < 0 {
			return set, fmt.Errorf("SIM_RUNS: expected a number of runs, got %q", text)
		}
	}
	limit, err := durationOf("SIM_TIME", "10s", 0)
	if err != nil {
		return set, err
	}
	if limit > 0 {
		set.end = time.Now().Add(limit)
	}
	if set.watchdog, err = durationOf("SIM_WATCHDOG", "10m", defaultWatchdog); err != nil {
		return set, err
	}
	files := []string{os.Getenv("SIM_PLAN")}
	if set.onlySaved = files[0] != ""; !set.onlySaved {
		if files, err = filepath.Glob(filepath.Join(set.folder, "*.plan")); err != nil {
			return set, fmt.Errorf("saved plans: %w", err)
		}
	}
	for _, file := range files {
		plan, err := readPlanFile(file, s)
		if err != nil {
			return set, err
		}
		set.saved = append(set.saved, savedPlan{file, plan})
	}
	return set, nil
}

func readPlanFile(file string, s Scenario) (Plan, error) {
	f, err := os.Open(file)
	if err != nil {
		return Plan{}, fmt.Errorf("saved plan: %w", err)
	}
	defer f.Close()
	return ReadPlan(f, s)
}

// durationOf reads a variable that holds a positive duration.
func durationOf(name, example string, def time.Duration) (time.Duration, error) {
	text := os.Getenv(name)
	if text == "" {
		return def, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%s: expected a duration such as %s, got %q", name, example, text)
	}
	return d, nil
}

// more reports whether there is another run after so many of so many steps in all.
func (set settings) more(runs int, steps int64) bool {
	if n, known := set.most(runs, steps); known {
		return runs < n
	}
	return time.Now().Before(set.end)
}

// most is how many runs there will be at most, as far as that is known after so
// many of so many steps in all.
func (set settings) most(runs int, steps int64) (n int, known bool) {
	switch {
	case !set.end.IsZero():
		return 0, false
	case set.runs >= 0:
		return set.runs, true
	case steps >= defaultSteps:
		return max(runs, defaultRuns), true
	}
	return maxDefaultRuns, true
}

// save writes the plan of a failure into the folder of the test, named after what
// failed and the seed that found it.
func (set settings) save(r *Result, seed uint64) (string, error) {
	var text bytes.Buffer
	if _, err := r.Plan.WriteTo(&text); err != nil {
		return "", err
	}
	if err := os.MkdirAll(set.folder, 0o777); err != nil {
		return "", err
	}
	file := filepath.Join(set.folder, fmt.Sprintf("%s-%x.plan", fileWord(r.Check), seed))
	return file, os.WriteFile(file, text.Bytes(), 0o666)
}

func (set settings) replayCommand(file string) string {
	return "SIM_PLAN=" + file + " " + set.goTest()
}

func (set settings) seedCommand(seed uint64) string {
	return fmt.Sprintf("SIM_SEED=%#x SIM_RUNS=1 %s", seed, set.goTest())
}

// goTest is the command that runs this test and no other, from anywhere in its
// module: the test itself always runs in the folder of its package.
func (set settings) goTest() string {
	pkg := "."
	if info, ok := debug.ReadBuildInfo(); ok {
		if path, isTest := strings.CutSuffix(info.Path, ".test"); isTest {
			pkg = path
		}
	}
	parts := strings.Split(set.test, "/")
	for i, part := range parts {
		parts[i] = "^" + strings.ReplaceAll(regexp.QuoteMeta(part), "'", ".") + "$" // no quote ends the shell's
	}
	return fmt.Sprintf("go test -run '%s' %s", strings.Join(parts, "/"), pkg)
}

// folderName makes a path within testdata of the name of a test, which may have a
// subtest's name in it.
func folderName(test string) string {
	parts := strings.Split(test, "/")
	for i := range parts {
		parts[i] = fileWord(parts[i])
	}
	return filepath.Join(parts...)
}

// fileWord replaces what does not belong in the name of a file.
func fileWord(s string) string {
	word := strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '-', r == '_':
			return r
		}
		return '-'
	}, s)
	if word == "" {
		return "-"
	}
	return word
}
