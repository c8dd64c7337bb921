package live

import "testing"

// A queue gives what it was given, in order, keeps hold of nothing that it gave away, and
// does not grow with what has passed through it.
func TestQueueKeepsWhatWaitsAndNothingElse(t *testing.T) {
	var q queue[*int]
	in, out := 0, 0
	pop := func() {
		x, ok := q.pop()
		if !ok || *x != out {
			t.Fatalf("got %v, %v, want %d", x, ok, out)
		}
		out++
	}
	for round := range 10_000 {
		for range 1 + round%7 {
			n := in
			q.push(&n)
			in++
		}
		for q.len() > 50 {
			pop()
		}
		if q.len() != in-out {
			t.Fatalf("%d wait, want %d", q.len(), in-out)
		}
	}
	if len(q.items) > 1000 || cap(q.items) > 1000 {
		t.Errorf("it has room for %d after %d of which 50 waited at a time", cap(q.items), in)
	}
	held := 0
	for _, x := range q.items[:cap(q.items)] {
		if x != nil {
			held++
		}
	}
	if held != q.len() {
		t.Errorf("%d are held of %d that wait", held, q.len())
	}
	for q.len() > 0 {
		pop()
	}
	if _, ok := q.pop(); ok || out != in {
		t.Errorf("%d of %d came out", out, in)
	}
}
