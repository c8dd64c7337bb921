package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// A lossStory is a made-up run of one region and one object: what was noted, and what the
// client saw.
type lossStory struct {
	facts []any // pairs of host and fact
	issue int
}

func (s *lossStory) note(host string, fact any) { s.facts = append(s.facts, host, fact) }

// op is an operation that returns at once.
func (s *lossStory) op(text string, r models.Result) store.RequestID {
	op, err := models.ParseOp(text)
	if err != nil {
		panic(err)
	}
	s.issue++
	id := linearizability.OpID{Client: "c0", N: s.issue}
	s.note("c0", linearizability.Called{Op: id, Input: op})
	s.note("c0", linearizability.Returned{Op: id, Outcome: linearizability.Outcome{Certainty: linearizability.Done, Output: r}})
	return store.RequestID{Client: "c0", Boot: 1, N: uint64(s.issue)}
}

// put writes a word, of which all daemons then hold the record.
func (s *lossStory) put(seq uint64, word string, daemons ...string) {
	id := s.op(fmt.Sprintf("put words k {word: %q}", word), models.Result{Status: models.Success})
	for _, d := range daemons {
		s.note(d, store.Persisted{Marks: []store.Mark{{Seq: seq}}})
	}
	s.note(daemons[0], store.Committed{Version: 1, Seq: seq, Requests: []store.RequestID{id}})
}

// get reads a word, "" for no object.
func (s *lossStory) get(word string) {
	r := models.Result{Status: models.NotFound}
	if word != "" {
		r = models.Result{Status: models.Success, Attrs: []models.Attr{{Name: "word", Value: models.StringValue(word)}}}
	}
	s.op("get words k", r)
}

func (s *lossStory) wipe(daemon string) {
	s.note(daemon, sim.Down{Boot: 1})
	s.note(daemon, sim.DiskLost{Boot: 1, Why: "wipe"})
}

