package tickets

import (
	"strings"
	"testing"
)

// FAULTS 4, limits: the bytes of a key, a result, a reason and a name, at, one below and
// one above.
func TestTextsHaveALongestLength(t *testing.T) {
	for beside := -1; beside <= 1; beside++ {
		want := OK
		if beside > 0 {
			want = TooLarge
		}
		text := func(limit int) string { return strings.Repeat("x", limit+beside) }
		s := newTrackerState(TrackerLimits{})
		do(t, s, command{Verb: create, Key: "a"}, OK)
		do(t, s, command{Verb: create, Key: "b"}, OK)
		do(t, s, command{Verb: create, Key: text(DefaultTrackerLimits.Text)}, want)
		do(t, s, command{Verb: complete, Ticket: 1, Text: text(DefaultTrackerLimits.Text)}, want)
		do(t, s, command{Verb: fail, Ticket: 2, Text: text(DefaultTrackerLimits.Text)}, want)
		q := newQueueState(QueueLimits{}, 1)
		if got, _ := q.enqueue(jobNamed(text(DefaultQueueLimits.Name))); got != want {
			t.Errorf("a name of %+d bytes beside the limit: %v, want %v", beside, got, want)
		}
		if n := s.tickets.len(); beside > 0 && n != 2 {
			t.Errorf("%d tickets, one of which was refused", n)
		}
	}
}
