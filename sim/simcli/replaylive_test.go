package simcli

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/sim"
)

func init() { actors.Facts("tiny", add(0), total{}) }

// simrunIn runs the command in this process.
func simrunIn(t *testing.T, scenarios []sim.Scenario, args ...string) (code int, out, err string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = execute(t.Context(), args, &stdout, &stderr, scenarios)
	t.Logf("simrun %s: exit code %d\n%s%s", strings.Join(args, " "), code, stdout.String(), stderr.String())
	return code, stdout.String(), stderr.String()
}

func wantText(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in %q", part, text)
		}
	}
}

// Issue 5, recording: a live run is told and judged again from its folder, or from a
// file of it, with the exit codes of a plan.
func TestRecordedLiveRunIsReplayed(t *testing.T) {
	wrong := tiny("tiny/wrong", "a check that is never content")
	wrong.Checks = []sim.Check{{Name: "content", Func: func(*sim.Observation) error { return errors.New("server/counter does not count") }}}
	all := append(testScenarios(), wrong)
	dir := t.TempDir()

	code, out, _ := simrunIn(t, all, "live", "tiny/ok", "--seed", "3", "--dir", dir)
	if code != 0 {
		t.Fatal("the live run did not pass")
	}
	folder := filepath.Join(dir, "tiny-ok-3")
	wantText(t, out, "see it again: simrun replay "+folder)
	for _, path := range []string{folder, filepath.Join(folder, "recording"), filepath.Join(folder, "recording", "run.trace")} {
		code, out, _ = simrunIn(t, all, "replay", path)
		if code != 0 {
			t.Errorf("exit code %d", code)
		}
		wantText(t, out, "PASS  tiny/ok seed 0x3\n  recorded live: 16 operations, 16 acknowledged")
	}

	if code, _, _ = simrunIn(t, all, "live", "tiny/wrong", "--seed", "3", "--dir", dir); code != 1 {
		t.Fatal("the live run passed")
	}
	folder = filepath.Join(dir, "tiny-wrong-3")
	code, out, _ = simrunIn(t, all, "replay", folder)
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	wantText(t, out, "VIOLATION  tiny/wrong seed 0x3  check content\n  server/counter does not count\n", "recorded live: ")
	page := filepath.Join(dir, "page.html")
	code, out, _ = simrunIn(t, all, "replay", folder, "--json", "--trace", "--html", page)
	if code != 1 {
		t.Errorf("exit code %d", code)
	}
	wantText(t, out, `"type":"replay"`, `"verdict":"VIOLATION"`, `"msg":"tiny.increment","text":"{By:`)
	if b, err := os.ReadFile(page); err != nil || !bytes.Contains(b, []byte("tiny.increment")) {
		t.Errorf("page: %d bytes, %v", len(b), err)
	}
	code, _, text := simrunIn(t, testScenarios(), "replay", folder)
	wantUsage(t, code, text, "no scenario \"tiny/wrong\"")
	code, _, text = simrunIn(t, all, "view", filepath.Join(folder, "recording", "run.trace"))
	wantUsage(t, code, text, "is of a recorded live run")
	code, out, _ = simrunIn(t, all, "view", "--all", filepath.Join(folder, "recording", "run.trace"))
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	wantText(t, out, "notes linearizability.Called")
}

func wantUsage(t *testing.T, code int, text, part string) {
	t.Helper()
	if code != 2 || strings.Count(text, "\n") != 1 {
		t.Errorf("exit code %d, %q", code, text)
	}
	wantText(t, text, part)
}

