package harness_test

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/simrun/simrun/live/harness"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/scenarios"
	"github.com/simrun/simrun/sim"
)

// soakKeys are the keys of a round, in each of two spaces, and soakOps the operations
// of each of its three clients.
const (
	soakKeys = 200
	soakOps  = 1000
	// soakWindow is how many operations a client has under way.
	soakWindow = 32
)

// soakRound has every client write and read keys of its round: mostly whole objects,
// and all kinds of changes.
func soakRound(round int) (ops []sim.Op) {
	for c := range 3 {
		client := fmt.Sprintf("c%d", c)
		line := func(n int, do fmt.Stringer) { ops = append(ops, sim.Op{Client: client, N: n, Do: do}) }
		for i := range soakOps {
			n := round*soakOps + i + 1
			do := models.Op{Verb: models.Put, Space: "words", Key: fmt.Sprintf("r%d.%d", round, (i*7+c)%soakKeys)}
			value := fmt.Sprintf("%s.%d", client, n)
			switch i % 8 {
			case 0, 3, 6:
				do.Attrs = []models.Attr{{Name: "word", Value: models.StringValue(value)}}
			case 1, 4:
				do.Verb = models.Get
			case 2:
				do.Space, do.Attrs = "things", []models.Attr{{Name: "name", Value: models.StringValue(value)}}
			case 5:
				do.Space, do.Verb, do.Attrs = "things", models.AtomicAdd, []models.Attr{{Name: "count", Value: models.IntValue(1)}}
			case 7:
				do.Space, do.Verb = "things", models.Get
			}
			line(n, do)
			if i >= soakWindow {
				line(0, scenarios.Loop{})
			}
		}
		line(0, scenarios.Flush{})
	}
	return ops
}

// soakRetire deletes the keys of a round, so that the daemons do not grow, and those of
// the one before again: a daemon that was killed may not have come to it.
func soakRetire(round int, _ []sim.Op) (ops []sim.Op) {
	const base = 500_000_000 // the numbers of the reads are below
	for r := max(0, round-1); r <= round; r++ {
		for _, space := range []string{"words", "things"} {
			for i := range soakKeys {
				n := base + 4*soakKeys*round + len(ops) + 1
				ops = append(ops, sim.Op{Client: "final", N: n, Do: models.Op{Verb: models.Del, Space: space, Key: fmt.Sprintf("r%d.%d", r, i)}})
			}
		}
	}
	return append(ops, sim.Op{Client: "final", Do: scenarios.Flush{}})
}

// soakReads reads every key of a round. The system need not be whole for it: what a
// read has to wait for comes back.
func soakReads(_ sim.Knobs, ops []sim.Op) (reads []sim.Op) {
	seen := map[scenarios.Read]bool{}
	for _, op := range ops {
		if do, ok := op.Do.(models.Op); ok && !seen[scenarios.Read{Space: do.Space, Key: do.Key}] {
			r := scenarios.Read{Space: do.Space, Key: do.Key}
			seen[r] = true
			reads = append(reads, sim.Op{Client: "final", N: len(reads) + 1, Do: r})
		}
	}
	return reads
}

// Issue 5: a long load with kills every few seconds loses no acknowledged operation,
// leaves no goroutine and no descriptor behind, and needs no more memory the longer it
// takes. LIVE_SOAK is how long, such as 10m.
func TestSoak(t *testing.T) {
	long, err := time.ParseDuration(cmp.Or(os.Getenv("LIVE_SOAK"), "5s"))
	if err != nil {
		t.Fatal("LIVE_SOAK:", err)
	}
	s := catalogued(t, "store/chaos")
	s.Workload.Final = soakReads
	r, err := harness.Soak{
		Scenario: s,
		Knobs: sim.Knobs{}.With("coordinators", 3).With("daemons", 3).With("tolerate", 1).With("partitions", 4).
			With("spaces", 2).With("lease", time.Second),
		Round: soakRound, Retire: soakRetire,
		Kill:  []string{"daemon1", "daemon2", "daemon3", "coord", "coord2", "coord3"},
		Every: max(min(long/4, 3*time.Second), 500*time.Millisecond), Down: 500 * time.Millisecond,
		Time: long, Patience: 2 * time.Minute, Seed: 1,
		Sampled: func(s harness.Sample) { t.Log(line(s)) },
	}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d rounds, %d operations, %d acknowledged, killed %v, %v, %+v", r.Rounds, r.Ops, r.Acked, r.Kills, r.Took, r.Counts)
	t.Log("before", line(r.Before))
	t.Log("after ", line(r.After))
	if r.Verdict != sim.Pass {
		t.Fatalf("%v, %s: %v\n%v", r.Verdict, r.Check, r.Err, r.Suspects)
	}
	if len(r.Kills) == 0 || r.Acked < r.Ops*9/10 {
		t.Errorf("nothing was tried: %d of %d acknowledged, killed %v", r.Acked, r.Ops, r.Kills)
	}
	if r.After.Goroutines > r.Before.Goroutines || r.After.Descriptors > r.Before.Descriptors || r.After.Heap > r.Before.Heap+4<<20 {
		t.Error("something is left behind")
	}
	// The first quarter is for what fills once: the registry of proto.actor has 32,768
	// tables for each system, which requests fill one after the other.
	if n := len(r.Samples); n >= 20 {
		early, late := median(r.Samples[n/4:n/2]), median(r.Samples[3*n/4:])
		if late > early*5/4+8<<20 {
			t.Errorf("the heap grows: %d KiB in the second quarter, %d KiB in the last", early>>10, late>>10)
		}
	}
}

func line(s harness.Sample) string {
	return fmt.Sprintf("%6v  round %d  heap %d KiB  %d goroutines  %d descriptors  disks %d KiB",
		s.At.Round(time.Second), s.Rounds, s.Heap>>10, s.Goroutines, s.Descriptors, s.Disk>>10)
}

// median is that of the heaps.
func median(samples []harness.Sample) uint64 {
	var heaps []uint64
	for _, s := range samples {
		heaps = append(heaps, s.Heap)
	}
	slices.Sort(heaps)
	return heaps[len(heaps)/2]
}
