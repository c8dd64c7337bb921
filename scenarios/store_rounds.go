package scenarios

import (
	"fmt"
	"time"

	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

const (
	// roundKeys are the keys of a round in each of its two spaces, roundOps the
	// operations of each of its clients, and roundWindow how many a client has under way.
	roundKeys, roundOps, roundWindow = 200, 1000, 32
	roundClients                     = 3
	// retireBase is above all numbers of reads: the host "final" makes both.
	retireBase = 500_000_000
)

// storeRounds is a load of any length on three daemons and three coordinators, of
// which each may fail: clients write and read keys, mostly whole objects, and all kinds
// of changes.
func storeRounds() *sim.Rounds {
	return &sim.Rounds{
		Knobs: sim.Knobs{}.With("coordinators", 3).With("daemons", 3).With("tolerate", 1).With("partitions", 4).
			With("spaces", 2).With("clients", roundClients).With("lease", time.Second),
		Ops:    roundLines,
		Final:  roundReads,
		Retire: roundRetirement,
	}
}

func roundKey(round, i int) string { return fmt.Sprintf("r%d.%d", round, i%roundKeys) }

func roundLines(round int) (ops []sim.Op) {
	for c := range roundClients {
		client := fmt.Sprintf("c%d", c)
		line := func(n int, do fmt.Stringer) { ops = append(ops, sim.Op{Client: client, N: n, Do: do}) }
		for i := range roundOps {
			n := round*roundOps + i + 1
			do := models.Op{Verb: models.Put, Space: "words", Key: roundKey(round, i*7+c)}
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
			if i >= roundWindow {
				line(0, Loop{})
			}
		}
		line(0, Flush{})
	}
	return ops
}

// roundReads reads every key of a round. The system need not be whole for it: what a
// read has to wait for comes back.
func roundReads(round int, ops []sim.Op) (reads []sim.Op) {
	seen := map[Read]bool{}
	for _, op := range ops {
		do, ok := op.Do.(models.Op)
		if r := (Read{do.Space, do.Key}); ok && !seen[r] {
			seen[r] = true
			reads = append(reads, sim.Op{Client: "final", N: 2*roundKeys*round + len(reads) + 1, Do: r})
		}
	}
	return reads
}

// roundRetirement deletes the keys of a round, and those of the one before again: a
// daemon that was killed may not have come to it.
func roundRetirement(round int, _ []sim.Op) (ops []sim.Op) {
	for r := max(0, round-1); r <= round; r++ {
		for _, space := range []string{"words", "things"} {
			for i := range roundKeys {
				n := retireBase + 4*roundKeys*round + len(ops) + 1
				ops = append(ops, sim.Op{Client: "final", N: n, Do: models.Op{Verb: models.Del, Space: space, Key: roundKey(r, i)}})
			}
		}
	}
	return append(ops, sim.Op{Client: "final", Do: Flush{}})
}
