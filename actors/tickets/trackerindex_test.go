package tickets

import (
	"math/rand/v2"
	"testing"
)

// TestTheIndexIsAMapThatForgets: it finds what a map finds, and has no page without a
// ticket. R65, R67.
func TestTheIndexIsAMapThatForgets(t *testing.T) {
	x, want := ticketIndex{pages: map[ID]*indexPage{}}, map[ID]int32{}
	d := rand.New(rand.NewPCG(1, 2))
	last := ID(0)
	for range 20_000 {
		if d.IntN(2) == 0 {
			last += ID(1 + d.IntN(3))
			place := d.Int32N(1000)
			x.add(last, place)
			want[last] = place
			continue
		}
		id := ID(d.Uint64N(uint64(last) + 100))
		got, ok := x.find(id)
		if place, known := want[id]; ok != known || known && got != place {
			t.Fatalf("ticket %v is found at %d, %v; it is at %d, %v", id, got, ok, place, known)
		}
		if ok {
			x.remove(id)
			delete(want, id)
		}
	}
	if x.count != len(want) {
		t.Errorf("the index counts %d tickets and has %d", x.count, len(want))
	}
	for id := range want { // in any order
		x.remove(id)
	}
	if len(x.pages) != 0 || x.count != 0 {
		t.Errorf("%d pages are left of %d tickets", len(x.pages), x.count)
	}
}
