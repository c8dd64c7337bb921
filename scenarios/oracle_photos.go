package scenarios

import (
	"maps"
	"slices"

	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// A photoOracle follows which disks have which photo. The storage promises that a
// photo that was complete stays as long as one disk that has it is not lost; while it
// is on one disk only, the loss of that disk is legal, and counted.
type photoOracle struct {
	copies   map[string][]string // hosts by photo
	complete map[string]bool
	down     map[string]bool
	lost     map[string]int64 // photos that were complete, since when no disk has them
}

func newPhotoOracle(sim.Knobs) sim.Oracle {
	return &photoOracle{
		copies: map[string][]string{}, complete: map[string]bool{}, down: map[string]bool{}, lost: map[string]int64{},
	}
}

// Observe implements sim.Oracle.
func (o *photoOracle) Observe(n sim.Note) {
	switch f := n.Fact.(type) {
	case tickets.PhotoHeld:
		if !slices.Contains(o.copies[f.ID], n.Host) {
			o.copies[f.ID] = append(o.copies[f.ID], n.Host)
		}
	case tickets.PhotoComplete:
		o.complete[f.ID] = true
	case tickets.PhotosUp:
		delete(o.down, n.Host)
	case sim.Down:
		o.down[n.Host] = true
	case sim.DiskLost:
		for _, id := range slices.Sorted(maps.Keys(o.copies)) {
			o.copies[id] = slices.DeleteFunc(o.copies[id], func(h string) bool { return h == n.Host })
			if _, known := o.lost[id]; len(o.copies[id]) == 0 && o.complete[id] && !known {
				o.lost[id] = n.Seq
			}
		}
	}
}

// Spares implements sim.Oracle. A host that is down comes back: every photo is owed
// to every server in the end.
func (o *photoOracle) Spares(disks bool, hosts ...string) bool {
	if !disks {
		return true
	}
	for _, h := range hosts {
		if o.down[h] {
			return false
		}
	}
	for _, id := range slices.Sorted(maps.Keys(o.copies)) {
		copies := o.copies[id]
		if o.complete[id] && !slices.ContainsFunc(copies, func(h string) bool { return !slices.Contains(hosts, h) }) {
			return false
		}
	}
	return true
}

// Excuse implements sim.Oracle: every server comes back.
func (o *photoOracle) Excuse() string { return "" }

// Remains implements sim.Oracle. What was seen of a photo before it was lost must
// make sense; whatever was seen later is not judged.
func (o *photoOracle) Remains(h linearizability.History) (linearizability.History, []linearizability.OpID) {
	if len(o.lost) == 0 {
		return h, nil
	}
	var out linearizability.History
	var lost []linearizability.OpID
	for _, op := range h.Operations {
		in := op.Input.(models.PhotoOp)
		if at, ok := o.lost[in.Photo()]; ok {
			if _, stores := models.StoredPhoto(in); stores && op.Certainty == linearizability.Done && len(o.copies[in.Photo()]) == 0 {
				lost = append(lost, op.ID)
			}
			if op.Call > at {
				continue
			}
			if op.Return > at {
				op.Certainty, op.Output, op.Return = linearizability.Unknown, nil, linearizability.Open
			}
		}
		out.Operations = append(out.Operations, op)
	}
	return out, lost
}

// notePhotoLosses marks that a photo was lost with its only copy. That is no
// violation, see Remains.
func notePhotoLosses(o *sim.Observation) error {
	oracle := newPhotoOracle(o.Knobs).(*photoOracle)
	for _, n := range o.Notes {
		oracle.Observe(n)
	}
	if len(oracle.lost) > 0 {
		o.Sometimes(sawPhotoLost)
	}
	return nil
}
