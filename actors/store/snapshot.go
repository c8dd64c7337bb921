package store

import (
	"fmt"
	"maps"
	"slices"
)

// encode writes the whole state, records that are not committed included: a
// successor may still ask for them.
func (s *diskState) encode() []byte {
	var e encoder
	e.uint(s.disk)
	e.uint(uint64(len(s.replicas)))
	for _, id := range slices.Sorted(maps.Keys(s.replicas)) {
		r := s.replicas[id]
		e.uint(uint64(id))
		e.uint(r.data)
		e.bool(r.complete)
		e.uint(r.committed)
		e.uint(uint64(len(r.objects)))
		for _, key := range r.keys() {
			e.string(key)
			e.attrs(r.objects[key].attrs)
		}
		list := r.sessions.list()
		e.uint(uint64(len(list)))
		for i := range list {
			e.session(&list[i])
		}
		e.uint(uint64(len(r.pending)))
		for i := range r.pending {
			e.record(&r.pending[i])
		}
	}
	return e.b
}

// recoverState rebuilds the state from a log.
func recoverState(snapshot []byte, entries [][]byte) (diskState, error) {
	s := diskState{replicas: map[RegionID]*replica{}}
	if snapshot != nil {
		if err := s.decode(snapshot); err != nil {
			return s, err
		}
	}
	for _, payload := range entries {
		if err := s.replay(payload); err != nil {
			return s, err
		}
	}
	return s, nil
}

func (s *diskState) decode(snapshot []byte) error {
	d := decoder{b: snapshot}
	s.disk = d.uint()
	for range d.count() {
		id := RegionID(d.uint())
		r := newReplica(id, d.uint())
		r.complete = d.bool()
		r.committed = d.uint()
		r.last = r.committed
		for _, o := range d.objects() {
			r.store(o.Key, o.Attrs)
		}
		r.sessions.load(d.sessions())
		for range d.count() {
			rec := d.record()
			if rec.Seq != r.last+1 {
				d.fail()
				break
			}
			r.append(rec)
		}
		s.replicas[id] = r
	}
	if d.err != nil || len(d.b) != 0 {
		return fmt.Errorf("log snapshot of %d bytes: %w", len(snapshot), errEncoding)
	}
	return nil
}
