package harness_test

import (
	"cmp"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"

	"github.com/simrun/simrun/live/harness"
	"github.com/simrun/simrun/sim"
)

// FAULTS 4, files: a recording takes less memory than its files, also while it is judged:
// the facts are in memory then. LIVE_RECORDING is how many rounds of operations are
// recorded, of about 9 MB each.
func TestLongRecordingTakesLessMemoryThanItsFiles(t *testing.T) {
	rounds, err := strconv.Atoi(cmp.Or(os.Getenv("LIVE_RECORDING"), "2"))
	if err != nil {
		t.Fatal("LIVE_RECORDING:", err)
	}
	s := catalogued(t, "store/chaos")
	load := s.Workload.Rounds
	p := sim.Plan{Scenario: s.Name, Seed: 1, Policy: sim.Timed, Knobs: load.Knobs}
	for n := range rounds {
		p.Ops = append(p.Ops, load.Ops(n)...)
	}
	want, dir := record(t, s, p)
	if want.Verdict != sim.Pass {
		t.Fatalf("%v, %s: %v", want.Verdict, want.Check, want.Err)
	}
	ops := want.Stats.Ops
	want, p = nil, sim.Plan{}
	before := held()
	rec, err := harness.ReadRecording(dir)
	if err != nil {
		t.Fatal(err)
	}
	read := held() - before
	r, err := rec.Judge(s)
	if err != nil || r.Verdict != sim.Pass || r.Stats.Ops != ops {
		t.Fatalf("%v, %d operations, %v", r.Verdict, r.Stats.Ops, err)
	}
	judged := held() - before
	most := judged
	for e, err := range rec.Events() {
		if err != nil {
			t.Fatal(err)
		}
		if e.Seq%200_000 == 0 {
			most = max(most, held()-before)
		}
	}
	runtime.KeepAlive(r)
	size := sizeOf(t, dir)
	t.Logf("%d operations, %d facts; files of %d MiB; in memory %d MiB once read, %d judged, %d at most while told", ops, len(r.Notes), size>>20, read>>20, judged>>20, most>>20)
	if most > size {
		t.Errorf("%d bytes in memory for files of %d", most, size)
	}
}

// held is the reachable part of the heap.
func held() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func sizeOf(t *testing.T, dir string) (sum int64) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		sum += info.Size()
	}
	return sum
}
