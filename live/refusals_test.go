package live

import (
	"testing"
	"time"
)

func TestFloodOfRefusalsIsLoggedInBounds(t *testing.T) {
	var r refusals
	now := time.Unix(1, 0)
	lines, silent := 0, 0
	for range 10_000 { // in ten seconds
		if missed, ok := r.line(now); ok {
			lines++
			silent += missed
		}
		now = now.Add(time.Millisecond)
	}
	if want := refusalLines + int(10*time.Second/refusalEvery); lines < want-1 || lines > want {
		t.Errorf("%d lines, want %d", lines, want)
	}
	missed, ok := r.line(now.Add(time.Second))
	if lines++; !ok || lines+silent+missed != 10_001 {
		t.Errorf("%d lines and %d refusals without one, of 10,001", lines, silent+missed)
	}
	for n := range refusalLines { // after a quiet time each has its line again
		if _, ok := r.line(now.Add(time.Hour)); !ok {
			t.Fatalf("refusal %d has no line", n)
		}
	}
}
