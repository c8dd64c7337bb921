package store

import (
	"fmt"
	"maps"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/simrun/simrun/models"
)

// A replica is a daemon's copy of a region: the committed state, and the records
// after it, whose fate is open. It is rebuilt from the log after a crash, except
// that everything since the last snapshot counts as open again.
type replica struct {
	id RegionID
	// data is the transfer by which the copy came, and complete reports that all
	// of it did.
	data     uint64
	complete bool

	committed uint64 // objects and sessions are the state after this record
	last      uint64 // the last record in the log
	objects   map[string]object
	sessions  sessions
	digest    uint64 // of objects; does not depend on their order

	pending  []record             // committed+1 to last
	newest   map[string]uint64    // key to its last pending record
	requests map[RequestID]uint64 // of pending records
}

// An object is immutable; hash is of its key and attributes.
type object struct {
	attrs []models.Attr
	hash  uint64
}

func newReplica(id RegionID, data uint64) *replica {
	return &replica{
		id:       id,
		data:     data,
		objects:  map[string]object{},
		sessions: newSessions(),
		newest:   map[string]uint64{},
		requests: map[RequestID]uint64{},
	}
}

// append adds the next record. It panics on a gap: only the log and the chain
// call it, and both have checked.
func (r *replica) append(rec record) {
	if rec.Seq != r.last+1 {
		panic(fmt.Sprintf("region %d: record %d after record %d", r.id, rec.Seq, r.last))
	}
	r.last = rec.Seq
	r.pending = append(r.pending, rec)
	r.newest[rec.Key] = rec.Seq
	r.requests[rec.ID] = rec.Seq
}

// record returns a pending record.
func (r *replica) record(seq uint64) *record { return &r.pending[seq-r.committed-1] }

// after returns the pending records from seq+1 to upto. The caller may keep them.
func (r *replica) after(seq, upto uint64) []record {
	seq = max(seq, r.committed)
	if upto <= seq {
		return nil
	}
	return r.pending[seq-r.committed : upto-r.committed : upto-r.committed]
}

// commit applies the pending records up to seq.
func (r *replica) commit(seq uint64) {
	n := int(seq - r.committed)
	for i := range r.pending[:n] {
		rec := &r.pending[i]
		if rec.Delete {
			r.remove(rec.Key)
		} else {
			r.store(rec.Key, rec.Attrs)
		}
		r.sessions.remember(rec.ID, rec.Lowest)
		if r.newest[rec.Key] == rec.Seq {
			delete(r.newest, rec.Key)
		}
		delete(r.requests, rec.ID)
	}
	// Slices of the old array are in messages, so it is left behind, not reused.
	r.pending = r.pending[n:]
	r.committed = seq
}

func (r *replica) store(key string, attrs []models.Attr) {
	o := object{attrs: attrs, hash: hashObject(key, attrs)}
	r.digest ^= r.objects[key].hash ^ o.hash
	r.objects[key] = o
}

func (r *replica) remove(key string) {
	r.digest ^= r.objects[key].hash
	delete(r.objects, key)
}

// latest returns an object as the last record leaves it, committed or not, and
// the record on which that depends; 0 if it is committed.
func (r *replica) latest(key string) (attrs []models.Attr, exists bool, seq uint64) {
	if seq, ok := r.newest[key]; ok {
		rec := r.record(seq)
		return rec.Attrs, !rec.Delete, seq
	}
	o, ok := r.objects[key]
	return o.attrs, ok, 0
}

// install replaces the committed state by that after record seq.
func (r *replica) install(seq uint64, list []session) {
	r.committed, r.last = seq, seq
	r.sessions.load(list)
	r.complete = true
}

// applied is the fact of what the committed state is: the objects, and who has
// changed them.
func (r *replica) applied() Applied {
	return Applied{Region: r.id, Data: r.data, Seq: r.committed, Digest: r.digest ^ r.sessions.digest}
}

// keys returns the keys of the committed objects, sorted.
func (r *replica) keys() []string { return slices.Sorted(maps.Keys(r.objects)) }

func hashObject(key string, attrs []models.Attr) uint64 {
	e := encoder{b: make([]byte, 0, 128)}
	e.string(key)
	e.attrs(attrs)
	return xxhash.Sum64(e.b)
}
