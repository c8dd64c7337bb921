package harness

import (
	"slices"
	"strings"
	"testing"
)

// What grows with the time of a soak is told, of every process, and what only fills up
// once is not.
func TestSoakTellsWhatGrows(t *testing.T) {
	const mib = 1 << 20
	report := func(goroutines func(n int) int, heap func(n int) uint64) *SoakReport {
		r := &SoakReport{}
		for n := range 40 {
			held := Held{Heap: 10 * mib, Resident: 30 * mib, Goroutines: 100, Descriptors: 50}
			c0 := held
			c0.Goroutines, c0.Heap = goroutines(n), heap(n)
			r.Samples = append(r.Samples, Sample{Held: held, Hosts: map[string]Held{"c0": c0}})
		}
		return r
	}
	steady := func(int) int { return 100 }
	fills := func(n int) uint64 { return uint64(min(n, 8)) * 10 * mib }
	if leaks := report(steady, fills).leaks(); len(leaks) > 0 {
		t.Errorf("got %q", leaks)
	}
	leaks := report(func(n int) int { return 100 + 5*n }, func(n int) uint64 { return uint64(n) * 3 * mib }).leaks()
	if len(leaks) != 2 || !strings.HasPrefix(leaks[0], "host c0: ") || !strings.Contains(leaks[0], "bytes of heap") || leaks[1] != "host c0: 175 goroutines in the second quarter, 275 in the last" {
		t.Errorf("got %q", leaks)
	}
	r := report(steady, fills)
	r.After = Sample{Held: Held{Goroutines: 1, Heap: 5 * mib}}
	if leaks := r.leaks(); !slices.Equal(leaks, []string{"0 goroutines before the soak, 1 after it", "0 bytes of heap before the soak, 5242880 after it"}) {
		t.Errorf("got %q", leaks)
	}
}
