package harness_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/examples/register"
	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/internal/view"
	"github.com/simrun/simrun/live/harness"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// record runs a plan live and returns the folder of its recording.
func record(t *testing.T, s sim.Scenario, p sim.Plan) (*sim.Result, string) {
	t.Helper()
	dir := t.TempDir()
	r, err := harness.Run(t.Context(), s, p, harness.Options{Record: dir})
	if err != nil {
		t.Fatal(err)
	}
	return r, dir
}

func reread(t *testing.T, s sim.Scenario, dir string) (*harness.Recording, *sim.Result) {
	t.Helper()
	rec, err := harness.ReadRecording(dir)
	if err != nil {
		t.Fatal(err)
	}
	r, err := rec.Judge(s)
	if err != nil {
		t.Fatal(err)
	}
	return rec, r
}

func events(t *testing.T, rec *harness.Recording) (all []trace.Event) {
	t.Helper()
	for e, err := range rec.Events() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

func wantSame(t *testing.T, got, want *sim.Result) {
	t.Helper()
	text := func(err error) string {
		if err == nil {
			return ""
		}
		return err.Error()
	}
	if got.Verdict != want.Verdict || got.Check != want.Check || text(got.Err) != text(want.Err) || !reflect.DeepEqual(got.Suspects, want.Suspects) {
		t.Errorf("judged again: %v, %s: %v, %v\nit was: %v, %s: %v, %v", got.Verdict, got.Check, got.Err, got.Suspects, want.Verdict, want.Check, want.Err, want.Suspects)
	}
}

var lyingPlan = sim.Plan{Scenario: "example/register", Seed: 1, Policy: sim.Timed, Ops: []sim.Op{
	{Client: "c0", N: 1, Do: models.Write{Key: "x", Value: "c0-1"}},
	{Client: "c0", N: 2, Do: models.Read{Key: "x"}},
	{Client: "c0", N: 3, Do: models.Read{Key: "x"}}, // a busy machine may be too late for one
}}

// lying is a server that answers each read with what nobody has written.
func lying() sim.Scenario {
	return register.Scenario(wrongServer(func([]string) string { return "c1-1" }))
}

func TestRecordedViolationIsTheSameViolation(t *testing.T) {
	s := lying()
	want, dir := record(t, s, lyingPlan)
	if want.Verdict != sim.Violation {
		t.Fatalf("%v, %s: %v", want.Verdict, want.Check, want.Err)
	}
	rec, got := reread(t, s, dir)
	wantSame(t, got, want)
	if rec.Verdict != sim.Violation || rec.Scenario != s.Name || len(rec.Missing) > 0 {
		t.Errorf("%v of %s, missing %v", rec.Verdict, rec.Scenario, rec.Missing)
	}
	// The story has the message that brought the wrong answer, and who sent it.
	var ids []string
	for _, op := range got.Suspects {
		ids = append(ids, op.ID.String())
	}
	story := view.Story(events(t, rec), view.Failure{Check: got.Check, Why: got.Err.Error(), Operations: ids})
	for _, want := range []string{"calls " + ids[0] + ": read x", "receives register.value ({Value:c1-1", "from server/register", "is told " + ids[0] + ": c1-1"} {
		if !strings.Contains(story, want) {
			t.Errorf("%q is not in the story:\n%s", want, story)
		}
	}
	if t.Failed() {
		t.Log(view.Events(events(t, rec)))
	}
}

func TestRecordedStorePassesAgainOnTheSameFacts(t *testing.T) {
	s := catalogued(t, "store/calm")
	want, dir := record(t, s, flushed(s, 1))
	_, got := reread(t, s, dir)
	wantSame(t, got, want)
	if got.Verdict != sim.Pass || !reflect.DeepEqual(got.Notes, want.Notes) || !reflect.DeepEqual(got.History, want.History) {
		t.Errorf("%v of %d facts; it was of %d", got.Verdict, len(got.Notes), len(want.Notes))
	}
}

// What stopped a host is no fact that a check could find again.
func TestRecordedPanicIsTheSamePanic(t *testing.T) {
	s := system(server(boom), program("c0", ask))
	want, dir := record(t, s, sim.NewPlan(s, 1))
	rec, got := reread(t, s, dir)
	// Also if only the host has it.
	if err := os.Remove(filepath.Join(dir, "run.trace")); err != nil {
		t.Fatal(err)
	}
	if _, alone := reread(t, s, dir); alone.Verdict != sim.Violation || alone.Check != "actor panic" {
		t.Errorf("%v, %s: %v", alone.Verdict, alone.Check, alone.Err)
	}
	if got.Check != "actor panic" || got.Err == nil || !strings.Contains(view.Story(events(t, rec), view.Failure{Why: got.Err.Error()}), "FAILS: ") {
		t.Errorf("%v, %s: %v\n%s", got.Verdict, got.Check, got.Err, view.Events(events(t, rec)))
	}
	wantSame(t, got, want)
}

// A run whose harness was killed has no file of the run, and one whose process was
// killed has no end: what there is is judged.
func TestRecordingWithoutItsEndIsJudgedByWhatThereIs(t *testing.T) {
	s := lying()
	want, dir := record(t, s, lyingPlan)
	if err := os.Remove(filepath.Join(dir, "run.trace")); err != nil {
		t.Fatal(err)
	}
	rec, got := reread(t, s, dir)
	wantSame(t, got, want)
	if len(rec.Missing) != 1 || !strings.Contains(rec.Missing[0], "came to no end") {
		t.Errorf("missing %q", rec.Missing)
	}
	change(t, only(t, dir, "server-*.trace"), func(b []byte) []byte { return b[:len(b)*3/4] })
	rec, got = reread(t, s, dir)
	if got.Verdict != sim.Inconclusive || got.Check != "recording" || !strings.Contains(got.Err.Error(), want.Err.Error()) {
		t.Errorf("%v, %s: %v", got.Verdict, got.Check, got.Err)
	}
	if len(rec.Missing) != 2 || !strings.Contains(rec.Missing[1], "killed, of 1 of ") {
		t.Errorf("missing %q", rec.Missing)
	}
}

// Nobody knows what a run that came to no end would have shown.
func TestRecordingWithoutItsEndDoesNotPass(t *testing.T) {
	s := catalogued(t, "store/calm")
	want, dir := record(t, s, flushed(s, 1))
	if err := os.Remove(filepath.Join(dir, "run.trace")); err != nil || want.Verdict != sim.Pass {
		t.Fatal(want.Verdict, err)
	}
	noted := 0 // by hosts: that the machine was busy with others is noted by the harness
	for _, n := range want.Notes {
		if n.Host != "" {
			noted++
		}
	}
	_, got := reread(t, s, dir)
	if got.Verdict != sim.Inconclusive || got.Check != "interrupted" || len(got.Notes) < noted { // or more: hosts go on a moment longer than the run
		t.Errorf("%v, %s: %v of %d facts; there were %d", got.Verdict, got.Check, got.Err, len(got.Notes), noted)
	}
}

func TestDamagedRecordingIsRefusedInOneLine(t *testing.T) {
	_, dir := record(t, lying(), lyingPlan)
	for _, pattern := range []string{"server-*.trace", "run.trace"} {
		name := only(t, dir, pattern)
		whole := change(t, name, func(b []byte) []byte { b[len(b)/2] ^= 1; return b })
		_, err := harness.ReadRecording(dir)
		if !errors.Is(err, trace.ErrDamaged) || !strings.Contains(err.Error(), name) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", pattern, err)
		}
		change(t, name, func([]byte) []byte { return whole })
	}
	if _, err := harness.ReadRecording(t.TempDir()); err == nil {
		t.Error("an empty folder is a recording")
	}
}

