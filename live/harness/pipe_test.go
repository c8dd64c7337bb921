package harness

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/sim"
)

// A process that is killed while it reports has reported what came before.
func TestReportsAreReadUpToWhereTheyWereCutOff(t *testing.T) {
	var all bytes.Buffer
	var ends []int
	r := &reporter{w: &all}
	for n := range 3 {
		if err := r.note("h/a", sim.Down{Boot: uint64(n)}); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, all.Len())
	}
	if err := r.send(reportEnded, nil); err != nil {
		t.Fatal(err)
	}
	for cut := range all.Len() + 1 {
		want := 0
		for _, end := range ends {
			if cut >= end {
				want++
			}
		}
		var last time.Duration
		got, ended := 0, false
		err := readReports(bytes.NewReader(all.Bytes()[:cut]), func(kind byte, b []byte) error {
			if kind == reportEnded {
				ended = true
				return nil
			}
			n, err := parseNote("h", b)
			if err != nil {
				return err
			}
			if n.At <= last || n.Host != "h" || n.Path != "h/a" || n.Fact != (sim.Down{Boot: uint64(got)}) {
				t.Fatalf("cut at %d: %+v", cut, n)
			}
			last = n.At
			got++
			return nil
		})
		if err != nil || got != want || ended != (cut == all.Len()) {
			t.Errorf("cut at %d: %d of %d notes, ended %v, %v", cut, got, want, ended, err)
		}
	}
}

func TestAlikeStampsMakeOperationsOverlap(t *testing.T) {
	f := newFacts(func() time.Duration { return 0 }, nil)
	one, two := linearizability.OpID{Client: "c0", N: 1}, linearizability.OpID{Client: "c1", N: 1}
	for _, n := range []sim.Note{
		{At: 1, Host: "c0", Fact: linearizability.Called{Op: one}},
		{At: 5, Host: "c0", Fact: linearizability.Returned{Op: one}},
		{At: 5, Host: "c1", Fact: linearizability.Called{Op: two}},
		{At: 3, Host: "d", Fact: sim.Down{}},
	} {
		f.told(n)
	}
	var at []time.Duration
	seq := map[any]int64{}
	for _, n := range f.ordered() {
		at = append(at, n.At)
		seq[n.Fact] = n.Seq
	}
	if !slices.IsSorted(at) || seq[linearizability.Called{Op: two}] >= seq[linearizability.Returned{Op: one}] {
		t.Errorf("order %v, places %v", at, seq)
	}
}

func TestHostThatIsDownSaysNothing(t *testing.T) {
	f := newFacts(monotonic, nil)
	f.note("d", "d/a", 1)
	f.down("d", 7)
	f.note("d", "d/a", 2)
	f.note("e", "e/a", 3)
	f.up("d")
	f.note("d", "d/a", 4)
	var got []any
	for _, n := range f.ordered() {
		got = append(got, n.Fact)
	}
	if want := []any{1, sim.Down{Boot: 7}, 3, 4}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestAgendaIsCarriedOutByTime(t *testing.T) {
	var a agenda
	var did []int
	a.at(3, func() { did = append(did, 3) })
	a.at(1, func() {
		did = append(did, 1)
		a.at(2, func() { did = append(did, 2) })
		a.at(9, func() { did = append(did, 9) })
	})
	a.carryOut(3)
	if !slices.Equal(did, []int{1, 2, 3}) || a.next(99) != 9 || a.next(5) != 5 {
		t.Errorf("did %v, next %v", did, a.next(99))
	}
}
