package linearizability_test

import (
	"iter"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/simrun/simrun/linearizability"
)

// recording is the facts of a run as sim and live number them.
type recording []any

func (r *recording) note(fact any) { *r = append(*r, fact) }

func (r recording) facts() iter.Seq2[int64, any] {
	return func(yield func(int64, any) bool) {
		for i, fact := range r {
			if !yield(int64(i), fact) {
				return
			}
		}
	}
}

func TestCollectKeepsWhatIsOpenAndWhatWasRefused(t *testing.T) {
	var run recording
	c0 := linearizability.NewRecorder("c0", run.note)
	c1 := linearizability.NewRecorder("c1", run.note)
	c0.Call(1, "write a")
	run.note("a fact of somebody else")
	c1.Call(1, "read")
	c0.Call(2, "write b")
	c1.Return(1, linearizability.Outcome{Output: "a"})
	c0.Return(2, linearizability.Outcome{Certainty: linearizability.Refused})
	c0.Return(1, linearizability.Outcome{Certainty: linearizability.Unknown})
	c1.Call(2, "read")

	got, err := linearizability.Collect(run.facts())
	if err != nil {
		t.Fatal(err)
	}
	c := func(client string, n int) linearizability.OpID { return linearizability.OpID{Client: client, N: n} }
	want := linearizability.History{Operations: []linearizability.Operation{
		{ID: c("c0", 1), Input: "write a", Certainty: linearizability.Unknown, Call: 0, Return: linearizability.Open},
		{ID: c("c1", 1), Input: "read", Output: "a", Call: 2, Return: 4},
		{ID: c("c0", 2), Input: "write b", Certainty: linearizability.Refused, Call: 3, Return: 5},
		{ID: c("c1", 2), Input: "read", Certainty: linearizability.Unknown, Call: 7, Return: linearizability.Open},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestCollectRefusesBrokenRecordings(t *testing.T) {
	id := linearizability.OpID{Client: "c0", N: 7}
	call, done := linearizability.Called{Op: id}, linearizability.Returned{Op: id}
	for _, c := range []struct {
		run  recording
		want string
	}{
		{recording{done}, "history: c0#7 returned but was never called"},
		{recording{call, call}, "history: c0#7 was called twice"},
		{recording{call, done, done}, "history: c0#7 returned twice"},
		{recording{call, done, call}, "history: c0#7 was called twice"},
		{recording{call, linearizability.Returned{Op: id, Outcome: linearizability.Outcome{Certainty: 9}}},
			"history: c0#7 returned with certainty 9"},
	} {
		if _, err := linearizability.Collect(c.run.facts()); err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}
