package sim

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/leanovate/gopter"

	"github.com/simrun/simrun/faults"
)

// inFolder runs a test in an empty folder with the variables of Test as given.
func inFolder(t *testing.T, env ...string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for _, name := range []string{"SIM_RUNS", "SIM_TIME", "SIM_SEED", "SIM_PLAN", "SIM_TRACE", "SIM_WATCHDOG"} {
		t.Setenv(name, "")
	}
	for i := 0; i < len(env); i += 2 {
		t.Setenv(env[i], env[i+1])
	}
}

func TestACorrectSystemPasses(t *testing.T) {
	inFolder(t, "SIM_RUNS", "300")
	tb := &recordedTB{name: "TestRegister"}
	if !tb.run(registers("simtest/register", true)) {
		t.Fatal(tb.errors.String())
	}
	if !strings.Contains(tb.logs.String(), "simtest/register: 300 runs from seed 0x") {
		t.Errorf("logs:\n%s", tb.logs.String())
	}
}

// R121: a failing seed becomes a replayable plan of a write, a power loss and a
// read.
func TestAMissingSyncIsFoundShrunkAndSaved(t *testing.T) {
	inFolder(t)
	s := registers("simtest/register", false)
	tb := &recordedTB{name: "TestRegister/no sync"}
	if tb.run(s) {
		t.Fatalf("passed:\n%s", tb.logs.String())
	}
	text := tb.errors.String()
	t.Log(text)
	files, err := filepath.Glob("testdata/sim/TestRegister/no-sync/*.plan")
	if err != nil || len(files) != 1 {
		t.Fatalf("saved plans: %v, %v", files, err)
	}
	for _, want := range []string{
		"simtest/register: VIOLATION: ", "===== STORY =====", "power-loss", "saved in " + files[0],
		"SIM_PLAN=" + files[0] + " go test -run '^TestRegister$/^no sync$' github.com/simrun/simrun/sim",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the report has no %q", want)
		}
	}
	plan, err := readPlanFile(files[0], s)
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Ops) > 4 || len(plan.Faults) != 1 || plan.Faults[0].Kind != faults.PowerLoss {
		t.Errorf("shrunk to\n%s", plan)
	}
	if plan.Net.DelayMin != plan.Net.DelayMax || plan.Net.Drop != 0 || len(plan.Deviations) > 2 {
		t.Errorf("not calm:\n%s", plan)
	}

	// The plan comes first the next time, and the command of the report replays it.
	again := &recordedTB{name: tb.name}
	t.Setenv("SIM_RUNS", "0")
	if again.run(s) || !strings.Contains(again.errors.String(), "saved in "+files[0]) {
		t.Errorf("the saved plan passed: %s", again.errors.String())
	}
	once := &recordedTB{name: tb.name}
	t.Setenv("SIM_PLAN", files[0])
	t.Setenv("SIM_TRACE", "1")
	if once.run(s) || !strings.Contains(once.errors.String(), "===== TRACE =====") {
		t.Errorf("the plan passed, or has no trace: %s", once.errors.String())
	}
	// Once the bug is mended, the saved plan is a regression test that passes.
	mended := &recordedTB{name: tb.name}
	if !mended.run(registers("simtest/register", true)) {
		t.Errorf("mended, yet: %s", mended.errors.String())
	}
}

func TestShrunkFailuresReplay(t *testing.T) {
	s := registers("simtest/register", false)
	found := 0
	for seed := uint64(0); found < 10; seed++ {
		r := Run(s, NewPlan(s, seed))
		if r.Verdict != Violation {
			continue
		}
		found++
		small := Shrink(t.Context(), s, r)
		plan, err := ReadPlan(strings.NewReader(small.Plan.String()), s)
		if err != nil {
			t.Fatal(err)
		}
		for range 10 {
			if again := Run(s, plan); again.Verdict != r.Verdict || again.Check != r.Check || again.TraceHash != small.TraceHash {
				t.Fatalf("seed %d: %s with hash %x, shrunk %s with %x:\n%s", seed, r.Check, small.TraceHash, again.Check, again.TraceHash, plan)
			}
		}
		if len(small.Plan.Ops) > 6 || len(small.Plan.Faults) > 2 {
			t.Errorf("seed %d shrunk to\n%s", seed, small.Plan)
		}
	}
}

