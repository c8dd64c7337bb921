package scenarios

import (
	"fmt"
	"maps"
	"slices"

	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// PhotosSettling is the fact that somebody begins to wait for the photo servers to
// have nothing left to do. A photo may still arrive late, and be stored after that.
type PhotosSettling struct{}

// PhotosSettled is the fact that no photo server had anything left to do.
type PhotosSettled struct{}

// checkPhotos holds the storage to showing a photo, and answering for it, only after
// all primaries have had it on their disks; and to every server having every photo
// in the end.
func checkPhotos(o *sim.Observation) error {
	servers := photoOptions(o.Knobs)
	had := map[string]map[string]bool{} // hosts by photo
	has := map[string]map[string]bool{}
	var judged []string // photos that were somewhere when the end began
	for _, n := range o.Notes {
		switch f := n.Fact.(type) {
		case tickets.PhotoHeld:
			for _, m := range []map[string]map[string]bool{had, has} {
				if m[f.ID] == nil {
					m[f.ID] = map[string]bool{}
				}
				m[f.ID][n.Host] = true
			}
		case sim.DiskLost:
			for id := range has { // in any order
				delete(has[id], n.Host)
			}
		case linearizability.Returned:
			if err := shownTooEarly(o, f, servers.Primaries, had); err != nil {
				return err
			}
		case PhotosSettling:
			judged = slices.Sorted(maps.Keys(has))
		case PhotosSettled:
			if err := everywhere(servers, judged, has); err != nil {
				return err
			}
		}
	}
	return nil
}

func shownTooEarly(o *sim.Observation, f linearizability.Returned, primaries []string, had map[string]map[string]bool) error {
	i := slices.IndexFunc(o.History.Operations, func(op linearizability.Operation) bool { return op.ID == f.Op })
	if i < 0 || f.Outcome.Certainty != linearizability.Done {
		return nil
	}
	in := o.History.Operations[i].Input.(models.PhotoOp)
	if _, stores := models.StoredPhoto(in); !stores && f.Outcome.Output == "" {
		return nil
	}
	for _, host := range primaries {
		if !had[in.Photo()][host] {
			return fmt.Errorf("%v returned before photo %s was on the disk of %s", f.Op, in.Photo(), host)
		}
	}
	return nil
}

// everywhere reports the first photo that is not on all disks. One that no disk has is
// lost, which is another matter.
func everywhere(servers tickets.PhotoOptions, ids []string, has map[string]map[string]bool) error {
	for _, id := range ids {
		for _, host := range slices.Concat(servers.Primaries, servers.Backups) {
			if len(has[id]) > 0 && !has[id][host] {
				return fmt.Errorf("%s has nothing left to do, and photo %s is not on the disk of %s", servers.Primaries[0], id, host)
			}
		}
	}
	return nil
}
