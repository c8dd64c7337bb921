package harness_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/live/harness"
	"github.com/simrun/simrun/sim"
)

func TestFinalOperationsFollowAllOthers(t *testing.T) {
	s := reading(answered)
	r := runLive(t, s, sim.NewPlan(s, 1))
	ops := r.History.Operations
	if r.Verdict != sim.Pass || len(ops) != 3 || ops[2].ID != (linearizability.OpID{Client: "final", N: 1}) {
		t.Fatalf("%v, %v", r.Verdict, ops)
	}
	for _, op := range ops[:2] {
		if op.Return >= ops[2].Call {
			t.Errorf("%v returned at %d, the final read began at %d", op, op.Return, ops[2].Call)
		}
	}
}

func TestFactsReachTheChecksAndSometimesIsCounted(t *testing.T) {
	s := reading(func(env actors.Env, rec *linearizability.Recorder, op sim.Op) error {
		env.Note(actors.Sometimes("test.read"))
		env.Note(actors.Point("test.point"))
		env.Note(env.Host)
		return answered(env, rec, op)
	})
	var seen *sim.Observation
	s.Checks = []sim.Check{
		{Name: "first", Func: func(o *sim.Observation) error {
			seen = o
			o.Sometimes("test.judged")
			return nil
		}},
		{Name: "second", Func: func(*sim.Observation) error { return errors.New("never good") }},
	}
	p := sim.NewPlan(s, 1)
	p.Knobs = p.Knobs.With("colour", "red")
	r := runLive(t, s, p)
	if r.Verdict != sim.Violation || r.Check != "second" {
		t.Errorf("%v, %s: %v", r.Verdict, r.Check, r.Err)
	}
	if n := r.Stats.Sometimes; len(n) != 2 || n["test.read"] != 3 || n["test.judged"] != 1 {
		t.Errorf("sometimes %v", n)
	}
	hosts := map[any]string{}
	for _, n := range seen.Notes {
		switch n.Fact.(type) {
		case string:
			hosts[n.Fact] = n.Path
		case actors.Sometimes, actors.Point:
			t.Errorf("%v is among the notes", n)
		}
	}
	if len(hosts) != 3 || hosts["c0"] != "c0/workload" || hosts["final"] != "final/workload" {
		t.Errorf("facts of %v", hosts)
	}
	if seen.Knobs.String("colour", "") != "red" || len(seen.Ops) != 2 || len(seen.History.Operations) != 3 {
		t.Errorf("%+v", seen)
	}
}

func TestTemporaryDisksAreRemovedAndGivenOnesAreLeft(t *testing.T) {
	temp, kept := t.TempDir(), t.TempDir()
	t.Setenv("TMPDIR", temp)
	s := system(program("c0", func(env actors.Env) error { return env.Disk.WriteFile("f", []byte("x")) }))
	for _, dir := range []string{"", kept} {
		r, err := harness.Run(t.Context(), s, sim.NewPlan(s, 1), harness.Options{Dir: dir})
		if err != nil || r.Verdict != sim.Pass {
			t.Fatal(r, err)
		}
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
	if text, err := os.ReadFile(filepath.Join(kept, "c0", "program", "f")); err != nil || string(text) != "x" {
		t.Errorf("%q, %v", text, err)
	}
}
