//go:build unix

package simcli

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/simrun/simrun/sim"
)

// DESIGN 6: how the runs of a campaign make its verdict and exit code.
func TestVerdictOfCampaignIsTheWorstThatCounts(t *testing.T) {
	expecting := sim.Scenario{Sometimes: []string{"a"}}
	tests := []struct {
		name string
		t    tally
		want sim.Verdict
		code int
	}{
		{"nothing completed", tally{}, sim.Inconclusive, 3},
		{"all passed", tally{runs: 10}, sim.Pass, 0},
		{"expected loss among passes", tally{runs: 10, expectedLoss: 3}, sim.Pass, 0},
		{"0.5 % inconclusive", tally{runs: 200, inconclusive: 1}, sim.Pass, 0},
		{"more than 0.5 % inconclusive", tally{runs: 199, inconclusive: 1}, sim.Inconclusive, 3},
		{"one violation", tally{runs: 1000, violations: 1, inconclusive: 500}, sim.Violation, 1},
		{"harness is worst", tally{runs: 1000, violations: 10, harness: 1}, sim.Harness, 4},
		{"sometimes unreached, few runs", tally{scenario: expecting, runs: 999}, sim.Pass, 0},
		{"sometimes unreached, enough runs", tally{scenario: expecting, runs: 1000}, sim.Inconclusive, 3},
		{"sometimes reached", tally{scenario: expecting, runs: 1000, sometimes: map[string]int{"a": 1}}, sim.Pass, 0},
	}
	for _, tt := range tests {
		v := verdict([]*tally{&tt.t})
		if v != tt.want || v.ExitCode() != tt.code {
			t.Errorf("%s: %v, exit code %d; want %v, %d", tt.name, v, v.ExitCode(), tt.want, tt.code)
		}
	}
}

func TestUnknownVerdictIsNoPass(t *testing.T) {
	sum := newTally(sim.Scenario{})
	sum.add(outcome{Verdict: sim.Harness + 1})
	if got := verdict([]*tally{sum}); got != sim.Inconclusive {
		t.Errorf("got %v", got)
	}
}

// DESIGN 6, vacuity: doing nothing is told, once there are enough runs to tell.
func TestVacuousRunsAreTold(t *testing.T) {
	fired := func(inFlight int) map[string]sim.FaultCount {
		return map[string]sim.FaultCount{"crash": {Fired: 5, InFlight: inFlight}}
	}
	tests := []struct {
		name string
		t    tally
		want string
	}{
		{"few runs", tally{runs: 999, ops: 1, poor: 999}, ""},
		{"as it should be", tally{runs: 1000, ops: 1, overlapped: 1, faults: fired(1)}, ""},
		{"faults beside the point", tally{runs: 1000, ops: 1, overlapped: 1, faults: fired(0)}, "never hit an operation in flight: crash"},
		{"no overlap", tally{runs: 1000, ops: 1, faults: fired(1)}, "no acknowledged operation overlaps a fault"},
		{"no faults at all", tally{runs: 1000, ops: 1, calm: 1000}, ""},
		{"hardly anything acknowledged", tally{runs: 1000, ops: 1, calm: 1000, poor: 501}, "less than a quarter of the operations was acknowledged in most runs"},
	}
	for _, tt := range tests {
		if got := strings.Join(tt.t.vacuous(), "; "); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestMistypedNamesAreRecognized(t *testing.T) {
	names := []string{"store/calm", "store/chaos", "store/power-loss", "tickets/dups"}
	tests := []struct{ typed, want string }{
		{"store/caos", "store/chaos"}, {"chaos", "store/chaos"}, {"store-calm", "store/calm"},
		{"powerloss", "store/power-loss"}, {"Store/Calm", "store/calm"}, {"qwertyuiop", ""}, {"", ""},
	}
	for _, tt := range tests {
		if got := nearest(tt.typed, names); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.typed, got, tt.want)
		}
	}
}