func TestRecordingThatIsNotWholeIsToldOrRefused(t *testing.T) {
	dir := t.TempDir()
	if code, _, _ := simrunIn(t, testScenarios(), "live", "tiny/ok", "--seed", "3", "--dir", dir); code != 0 {
		t.Fatal("the live run did not pass")
	}
	recording := filepath.Join(dir, "tiny-ok-3", "recording")
	names, err := filepath.Glob(filepath.Join(recording, "server-*.trace"))
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	whole, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	rewrite := func(name string, b []byte) {
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}

	rewrite(names[0], whole[:len(whole)-20])
	code, out, _ := simrunIn(t, testScenarios(), "replay", recording)
	if code != 0 {
		t.Errorf("exit code %d", code)
	}
	wantText(t, out, "PASS  tiny/ok", "missing: what processes had not written")
	_, out, _ = simrunIn(t, testScenarios(), "replay", recording, "--json")
	wantText(t, out, `"missing":["what processes`)

	whole[len(whole)/2] ^= 1
	rewrite(names[0], whole)
	code, _, text := simrunIn(t, testScenarios(), "replay", recording)
	wantUsage(t, code, text, "recording "+names[0]+": damaged trace")

	code, _, text = simrunIn(t, testScenarios(), "replay", t.TempDir())
	wantUsage(t, code, text, "there is none")
}

// serviceRecording is what is left of a live run if only its hosts recorded it.
func serviceRecording(t *testing.T, s sim.Scenario) (recording string) {
	t.Helper()
	dir := t.TempDir()
	simrunIn(t, []sim.Scenario{s}, "live", s.Name, "--seed", "3", "--dir", dir)
	recording = filepath.Join(dir, fileName(s.Name, 3), "recording")
	for _, name := range []string{"run.plan", "run.trace"} {
		if err := os.Remove(filepath.Join(recording, name)); err != nil {
			t.Fatal(err)
		}
	}
	return recording
}

// The hosts of a service leave no facts of clients: it is told when they began and how
// they ended, and there is no verdict.
func TestRecordingOfAServiceIsToldAndNotJudged(t *testing.T) {
	recording := serviceRecording(t, tiny("tiny/ok", "a counter in memory"))
	code, out, _ := simrunIn(t, testScenarios(), "replay", recording)
	if code != 3 || !strings.HasPrefix(out, "INCONCLUSIVE  the hosts of a service were recorded, and not what its clients saw: there is nothing to judge\n") {
		t.Errorf("exit code %d", code)
	}
	wantText(t, out, "\n  server  ", "  ended at once\n", "  recorded live: ", " boots, ", " deliveries, ")
	code, out, _ = simrunIn(t, testScenarios(), "replay", recording, "--trace", "--json")
	if code != 3 {
		t.Errorf("exit code %d", code)
	}
	wantText(t, out, `"verdict":"INCONCLUSIVE","check":"recording"`, `"kind":"deliver"`)
}

// What stopped a host of a service is told, with what led to it.
func TestFailureOfAServiceHasAStory(t *testing.T) {
	s := tiny("tiny/boom", "a counter that ends")
	top := s.Topology(sim.Knobs{})
	top.Hosts[0].Actors = []actors.ActorDef{{Name: "counter", New: func(actors.Env) actor.Actor {
		return actor.ReceiveFunc(func(ctx actor.Context) {
			if _, ok := ctx.Message().(increment); ok {
				panic("boom")
			}
		})
	}}}
	s.Topology = func(sim.Knobs) actors.Topology { return top }
	code, out, _ := simrunIn(t, testScenarios(), "replay", serviceRecording(t, s))
	if code != 3 {
		t.Errorf("exit code %d", code)
	}
	wantText(t, out, "  failed: actor server/counter: panic on simcli.increment: boom\n", "counter receives tiny.increment", "FAILS: ")
}

// FAULTS 4, files: what would not fit into memory is refused before it is read.
func TestLongTraceIsRefused(t *testing.T) {
	name := filepath.Join(t.TempDir(), "long.trace")
	if err := os.WriteFile(name, []byte("simrun trace\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, viewMax+1<<20); err != nil {
		t.Fatal(err)
	}
	code, _, text := simrunIn(t, testScenarios(), "view", name)
	wantUsage(t, code, text, "65 MiB, at most 64; --all prints the events of a longer one")
}
