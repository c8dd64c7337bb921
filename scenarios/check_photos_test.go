package scenarios

import (
	"testing"

	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// The facts of a client of photos.
func photoCalled(n int, op models.PhotoOp) any {
	return linearizability.Called{Op: linearizability.OpID{Client: "c0", N: n}, Input: op}
}

func photoReturned(n int, content string) any {
	return linearizability.Returned{Op: linearizability.OpID{Client: "c0", N: n}, Outcome: linearizability.Outcome{Output: content}}
}

// R70: the check of photos finds a photo that is answered for or shown before all
// primaries have it. R71: it finds a server that never gets its copy, and takes a
// photo that arrived too late, and one of which every copy was destroyed.
func TestPhotosCheck(t *testing.T) {
	knobs := sim.Knobs{}.With("primaries", 2).With("backups", 1)
	held := tickets.PhotoHeld{ID: "p"}
	store, show := models.StorePhoto{ID: "p", Content: "sea"}, models.ShowPhoto{ID: "p"}
	judge(t, checkPhotos, []control{
		{name: "all is well", knobs: knobs, notes: notes("c0", photoCalled(1, store), "primary0", held, "primary1", held, "c0", photoReturned(1, ""),
			"backup0", held, "final", PhotosSettling{}, "final", PhotosSettled{})},
		{name: "absent is no promise", knobs: knobs, notes: notes("c0", photoCalled(1, show), "c0", photoReturned(1, ""))},
		{name: "a primary that lost its disk had it", knobs: knobs, notes: notes("c0", photoCalled(1, store), "primary0", held, "primary1", held,
			"primary1", sim.DiskLost{Boot: 1}, "c0", photoReturned(1, ""))},
		{name: "every copy was destroyed", knobs: knobs, notes: notes("primary0", held, "primary0", sim.DiskLost{Boot: 1},
			"final", PhotosSettling{}, "final", PhotosSettled{})},
		{name: "too late", knobs: knobs, notes: notes("final", PhotosSettling{}, "primary0", held, "final", PhotosSettled{})},
		{name: "answered for too early", knobs: knobs, notes: notes("c0", photoCalled(1, store), "primary0", held, "c0", photoReturned(1, ""), "primary1", held),
			why: "c0#1 returned before photo p was on the disk of primary1"},
		{name: "shown too early", knobs: knobs, notes: notes("c0", photoCalled(1, show), "primary0", held, "c0", photoReturned(1, "sea")),
			why: "c0#1 returned before photo p was on the disk of primary1"},
		{name: "no backup", knobs: knobs, notes: notes("primary0", held, "primary1", held, "final", PhotosSettling{}, "final", PhotosSettled{}),
			why: "primary0 has nothing left to do, and photo p is not on the disk of backup0"},
		{name: "backup lost and not made again", knobs: knobs, notes: notes("primary0", held, "primary1", held, "backup0", held,
			"backup0", sim.DiskLost{Boot: 1}, "final", PhotosSettling{}, "final", PhotosSettled{}),
			why: "primary0 has nothing left to do, and photo p is not on the disk of backup0"},
	})
}

// R74: a photo whose only copy was destroyed is an expected loss, named as such; one
// of which there is another copy is not lost.
func TestLossOfTheOnlyCopyIsCounted(t *testing.T) {
	store := models.StorePhoto{ID: "p", Content: "sea"}
	id := linearizability.OpID{Client: "c0", N: 1}
	for _, tc := range []struct {
		name   string
		copies []string
		spares bool
		lost   int
	}{
		{"one copy", []string{"primary0"}, false, 1},
		{"two copies", []string{"primary0", "backup0"}, true, 0},
	} {
		o := newPhotoOracle(nil)
		o.Observe(sim.Note{Seq: 1, Host: "primary0", Fact: tickets.PhotosUp{Boot: 1}})
		for i, host := range tc.copies {
			o.Observe(sim.Note{Seq: int64(2 + i), Host: host, Fact: tickets.PhotoHeld{ID: "p"}})
		}
		o.Observe(sim.Note{Seq: 5, Host: "primary0", Fact: tickets.PhotoComplete{ID: "p"}})
		if got := o.Spares(true, "primary0"); got != tc.spares {
			t.Errorf("%s: the oracle says %v to the loss of the home's disk", tc.name, got)
		}
		o.Observe(sim.Note{Seq: 9, Host: "primary0", Fact: sim.DiskLost{Boot: 1}})
		h := linearizability.History{Operations: []linearizability.Operation{
			{ID: id, Input: store, Output: "", Call: 0, Return: 6},
			{ID: linearizability.OpID{Client: "c0", N: 2}, Input: models.ShowPhoto{ID: "p"}, Output: "", Call: 10, Return: 11},
		}}
		rest, lost := o.Remains(h)
		if len(lost) != tc.lost || len(rest.Operations) != 2-tc.lost {
			t.Errorf("%s: lost %v, and %d operations are judged", tc.name, lost, len(rest.Operations))
		}
	}
}