// campaignOf runs a campaign over some of the test scenarios and returns it.
func campaignOf(t *testing.T, jobs, runs int, names ...string) *campaign {
	t.Helper()
	f, err := openFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	c := &campaign{base: 1, runs: runs, jobs: jobs, watchdog: time.Minute, memory: memoryMiB, folder: f, printed: io.Discard, found: func(notice) {}}
	for _, s := range append(deadlyScenarios(), testScenarios()...) {
		for _, name := range names {
			if s.Name == name {
				c.scenarios = append(c.scenarios, s)
			}
		}
	}
	if err := c.run(context.Background()); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSumsDoNotDependOnJobs(t *testing.T) {
	sums := func(jobs int) summary {
		s := summarise(campaignOf(t, jobs, 150, "tiny/ok", "tiny/broken", "tiny/endless"), startClock(), false)
		s.WallSeconds, s.CPUSeconds, s.MaxRSSMB, s.CheckShare = 0, 0, 0, 0
		for i := range s.Scenarios {
			s.Scenarios[i].RunsPerS = 0
		}
		return s
	}
	one, four := sums(1), sums(4)
	if diff := cmp.Diff(one, four); diff != "" {
		t.Errorf("one job, then four:\n%s", diff)
	}
	if one.Violations == 0 || one.Inconclusive == 0 || one.Doubled == 0 {
		t.Errorf("the campaign has tried too little: %+v", one)
	}
}

func TestFailuresAreSavedBeforeTheyAreTold(t *testing.T) {
	c := campaignOf(t, 2, 100, "tiny/broken")
	if c.total().violations == 0 {
		t.Fatal("nothing was found")
	}
	plans, err := filepath.Glob(filepath.Join(c.folder.path, "*.plan"))
	if err != nil {
		t.Fatal(err)
	}
	full, small := 0, 0
	for _, name := range plans {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		p, err := sim.ReadPlan(f, c.scenarios[0])
		f.Close()
		if err != nil {
			t.Fatal(err)
		}
		if r := sim.Run(c.scenarios[0], p); r.Verdict != sim.Violation || r.Check != "never down" {
			t.Errorf("%s: %v %s", name, r.Verdict, r.Check)
		}
		if strings.HasSuffix(name, ".full.plan") {
			full++
		} else {
			small++
		}
	}
	if small != c.total().violations || full != min(small, shrinkMost) {
		t.Errorf("%d plans and %d as found, of %d violations", small, full, c.total().violations)
	}
}

// DESIGN 6: results that cannot be written are a failure of the harness.
func TestLostFolderEndsTheCampaign(t *testing.T) {
	f, err := openFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	s := testScenarios()[1]
	c := &campaign{scenarios: []sim.Scenario{s}, base: 1, runs: 10_000, jobs: 2, watchdog: time.Minute, memory: memoryMiB, folder: f, printed: io.Discard}
	var moved sync.Once
	c.found = func(notice) {
		moved.Do(func() {
			if err := os.Rename(f.path, f.path+".elsewhere"); err != nil {
				t.Error(err)
			}
		})
	}
	err = c.run(context.Background())
	var broken brokenError
	if !errors.As(err, &broken) || !strings.Contains(err.Error(), "save "+f.path) {
		t.Errorf("got %v", err)
	}
	if n := c.total().runs; n >= 10_000 {
		t.Errorf("%d runs after the folder was gone", n)
	}
}

// A campaign whose runs all end their process is not worth its time.
func TestCampaignOfDeathsEnds(t *testing.T) {
	c := campaignOf(t, 2, 1000, "tiny/exit")
	sum := c.total()
	if sum.crashed < deathsMost || sum.crashed > deathsMost+c.jobs || sum.harness != sum.crashed || sum.runs >= 1000 || !c.deadly {
		t.Errorf("%d runs, %d of them took their process with them", sum.runs, sum.crashed)
	}
	files, err := filepath.Glob(filepath.Join(c.folder.path, "*.crash.txt"))
	if err != nil || len(files) != min(keepMost, sum.crashed) {
		t.Errorf("%d files of %d deaths, %v", len(files), sum.crashed, err)
	}
}

func TestFolderServesOneCampaign(t *testing.T) {
	path := t.TempDir()
	f, err := openFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := openFolder(path); err == nil || !strings.Contains(err.Error(), "another campaign is using it") {
		t.Errorf("got %v", err)
	}
	f.close()
	again, err := openFolder(path)
	if err != nil {
		t.Fatal(err)
	}
	again.close()
}

func TestSlotHoldsOneWholeRecord(t *testing.T) {
	f, err := openFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	s, err := f.slot(0)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []running{
		{Scenario: "long/name-of-a-scenario", Seed: 1 << 63, Last: 1<<64 - 1, Policy: "random"},
		{Scenario: "s", Seed: 1, Last: 2},
		{Scenario: "another/long/name-of-a-scenario", Seed: 3, Last: 4, Policy: "timed"},
	} {
		if err := s.record(r, false); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(s.file.Name())
		if err != nil {
			t.Fatal(err)
		}
		var got running
		if err := json.Unmarshal(b, &got); err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		r.Schema, r.Build = schema, build()
		if got != r {
			t.Errorf("got %+v, want %+v", got, r)
		}
	}
}

// poll waits for what another process does. It gives up after 30 seconds.
func poll(done func() bool) bool {
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(30 * time.Second); time.Now().Before(deadline); <-tick.C {
		if done() {
			return true
		}
	}
	return false
}

func TestControlsAreRunLittle(t *testing.T) {
	c := &campaign{scenarios: []sim.Scenario{{Name: "hunt"}, {Name: "control", Control: true}}, issued: make([]int, 2), jobs: 1}
	for range 40 {
		c.next()
	}
	if hunt, control := c.issued[0], c.issued[1]; control == 0 || control*10 > hunt {
		t.Errorf("%d runs of a control beside %d others", control, hunt)
	}
	c = &campaign{scenarios: c.scenarios, issued: make([]int, 2), jobs: 1, runs: 100}
	for range 40 {
		c.next()
	}
	if c.issued[0] != 100 || c.issued[1] != 100 {
		t.Errorf("%d runs, want 100 of each", c.issued)
	}
}
