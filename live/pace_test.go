package live

import (
	"testing"
	"time"
)

func TestFloodOfConnectionsIsTakenWithRests(t *testing.T) {
	var p pace
	now := time.Unix(1, 0)
	for second := range 3 {
		for n := range 3 * paceFree {
			want := time.Duration(0)
			if n >= paceFree && (n+1)%paceTurn == 0 {
				want = paceRest
			}
			if got := p.rest(now.Add(time.Duration(n) * time.Microsecond)); got != want {
				t.Fatalf("second %d: a rest of %v after connection %d, want %v", second, got, n, want)
			}
		}
		now = now.Add(time.Second)
	}
}
