package models

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// R56: what may be in a log, and what may not.
func TestLogBook(t *testing.T) {
	b := NewLogBook()
	b.Say("a", "one")
	b.Say("b", "two")
	b.Say("c", "three")
	b.Owe("a")
	b.Owe("b")
	for _, step := range []struct {
		id, text string
		again    bool
		why      string
	}{
		{"a", "one", true, "message a is flagged as a copy and is the first one"},
		{"a", "one", false, ""},
		{"a", "one", false, "message a was delivered twice, and the copy is not flagged"},
		{"a", "one", true, ""},
		{"c", "three", false, ""}, // nobody owed it, and it may come
		{"b", "too", false, `message b was delivered as "too" and said as "two"`},
		{"d", "four", false, "message d was delivered and nobody said it"},
	} {
		got := ""
		if err := b.Deliver(step.id, step.text, step.again); err != nil {
			got = err.Error()
		}
		if got != step.why {
			t.Errorf("deliver %s: says %q, want %q", step.id, got, step.why)
		}
	}
	if diff := cmp.Diff([]string{"b"}, b.Missing()); diff != "" {
		t.Errorf("missing (-want +got):\n%s", diff)
	}
}