func TestSettingsThatMakeNoSenseAreRefused(t *testing.T) {
	for _, test := range []struct{ name, value, want string }{
		{"SIM_RUNS", "many", `SIM_RUNS: expected a number of runs, got "many"`},
		{"SIM_SEED", "one", `SIM_SEED: expected a number such as 0x51c2 or "random", got "one"`},
		{"SIM_TIME", "10", `SIM_TIME: expected a duration such as 10s, got "10"`},
		{"SIM_WATCHDOG", "-1s", `SIM_WATCHDOG: expected a duration such as 10m, got "-1s"`},
		{"SIM_PLAN", "nothing.plan", `saved plan: open nothing.plan`},
	} {
		t.Run(test.name, func(t *testing.T) {
			inFolder(t, test.name, test.value)
			tb := &recordedTB{name: "TestRegister"}
			if tb.run(registers("simtest/register", true)) || !strings.HasPrefix(tb.errors.String(), test.want) {
				t.Errorf("got %q, want %q", tb.errors.String(), test.want)
			}
		})
	}
}

func TestSavedPlansThatAreBrokenAreNamed(t *testing.T) {
	inFolder(t)
	dir := filepath.Join("testdata", "sim", "TestRegister")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "a.plan")
	if err := os.WriteFile(file, []byte("plan 1\nscenario store/calm\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	tb := &recordedTB{name: "TestRegister"}
	want := file + `:2:10: this is a plan of scenario "store/calm", not of simtest/register`
	if tb.run(registers("simtest/register", true)) || !strings.HasPrefix(tb.errors.String(), want) {
		t.Errorf("got %q, want %q", tb.errors.String(), want)
	}
}

func TestATimeLimitEndsTheRuns(t *testing.T) {
	inFolder(t, "SIM_TIME", "50ms", "SIM_RUNS", "0")
	tb := &recordedTB{name: "TestRegister"}
	if !tb.run(registers("simtest/register", true)) || strings.Contains(tb.logs.String(), " 0 runs ") {
		t.Errorf("got\n%s%s", tb.logs.String(), tb.errors.String())
	}
}

func TestARandomSeedIsPrinted(t *testing.T) {
	inFolder(t, "SIM_RUNS", "1", "SIM_SEED", "random")
	tb := &recordedTB{name: "TestRegister"}
	if !tb.run(registers("simtest/register", true)) {
		t.Fatal(tb.errors.String())
	}
	if !regexp.MustCompile(`^SIM_SEED=0x[0-9a-f]+\n`).MatchString(tb.logs.String()) {
		t.Errorf("logs:\n%s", tb.logs.String())
	}
}

func TestAnUnreachedStateFailsOnlyAThousandRuns(t *testing.T) {
	s := registers("simtest/register", true)
	s.Sometimes = append(slices.Clone(s.Sometimes), "a blue moon")
	for runs, passes := range map[int]bool{enoughRuns - 1: true, enoughRuns: false} {
		t.Run(fmt.Sprint(runs), func(t *testing.T) {
			inFolder(t, "SIM_RUNS", fmt.Sprint(runs))
			tb := &recordedTB{name: "TestRegister"}
			passed := tb.run(s)
			if passed != passes {
				t.Errorf("passed: %v\n%s", passed, tb.errors.String())
			}
			if !strings.Contains(tb.errors.String()+tb.logs.String(), fmt.Sprintf("reached in %d runs: a blue moon", runs)) {
				t.Errorf("the state is not named:\n%s%s", tb.errors.String(), tb.logs.String())
			}
		})
	}
}

// R120: a system that is no pure function of its plan is not called broken.
func TestNondeterminismIsNoCounterexample(t *testing.T) {
	inFolder(t)
	runs := 0
	s := registers("simtest/register", true)
	s.Workload.Generate = func(d *faults.Draw, _ Knobs) []Op {
		return []Op{{Client: "c0", N: 1, Do: registerOp{Put: true, Value: 1}}}
	}
	s.Workload.Final = func(Knobs, []Op) []Op {
		runs++
		if runs == 1 {
			return nil
		}
		return []Op{{Client: "final", N: 1, Do: registerOp{}}}
	}
	s.Checks = []Check{{Name: "never", Func: func(*Observation) error { return fmt.Errorf("always") }}}
	tb := &recordedTB{name: "TestRegister"}
	if tb.run(s) || !strings.Contains(tb.errors.String(), "HARNESS: nondeterminism") {
		t.Errorf("got\n%s", tb.errors.String())
	}
}

func TestPlansOfASeedAreCompared(t *testing.T) {
	inFolder(t)
	plans := 0
	s := registers("simtest/register", true)
	s.Workload.Generate = func(*faults.Draw, Knobs) []Op {
		plans++
		return []Op{{Client: "c0", N: 1, Do: registerOp{Put: true, Value: plans}}}
	}
	tb := &recordedTB{name: "TestRegister"}
	if want := `is "c0#1     put 1", then "c0#1     put 2"`; tb.run(s) || !strings.Contains(tb.errors.String(), want) {
		t.Errorf("want %s, got\n%s", want, tb.errors.String())
	}
}

func TestPrefixesThatNameNoHostFailTheTest(t *testing.T) {
	inFolder(t)
	s := registers("simtest/register", true)
	s.Profile.Servers = []string{"sever"}
	tb := &recordedTB{name: "TestRegister"}
	want := `scenario simtest/register: profile: Servers has "sever", but no host begins with it: server, c0, c1, final`
	if tb.run(s) || !strings.HasPrefix(tb.errors.String(), want) {
		t.Errorf("got %q, want %q", tb.errors.String(), want)
	}
}

func TestShortRunsAreMany(t *testing.T) {
	var set settings
	set.runs = -1
	for _, test := range []struct {
		runs  int
		steps int64
		more  bool
	}{
		{0, 0, true},
		{99, 100 * defaultSteps, true},
		{100, 100 * defaultSteps, false},
		{100, defaultSteps - 1, true},
		{1999, defaultSteps - 1, true},
		{1999, defaultSteps, false},
		{2000, 2000, false},
	} {
		if got := set.more(test.runs, test.steps); got != test.more {
			t.Errorf("after %d runs of %d steps: more is %v", test.runs, test.steps, got)
		}
	}
	set.runs = 3
	if !set.more(2, 100*defaultSteps) || set.more(3, 0) {
		t.Error("SIM_RUNS is not exact")
	}
}

func TestInconclusiveRunsEndTheTestOnceTheyAreTooMany(t *testing.T) {
	inFolder(t, "SIM_RUNS", "1000")
	s := registers("simtest/register", true)
	s.Limits.Steps = 10
	tb := &recordedTB{name: "TestRegister"}
	if want := "6 of 6 runs were inconclusive"; tb.run(s) || !strings.Contains(tb.errors.String(), want) {
		t.Errorf("want %s, got\n%s", want, tb.errors.String())
	}
}

func TestPropertyPassesAndFailsWithTheScenario(t *testing.T) {
	params := gopter.DefaultTestParametersWithSeed(1)
	params.MinSuccessfulTests = 100
	if r := Property(registers("simtest/register", true)).Check(params); !r.Passed() {
		t.Errorf("the correct register: %v", r.Status)
	}
	r := Property(registers("simtest/register", false)).Check(params)
	if r.Status != gopter.TestFailed || len(r.Args) != 1 {
		t.Fatalf("without the sync: %v with arguments %v", r.Status, r.Args)
	}
	if small, found := r.Args[0].Arg.(Plan), r.Args[0].OrigArg.(Plan); len(small.Ops) > 4 || len(found.Ops) != 30 {
		t.Errorf("shrunk to\n%s\nfrom\n%s", small, found)
	}
}

// A register that carries a doubled put out twice: the shrunk plan names the
// message that must be doubled.
func TestADoubledMessageIsNamed(t *testing.T) {
	s := registers("simtest/doubled", true)
	s.Profile = faults.Profile{DelayMin: s.Profile.DelayMin, DelayMax: s.Profile.DelayMax, DuplicateMax: 100}
	named := 0
	for seed, found := uint64(0), 0; found < 10; seed++ {
		r := Run(s, NewPlan(s, seed))
		if r.Verdict != Violation {
			continue
		}
		found++
		p := Shrink(t.Context(), s, r).Plan
		copies := slices.DeleteFunc(slices.Clone(p.Deviations), func(d Deviation) bool { return !d.Copy })
		if p.Net.DelayMin != p.Net.DelayMax || p.Net.Duplicate != 0 || len(copies) != 1 || len(p.Ops) > 12 { // a copy that comes late needs operations that pass the time
			t.Errorf("seed %d shrunk to\n%s", seed, p)
		}
		named += len(p.Deviations)
	}
	if named > 25 {
		t.Errorf("%d messages have a fate of their own in ten plans", named)
	}
}

// What policy Random chose can be told as a calm plan.
func TestFailuresUnderPolicyRandomBecomeTimed(t *testing.T) {
	s := registers("simtest/register", false)
	timed, found := 0, 0
	for seed := uint64(0); found < 10; seed++ {
		p := NewPlan(s, seed)
		p.Policy = Random
		r := Run(s, p)
		if r.Verdict != Violation {
			continue
		}
		found++
		if p := Shrink(t.Context(), s, r).Plan; p.Policy == Timed {
			timed++
		} else {
			t.Logf("seed %d stays\n%s", seed, p)
		}
	}
	if timed < 9 {
		t.Errorf("%d of %d failures became timed", timed, found)
	}
}