// judge tells the story to an oracle, and judges what remains of it.
func (s *lossStory) judge(t *testing.T) (o *storeOracle, lost []linearizability.OpID, r linearizability.Report) {
	t.Helper()
	o = newStoreOracle(store.Options{})
	all := notes(s.facts...)
	for i := range all {
		all[i].Seq++
		o.Observe(all[i])
	}
	h, err := linearizability.Collect(func(yield func(int64, any) bool) {
		for _, n := range all {
			if !yield(n.Seq, n.Fact) {
				return
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	h, lost = o.Remains(h)
	return o, lost, StoreModel(storeSpaces...).Check(h, 0)
}

// beginLoss has a client and a chain of two.
func beginLoss() *lossStory {
	s := &lossStory{}
	s.note("c0", Began{Boot: 1})
	c := twoDaemons(1, "daemon1", "daemon2")
	s.note(store.CoordinatorHost, store.Decided{Config: c})
	s.note(store.CoordinatorHost, store.Published{Config: c})
	return s
}

// twoDaemons is a configuration of one region of words that tolerates a failure.
func twoDaemons(epoch uint64, members ...string) *store.Config {
	def := StoreSpaces(2, 1, 1)[1]
	c := &store.Config{Epoch: epoch, Spaces: []store.Space{{Def: def}}}
	r := store.Region{Space: def.Name, Version: epoch}
	for _, d := range []string{"daemon1", "daemon2"} {
		c.Daemons = append(c.Daemons, store.Daemon{Host: d, Boot: 1})
	}
	for _, m := range members {
		r.Chain = append(r.Chain, store.Member{Host: m, Boot: 1})
	}
	c.Regions = []store.Region{r}
	return c
}

// FAULTS 2: what had all copies destroyed may be gone; with one copy left its loss
// is a violation, and what was seen before the end must make sense in either case.
func TestOnlyWhatHadAllCopiesDestroyedMayBeGone(t *testing.T) {
	for _, test := range []struct {
		name   string
		tell   func(s *lossStory)
		excuse string // its beginning
		lost   []int  // numbers of operations
		legal  bool
	}{
		{"nothing is destroyed and all is there", func(s *lossStory) { s.get("a") }, "", nil, true},
		{"nothing is destroyed and all is gone", func(s *lossStory) { s.get("") }, "", nil, false},
		{"all copies are destroyed and all is gone", func(s *lossStory) { s.wipe("daemon1"); s.wipe("daemon2"); s.get("") },
			"every copy of region 0 was destroyed: daemon1: wipe", []int{1}, true},
		{"one copy is intact and all is gone", func(s *lossStory) { s.wipe("daemon1"); s.get("") }, "", nil, false},
		{"the head answered before the other one had it", func(s *lossStory) {
			s.put(2, "b", "daemon1")
			s.wipe("daemon1")
			s.get("a")
		}, "", nil, false},
		{"all copies are destroyed, and before that a read made no sense", func(s *lossStory) {
			s.get("nobody wrote it")
			s.wipe("daemon1")
			s.wipe("daemon2")
		}, "every copy", []int{1}, false},
		{"the coordinator kept a member of which it knew that it was wiped", func(s *lossStory) {
			s.wipe("daemon2")
			c := twoDaemons(2, "daemon2")
			c.Daemons[1].Boot = 2
			s.note(store.CoordinatorHost, store.Published{Config: c})
			s.get("")
		}, "", nil, false},
		{"the coordinator could not know that the one it kept was wiped", func(s *lossStory) {
			s.wipe("daemon2")
			s.note(store.CoordinatorHost, store.Published{Config: twoDaemons(2, "daemon2")})
			s.get("")
		}, "every copy", []int{1}, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := beginLoss()
			s.put(1, "a", "daemon1", "daemon2")
			test.tell(s)
			o, lost, report := s.judge(t)
			if got := o.Excuse(); !strings.HasPrefix(got, test.excuse) || (got == "") != (test.excuse == "") {
				t.Errorf("excuse %q, want %q", got, test.excuse)
			}
			var numbers []int
			for _, id := range lost {
				numbers = append(numbers, id.N)
			}
			if !slices.Equal(numbers, test.lost) {
				t.Errorf("lost %v, want %v", numbers, test.lost)
			}
			if legal := report.Verdict == linearizability.OK; legal != test.legal {
				t.Errorf("what remains is %v: %s", report.Verdict, report.Why)
			}
		})
	}
}

// The coordinator's disk is never spared, its memory always.
func TestTheOnlyCoordinatorKeepsItsDisk(t *testing.T) {
	o := newStoreOracle(store.Options{})
	if o.Spares(true, store.CoordinatorHost) || o.Spares(true, "daemon1", store.CoordinatorHost) {
		t.Error("its disk is spared")
	}
	if !o.Spares(false, store.CoordinatorHost) {
		t.Error("its memory is not spared")
	}
}

// beyondPlan is a run in which all daemons fail at once, as a plan says that knows of
// no budget.
func beyondPlan(t *testing.T, durability store.Durability, kind faults.Kind, seed uint64) (sim.Scenario, sim.Plan) {
	t.Helper()
	s := storePowerLoss()
	p := sim.NewPlan(s, seed)
	p.Policy, p.Budget, p.Heal, p.WarmUp = sim.Timed, sim.AsTold, sim.HealAll, 0
	p.Net = faults.Net{DelayMin: time.Millisecond, DelayMax: 5 * time.Millisecond, DiskMin: 5 * time.Millisecond, DiskMax: 50 * time.Millisecond}
	p.Knobs = sim.Knobs{}.With("durability", durability)
	p.Faults = faults.Schedule{{
		At: 800*time.Millisecond + time.Duration(seed)*11*time.Millisecond, For: 100 * time.Millisecond,
		Kind: kind, Hosts: []string{"daemon1", "daemon2", "daemon3"},
	}}
	var lines []string
	for i := range 60 {
		lines = append(lines, fmt.Sprintf("put words k%d {word: \"w\"}", i), fmt.Sprintf("wait %d", i+1))
	}
	p.Ops = linesOf(t, "c0", lines...)
	return s, p
}

// R22, FAULTS 2: the loss of all copies is expected, and listed; the same without an
// oracle is a violation, and the budget prevents it.
func TestTheLossOfAllCopiesIsExpected(t *testing.T) {
	lost := 0
	for seed := range uint64(4) {
		s, p := beyondPlan(t, store.Synced, faults.Wipe, seed)
		if r := sim.Run(s, p); r.Verdict != sim.ExpectedLoss || !strings.Contains(fmt.Sprint(r.Err), "was destroyed: daemon") {
			t.Errorf("wipe of all, seed %d: %v %s: %v", seed, r.Verdict, r.Check, r.Err)
		}
		p.Budget = sim.Within
		if r := sim.Run(s, p); r.Verdict != sim.Pass || r.Stats.BudgetSkips != 1 {
			t.Errorf("wipe of all within the budget, seed %d: %v %s: %v", seed, r.Verdict, r.Check, r.Err)
		}
		s, p = beyondPlan(t, store.Replicated, faults.PowerLoss, seed)
		switch r := sim.Run(s, p); {
		case r.Verdict == sim.ExpectedLoss && strings.Contains(r.Err.Error(), "c0#"):
			lost++
		case r.Verdict != sim.Pass:
			t.Errorf("power loss of what is in memory, seed %d: %v %s: %v", seed, r.Verdict, r.Check, r.Err)
		}
	}
	if lost == 0 {
		t.Error("the power loss of all servers never lost what was only replicated")
	}
}
