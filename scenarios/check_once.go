package scenarios

import (
	"fmt"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// checkOnce holds the store to exactly one effect of an operation that succeeded, at
// most one of any other, and none of one that was answered otherwise or refused: in
// the log of each region, and in what counters and sets come to.
func checkOnce(o *sim.Observation) error {
	e := effects{lives: clientLives(o), log: map[store.RegionID][]store.RequestID{}, others: map[store.RequestID]place{}}
	var config *store.Config
	for i := range o.Notes {
		var err error
		switch f := o.Notes[i].Fact.(type) {
		case store.Published:
			config = f.Config
		case store.Committed:
			err = e.add(f.Region, f.Seq, f.Requests)
		case store.Reached:
			err = e.add(f.Region, f.Seq, f.Requests)
		}
		if err != nil {
			return err
		}
	}
	for _, l := range e.lives {
		for i := range l.requests {
			if err := l.requests[i].matches(config); err != nil {
				return err
			}
		}
	}
	return checkTotals(o.History)
}

// effects are the records of all regions, by the request that made them.
type effects struct {
	lives  []*clientLife
	log    map[store.RegionID][]store.RequestID // by record, from 1
	others map[store.RequestID]place            // of clients that do not record what they do
}

// add takes what a head or a tail says of the last records of a region up to seq.
func (e *effects) add(region store.RegionID, seq uint64, ids []store.RequestID) error {
	log := e.log[region]
	for uint64(len(log)) < seq {
		log = append(log, store.RequestID{})
	}
	e.log[region] = log
	first := seq - uint64(len(ids))
	for i, id := range ids {
		at := first + uint64(i)
		if log[at] == id {
			continue
		}
		if log[at] != (store.RequestID{}) {
			e.lose(region, at)
		}
		log[at] = id
		if err := e.put(id, place{region, at + 1}); err != nil {
			return err
		}
	}
	return nil
}

// lose forgets the records of a region from an index on, because another one is in
// the place of the first. It is not for this check to say whether they may be lost;
// their operations may take effect again.
func (e *effects) lose(region store.RegionID, from uint64) {
	log := e.log[region]
	for i := from; i < uint64(len(log)); i++ {
		id := log[i]
		log[i] = store.RequestID{}
		if l := lifeOf(e.lives, id.Client, id.Boot); l != nil && id.N > 0 && id.N <= uint64(len(l.requests)) {
			l.requests[id.N-1].effect.seq = 0
		}
		delete(e.others, id)
	}
}

// put enters the effect of a request.
func (e *effects) put(id store.RequestID, at place) error {
	old, twice := e.others[id]
	l := lifeOf(e.lives, id.Client, id.Boot)
	switch {
	case l != nil && (id.N == 0 || id.N > uint64(len(l.requests))):
		return fmt.Errorf("record %d of region %d is the effect of request %d of %s (boot %d), which issued %d operations",
			at.seq, at.region, id.N, id.Client, id.Boot, len(l.requests))
	case l != nil:
		r := &l.requests[id.N-1]
		old, twice = r.effect, r.effect.seq > 0
		r.effect = at
		r.effects++
	default:
		e.others[id] = at
	}
	if !twice {
		return nil
	}
	return fmt.Errorf("request %d of %s (boot %d) took effect twice: as record %d of region %d and as record %d of region %d",
		id.N, id.Client, id.Boot, old.seq, old.region, at.seq, at.region)
}

// matches compares what the client was told with what happened.
func (r *request) matches(config *store.Config) error {
	do, ok := r.input.(models.Op)
	if !ok {
		return nil
	}
	if r.effects > 0 && config != nil {
		if home := config.RegionOf(do.Space, do.Key); home != nil && home.ID != r.effect.region {
			return fmt.Errorf("%v %v took effect in region %d, and its key belongs to region %d", r.op, do, r.effect.region, home.ID)
		}
	}
	if r.returns == 0 || r.certainty() == linearizability.Unknown {
		return nil
	}
	if r.certainty() == linearizability.Refused {
		if r.effects > 0 {
			return fmt.Errorf("%v %v was refused with %v and took effect: as record %d of region %d", r.op, do, r.refused, r.effect.seq, r.effect.region)
		}
		return nil
	}
	status := r.result().Status
	succeeds := do.Verb != models.Get && status == models.Success
	switch {
	case succeeds && r.effects == 0:
		return fmt.Errorf("%v %v was acknowledged and has never taken effect", r.op, do)
	case !succeeds && r.effects > 0:
		return fmt.Errorf("%v %v was answered %v and took effect: as record %d of region %d", r.op, do, status, r.effect.seq, r.effect.region)
	}
	return nil
}
