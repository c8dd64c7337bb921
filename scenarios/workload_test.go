package scenarios

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

var testLoad = Load{Clients: 4, Ops: 200, Keys: 4, Spaces: 4, Window: 16, Unwaited: 300, Pause: 40 * time.Millisecond}

// TestLinesReadWhatTheyPrint: a plan is edited by hand, so its text is all there
// is of an operation.
func TestLinesReadWhatTheyPrint(t *testing.T) {
	for seed := range uint64(200) {
		ops := testLoad.generate(faults.NewDraw(seed), nil)
		for _, op := range append(ops, finalReads(nil, ops)...) {
			got, err := parseLine(op.Do.String())
			if err != nil || !reflect.DeepEqual(got, op.Do) {
				t.Fatalf("%s#%d %q: read as %v, %v", op.Client, op.N, op.Do, got, err)
			}
		}
	}
}

func TestWrongLinesAreRefusedAtTheirWord(t *testing.T) {
	for _, tc := range []struct {
		text   string
		column int
	}{
		{"wait", 5}, {"wait x", 6}, {"wait 0", 6}, {"wait 1 more", 8}, {"wait 1 for", 11}, {"wait 1 for x", 12},
		{"loop now", 6}, {"loop for 5ms more", 14}, {"flush it", 7}, {"sleep", 6}, {"sleep 1", 7}, {"sleep -1s", 7},
		{"point", 6}, {"point a#1", 7}, {"point a b", 9},
		{"read words", 11}, {"read words k extra", 14}, {"gett words k", 1}, {"get words k extra", 13}, {"", 1},
	} {
		do, err := parseLine(tc.text)
		var syntax *faults.SyntaxError
		if !errors.As(err, &syntax) || syntax.Column != tc.column {
			t.Errorf("%q: %v, %v; want an error in column %d", tc.text, do, err, tc.column)
		}
	}
}

// TestGeneratedPlansReachTheirBounds: every verb, every kind of line, about as
// many operations as asked for, numbered from 1 without a gap.
func TestGeneratedPlansReachTheirBounds(t *testing.T) {
	verbs, lines, refusals := map[models.Verb]int{}, map[string]int{}, 0
	for seed := range uint64(50) {
		last, issued := map[string]int{}, 0
		for _, op := range testLoad.generate(faults.NewDraw(seed), nil) {
			do, ok := op.Do.(models.Op)
			if !ok {
				lines[reflect.TypeOf(op.Do).Name()]++
				if op.N != 0 {
					t.Fatalf("%v has number %d", op.Do, op.N)
				}
				continue
			}
			issued++
			verbs[do.Verb]++
			if op.N != last[op.Client]+1 {
				t.Fatalf("seed %d: %s#%d follows #%d", seed, op.Client, op.N, last[op.Client])
			}
			last[op.Client] = op.N
			for _, s := range storeSpaces {
				if s.Name == do.Space && s.Refuse(do) != models.Success {
					refusals++
				}
			}
		}
		if issued != testLoad.Ops || len(last) != testLoad.Clients {
			t.Errorf("seed %d: %d operations of %d clients", seed, issued, len(last))
		}
	}
	for v := models.Get; v <= models.AtomicAdd; v++ {
		if verbs[v] < 100 {
			t.Errorf("%v was drawn %d times", v, verbs[v])
		}
	}
	for _, name := range []string{"Wait", "Loop", "Flush", "Sleep"} {
		if lines[name] == 0 {
			t.Errorf("no line %s", name)
		}
	}
	if refusals == 0 || refusals > 200 {
		t.Errorf("%d operations that are refused", refusals)
	}
}

// The drawn refusals have every reason that a space can give.
func TestEveryRefusalHasItsReason(t *testing.T) {
	reasons := map[models.Status]int{}
	for _, op := range refusals {
		op.Space = "things"
		reasons[spaceOf(op).Refuse(op)]++
	}
	for _, want := range []models.Status{models.UnknownAttr, models.WrongType, models.DontUseKey, models.DupeAttr} {
		if reasons[want] == 0 {
			t.Errorf("none is refused with %v", want)
		}
	}
	if n := reasons[models.Success]; n > 0 {
		t.Errorf("%d are not refused", n)
	}
}

// TestRegistersGetUniqueWords: the quick judges of histories need it.
func TestRegistersGetUniqueWords(t *testing.T) {
	for seed := range uint64(50) {
		seen := map[string]bool{}
		for _, op := range testLoad.generate(faults.NewDraw(seed), nil) {
			do, ok := op.Do.(models.Op)
			if !ok || do.Verb == models.Get || do.Space != "words" && do.Space != "words2" {
				continue
			}
			value, whole := storeSpaces[1].Whole(models.Op{Verb: do.Verb, Space: "words", Attrs: do.Attrs})
			if !whole || seen[value] {
				t.Fatalf("seed %d: %v", seed, do)
			}
			seen[value] = true
		}
	}
}

func TestFinalReadsEveryKeyOnce(t *testing.T) {
	put := func(space, key string) sim.Op {
		return sim.Op{Client: "c0", N: 1, Do: models.Op{Verb: models.Put, Space: space, Key: key}}
	}
	got := finalReads(nil, []sim.Op{put("b", "y"), put("a", "z"), {Do: Flush{}}, put("b", "x"), put("a", "z")})
	want := []sim.Op{
		{Client: "final", N: 1, Do: Read{"a", "z"}},
		{Client: "final", N: 2, Do: Read{"b", "x"}},
		{Client: "final", N: 3, Do: Read{"b", "y"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
