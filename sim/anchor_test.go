package sim

import (
	"testing"
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
)

// historyNotes makes the notes of a run with one client: n is the call of operation
// n, -n its return and 0 the beginning of the fault.
func historyNotes(at map[int]time.Duration, order []int, fault faults.Fault) (notes []Note) {
	for i, n := range order {
		note := Note{Seq: int64(i + 1), At: at[n]}
		switch {
		case n == 0:
			note.Fact = FaultBegan{Text: fault.String()}
		case n > 0:
			note.Fact = linearizability.Called{Op: linearizability.OpID{Client: "c0", N: n}}
		default:
			note.Fact = linearizability.Returned{Op: linearizability.OpID{Client: "c0", N: -n}}
		}
		notes = append(notes, note)
	}
	return notes
}

func TestFaultsMoveWithTheOperationsAroundThem(t *testing.T) {
	const ms = time.Millisecond
	crash := faults.Fault{At: 33 * ms, Kind: faults.Crash, Hosts: []string{"server1"}}
	// In the failing run, operations 1 to 3 take 10 ms each and the crash falls into
	// the fourth.
	best := &Result{Notes: historyNotes(
		map[int]time.Duration{1: 0, -1: 10 * ms, 2: 10 * ms, -2: 20 * ms, 3: 20 * ms, -3: 30 * ms, 4: 30 * ms, 0: 33 * ms, -4: 40 * ms},
		[]int{1, -1, 2, -2, 3, -3, 4, 0, -4}, crash)}
	for _, test := range []struct {
		what string
		ops  []int
		at   map[int]time.Duration // in the run of the smaller plan
		want time.Duration
	}{
		{"operations before are gone", []int{1, 4}, map[int]time.Duration{1: 0, -1: 10 * ms, 4: 10 * ms, -4: 20 * ms}, 13 * ms},
		{"the operation itself is gone", []int{1, 2, 3}, map[int]time.Duration{1: 0, -1: 10 * ms, 2: 10 * ms, -2: 20 * ms, 3: 20 * ms, -3: 30 * ms}, 33 * ms},
		{"the network is faster", []int{1, 4}, map[int]time.Duration{1: 0, -1: 2 * ms, 4: 2 * ms, -4: 4 * ms}, 3 * ms},
		{"nothing is left before it", []int{9}, map[int]time.Duration{9: 0, -9: ms}, 33 * ms},
	} {
		p := Plan{Faults: faults.Schedule{crash}}
		var order []int
		for _, n := range test.ops {
			p.Ops = append(p.Ops, Op{Client: "c0", N: n})
			order = append(order, n, -n)
		}
		got := reanchor(best, p, momentsOf(&Result{Notes: historyNotes(test.at, order, crash)}))
		if got.Faults[0].At != test.want {
			t.Errorf("%s: moved to %v, want %v", test.what, got.Faults[0].At, test.want)
		}
		if p.Faults[0].At != crash.At {
			t.Fatalf("%s: the plan of the run was changed", test.what)
		}
	}
}

func TestFaultsAtPointsDoNotMove(t *testing.T) {
	f := faults.Fault{Point: "p", Nth: 1, Host: "server1", Kind: faults.Crash}
	best := &Result{Notes: historyNotes(map[int]time.Duration{1: 0, 0: 5, -1: 10}, []int{1, 0, -1}, f)}
	if p := reanchor(best, Plan{Faults: faults.Schedule{f}}, moments{}); p.Faults[0].At != 0 {
		t.Errorf("moved to %v", p.Faults[0])
	}
}