// change rewrites a file and returns what it was.
func change(t *testing.T, name string, to func([]byte) []byte) []byte {
	t.Helper()
	whole, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, to(bytes.Clone(whole)), 0o600); err != nil {
		t.Fatal(err)
	}
	return whole
}

func only(t *testing.T, dir, pattern string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	return names[0]
}

// A recording is only made where all facts are of types that can be read back; else it
// says which are not.
func TestFactThatCannotBeReadMakesNoVerdict(t *testing.T) {
	type secret struct{ N int }
	s := system(program("c0", func(env actors.Env) error {
		env.Note(secret{1})
		return nil
	}))
	_, dir := record(t, s, sim.NewPlan(s, 1))
	_, got := reread(t, s, dir)
	if got.Verdict != sim.Inconclusive || got.Check != "recording" || !strings.Contains(got.Err.Error(), "harness_test.secret of c0/program") {
		t.Errorf("%v, %s: %v", got.Verdict, got.Check, got.Err)
	}
}

func TestRecordingNeedsAnEmptyFolder(t *testing.T) {
	s := lying()
	_, dir := record(t, s, lyingPlan)
	if _, err := harness.Run(t.Context(), s, lyingPlan, harness.Options{Record: dir}); err == nil || !strings.Contains(err.Error(), "is not empty") {
		t.Errorf("got %v", err)
	}
}
