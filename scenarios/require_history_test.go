package scenarios

import (
	"fmt"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// linesOf makes operations of a client from their text, numbered from 1; lines that
// issue nothing have no number.
func linesOf(t *testing.T, client string, texts ...string) []sim.Op {
	t.Helper()
	var ops []sim.Op
	n := 0
	for _, text := range texts {
		do, err := parseLine(text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		op := sim.Op{Client: client, Do: do}
		if _, ok := do.(models.Op); ok {
			n++
			op.N = n
		}
		ops = append(ops, op)
	}
	return ops
}

// R126: histories are ordered by events, not by virtual time: a read that misses a
// write which returned in the same instant is found.
func TestStaleReadInTheSameInstantIsFound(t *testing.T) {
	answers := map[string]string{"put words k {word: \"a\"}": "", "get words k": ""}
	s := sim.Scenario{
		Name: "test/instant",
		Topology: func(sim.Knobs) actors.Topology {
			return actors.Topology{Hosts: []actors.Host{{Name: "c0"}}}
		},
		Model: StoreModel(storeSpaces...),
		Workload: sim.Workload{
			Generate: func(*faults.Draw, sim.Knobs) []sim.Op { return nil },
			Parse:    parseLine,
			// There is no system: the client makes the answers up, at once.
			Client: func(env actors.Env, rec *linearizability.Recorder) func(sim.Op) error {
				return func(op sim.Op) error {
					if _, ok := answers[op.Do.String()]; !ok {
						return fmt.Errorf("no answer to %v", op.Do)
					}
					result := models.Result{Status: models.Success}
					if op.Do.(models.Op).Verb == models.Get {
						result.Status = models.NotFound
					}
					rec.Call(op.N, op.Do)
					rec.Return(op.N, linearizability.Outcome{Certainty: linearizability.Done, Output: result})
					return nil
				}
			},
		},
	}
	p := sim.NewPlan(s, 1)
	p.Ops = linesOf(t, "c0", `put words k {word: "a"}`, "get words k")
	r := sim.Run(s, p)
	if r.Verdict != sim.Violation {
		t.Errorf("%v %s: %v", r.Verdict, r.Check, r.Err)
	}
	last := int64(-1)
	for _, n := range r.Notes {
		if n.At != 0 || n.Seq <= last {
			t.Errorf("%T has place %d after %d, at %v", n.Fact, n.Seq, last, n.At)
		}
		last = n.Seq
	}
}

// R27: SUCCESS counts when it is handed to the application. A reply that has come
// and that nobody took is no promise.
func TestOnlyDeliveredSuccessCounts(t *testing.T) {
	s := storeCalm()
	run := func(end ...string) *sim.Result {
		p := sim.NewPlan(s, 1)
		p.Policy, p.Net, p.Faults = sim.Timed, faults.Net{DelayMin: time.Millisecond, DelayMax: time.Millisecond}, nil
		p.Ops = linesOf(t, "c0", append([]string{`put words a {word: "1"}`, `put words b {word: "2"}`, `put words c {word: "3"}`}, end...)...)
		r := sim.Run(s, p)
		if r.Verdict != sim.Pass {
			t.Fatalf("%v %s: %v", r.Verdict, r.Check, r.Err)
		}
		return r
	}
	for _, tc := range []struct {
		end  []string
		want int
	}{
		{[]string{"sleep 5s"}, 0},
		{[]string{"sleep 5s", "wait 2"}, 1},
		{[]string{"sleep 5s", "loop", "loop"}, 2},
		{[]string{"sleep 5s", "flush"}, 3},
	} {
		promised, stored := 0, 0
		for _, op := range run(tc.end...).History.Operations {
			switch {
			case op.ID.Client == "c0" && op.Return != linearizability.Open:
				promised++
			case op.ID.Client == "final" && op.Output.(models.Result).Status == models.Success:
				stored++
			}
		}
		if promised != tc.want || stored != 3 {
			t.Errorf("%v: %d operations are promised, want %d, and %d are stored", tc.end, promised, tc.want, stored)
		}
	}
}
