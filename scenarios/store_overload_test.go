package scenarios

import (
	"testing"
	"time"

	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/sim"
)

// calmTimes are the notes of a client whose calm operations took so long each.
func calmTimes(before, after time.Duration, n int) *sim.Observation {
	o := &sim.Observation{Knobs: sim.Knobs{}.With("burst", 10)}
	at := time.Duration(0)
	for i := 1; i <= n; i++ {
		took := before
		if i > calmOps {
			took = after
		}
		id := linearizability.OpID{Client: "c0", N: i}
		o.Notes = append(o.Notes, sim.Note{At: at, Fact: linearizability.Called{Op: id}}, sim.Note{At: at + took, Fact: linearizability.Returned{Op: id}})
		at += took
	}
	return o
}

func TestGoodputAfterAnOverloadIsAsBefore(t *testing.T) {
	const all = 2*calmOps + 10
	for _, test := range []struct {
		name          string
		before, after time.Duration
		n             int
		fails         bool
	}{
		{"as fast as before", 10 * time.Millisecond, 10 * time.Millisecond, all, false},
		{"a tenth slower", 10 * time.Millisecond, 11 * time.Millisecond, all, false},
		{"half as fast", 10 * time.Millisecond, 20 * time.Millisecond, all, true},
		{"a plan without the end", 10 * time.Millisecond, 20 * time.Millisecond, calmOps + 20, false},
	} {
		if err := checkGoodput(calmTimes(test.before, test.after, test.n)); (err != nil) != test.fails {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}
