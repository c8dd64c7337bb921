package scenarios

import (
	"bytes"
	"math"
	"os"
	"reflect"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// nonbugRuns is how many seeds each story is told with: few in a plain `go test`,
// 10,000 with SIM_NONBUGS=10000.
func nonbugRuns() uint64 {
	if n, err := strconv.ParseUint(os.Getenv("SIM_NONBUGS"), 10, 32); err == nil {
		return n
	}
	return 50
}

// MUTANTS 2, N01 to N12: what looks like a bug and is none happens in every run, and
// no check reports it.
func TestNonBugsHappenAndAreNotReported(t *testing.T) {
	for _, s := range NonBugs() {
		t.Run(s.Name, func(t *testing.T) {
			began := time.Now()
			reports, vacuous := 0, 0
			for seed := range nonbugRuns() {
				r := sim.Run(s, sim.NewPlan(s, seed))
				switch {
				case r.Verdict == verdictOf(s):
				case r.Check == oddCheck:
					vacuous++
					t.Errorf("seed %d: it did not happen: %v", seed, r.Err)
				default:
					reports++
					t.Errorf("seed %d: %v %s: %v", seed, r.Verdict, r.Check, r.Err)
				}
				if reports+vacuous == 20 {
					t.Fatalf("given up after seed %d", seed)
				}
			}
			t.Logf("%d runs, %d reports, %d in which it did not happen, %.1f s", nonbugRuns(), reports, vacuous, time.Since(began).Seconds())
		})
	}
}

// verdictOf is what the runs of a story come to.
func verdictOf(s sim.Scenario) sim.Verdict {
	if s.Name == "nonbug/"+everyCopyLost.name {
		return sim.ExpectedLoss
	}
	return sim.Pass
}

// A run in which the story does not happen says so: without its faults, without a
// limit, without what its client writes. Some happen by chance all the same.
func TestNonBugsThatDoNotHappenAreNoticed(t *testing.T) {
	const seeds = 6
	for _, s := range NonBugs() {
		noticed := 0
		for seed := range uint64(seeds) {
			p := sim.NewPlan(s, seed)
			p.Faults = nil
			switch s.Name {
			case "nonbug/" + windowFull.name:
				p.Knobs = p.Knobs.With("outstanding", 1000)
			case ticketExpiresName:
				p.Knobs = p.Knobs.With("ttl", "3m")
			case "nonbug/" + boundaryValues.name:
				p.Ops = slices.DeleteFunc(p.Ops, func(op sim.Op) bool {
					do, ok := op.Do.(models.Op)
					return ok && do.Verb == models.Put
				})
			}
			switch r := sim.Run(s, p); {
			case r.Verdict == sim.Violation && r.Check == oddCheck:
				noticed++
			case r.Verdict != sim.Pass:
				t.Errorf("%s, seed %d: %v %s: %v", s.Name, seed, r.Verdict, r.Check, r.Err)
			}
		}
		if noticed == 0 {
			t.Errorf("%s: not noticed in %d runs", s.Name, seeds)
		}
	}
}

// The stories are plans like others: they can be saved and read.
func TestNonBugPlansReadWhatTheyPrint(t *testing.T) {
	for _, s := range NonBugs() {
		for seed := range uint64(5) {
			p := sim.NewPlan(s, seed)
			var text bytes.Buffer
			if _, err := p.WriteTo(&text); err != nil {
				t.Fatalf("%s, seed %d: %v", s.Name, seed, err)
			}
			back, err := sim.ReadPlan(&text, s)
			if err != nil || !reflect.DeepEqual(p.Ops, back.Ops) || !reflect.DeepEqual(p.Faults, back.Faults) {
				t.Errorf("%s, seed %d: %v", s.Name, seed, err)
			}
		}
	}
}

// MUTANTS 2, N06b: the new value and then the old is legal only if the two reads
// overlap each other.
func TestNewThenOldIsJudgedByOverlap(t *testing.T) {
	put := func(n int, word string, call, end int64) linearizability.Operation {
		return linearizability.Operation{
			ID:     linearizability.OpID{Client: "c0", N: n},
			Input:  models.Op{Verb: models.Put, Space: "words", Key: "k", Attrs: []models.Attr{{Name: "word", Value: models.StringValue(word)}}},
			Output: models.Result{Status: models.Success}, Call: call, Return: end,
		}
	}
	get := func(client, word string, call, end int64) linearizability.Operation {
		return linearizability.Operation{
			ID:     linearizability.OpID{Client: client, N: 1},
			Input:  getWord("k"),
			Output: models.Result{Status: models.Success, Attrs: []models.Attr{{Name: "word", Value: models.StringValue(word)}}},
			Call:   call, Return: end,
		}
	}
	for _, tc := range []struct {
		name      string
		writeEnds int64
		new, old  linearizability.Operation
		want      linearizability.Verdict
	}{
		{"the reads overlap each other and the put", 20, get("c1", "new", 6, 7), get("c2", "old", 5, 8), linearizability.OK},
		{"the reads overlap the put only", 20, get("c1", "new", 5, 6), get("c2", "old", 7, 8), linearizability.Illegal},
		{"of one client", 20, get("c1", "new", 5, 6), get("c1", "old", 7, 8), linearizability.Illegal},
		{"the put is never answered", math.MaxInt64, get("c1", "new", 5, 6), get("c2", "old", 7, 8), linearizability.Illegal},
	} {
		second := put(2, "new", 3, tc.writeEnds)
		if tc.writeEnds == linearizability.Open {
			second.Certainty, second.Output = linearizability.Unknown, nil
		}
		tc.old.ID.N = 2
		h := linearizability.History{Operations: []linearizability.Operation{put(1, "old", 1, 2), second, tc.new, tc.old}}
		if r := StoreModel(storeSpaces...).Check(h, 0); r.Verdict != tc.want {
			t.Errorf("%s: %v %s", tc.name, r.Verdict, r.Why)
		}
	}
}

// MUTANTS 2, N06b, with a planted bug: a client that answers a second read from what
// it saw before is reported in every run, though its first read was as legal as in
// N06.
func TestStaleReadWithoutOverlapIsReported(t *testing.T) {
	const stale = 3 // the read that is not sent
	s := newThenOldWith(false).scenario()
	s.Checks = s.Checks[:len(s.Checks)-1] // the reads do not overlap
	honest := s.Workload.Client
	caching := func(env actors.Env, rec *linearizability.Recorder) func(sim.Op) error {
		if env.Host != "c2" {
			return honest(env, rec)
		}
		var last linearizability.Outcome
		do := honest(env, linearizability.NewRecorder(env.Host, func(fact any) {
			if r, ok := fact.(linearizability.Returned); ok {
				last = r.Outcome
			}
			env.Note(fact)
		}))
		return func(op sim.Op) error {
			if op.N != stale {
				return do(op)
			}
			rec.Call(op.N, op.Do)
			rec.Return(op.N, last)
			return nil
		}
	}
	for seed := range nonbugRuns() / 2 {
		s.Workload.Client = honest
		if r := sim.Run(s, sim.NewPlan(s, seed)); r.Verdict != sim.Pass {
			t.Errorf("seed %d without the bug: %v %s: %v", seed, r.Verdict, r.Check, r.Err)
		}
		s.Workload.Client = caching
		if r := sim.Run(s, sim.NewPlan(s, seed)); r.Verdict != sim.Violation || len(r.Suspects) == 0 {
			t.Errorf("seed %d with the bug: %v %s: %v", seed, r.Verdict, r.Check, r.Err)
		}
	}
}
