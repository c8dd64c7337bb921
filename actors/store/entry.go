package store

import "fmt"

// The kinds of entries in a daemon's log. Replayed in order on an empty disk's
// state, or on a snapshot, they give the state of the daemon.
const (
	entryDisk    = 'd' // the number of this disk
	entryCreate  = 'c' // an empty copy, together with its space
	entryJoin    = 'j' // a transfer begins: what was there of the region is gone
	entryChunk   = 'k' // some objects of a transfer
	entryInstall = 'i' // the transfer's snapshot is complete
	entryRecord  = 'r' // a record of a region
)

func diskEntry(disk uint64) []byte {
	e := encoder{b: []byte{entryDisk}}
	e.uint(disk)
	return e.b
}

func createEntry(id RegionID) []byte {
	e := encoder{b: []byte{entryCreate}}
	e.uint(uint64(id))
	return e.b
}

func joinEntry(id RegionID, transfer uint64) []byte {
	e := encoder{b: []byte{entryJoin}}
	e.uint(uint64(id))
	e.uint(transfer)
	return e.b
}

func chunkEntry(id RegionID, objects []keyed) []byte {
	e := encoder{b: []byte{entryChunk}}
	e.uint(uint64(id))
	e.uint(uint64(len(objects)))
	for i := range objects {
		e.string(objects[i].Key)
		e.attrs(objects[i].Attrs)
	}
	return e.b
}

func installEntry(id RegionID, seq uint64, list []session) []byte {
	e := encoder{b: []byte{entryInstall}}
	e.uint(uint64(id))
	e.uint(seq)
	e.uint(uint64(len(list)))
	for i := range list {
		e.session(&list[i])
	}
	return e.b
}

func recordEntry(rec *record) []byte {
	e := encoder{b: make([]byte, 0, 96)}
	e.b = append(e.b, entryRecord)
	e.record(rec)
	return e.b
}

// A disk is what a daemon's log amounts to.
type diskState struct {
	disk     uint64 // its number; 0 if the log is new
	replicas map[RegionID]*replica
}

// replay applies one entry. An entry that does not fit what came before is
// refused, like one that is malformed.
func (s *diskState) replay(payload []byte) error {
	d := decoder{b: payload}
	kind := d.byte()
	var apply func()
	switch kind {
	case entryDisk:
		disk := d.uint()
		apply = func() { s.disk = disk }
	case entryCreate:
		id := RegionID(d.uint())
		apply = func() {
			s.replicas[id] = newReplica(id, 0)
			s.replicas[id].complete = true
		}
	case entryJoin:
		id, transfer := RegionID(d.uint()), d.uint()
		apply = func() { s.replicas[id] = newReplica(id, transfer) }
	case entryChunk:
		r, objects := s.replicas[RegionID(d.uint())], d.objects()
		if r != nil && !r.complete {
			apply = func() {
				for _, o := range objects {
					r.store(o.Key, o.Attrs)
				}
			}
		}
	case entryInstall:
		r, seq, list := s.replicas[RegionID(d.uint())], d.uint(), d.sessions()
		if r != nil && !r.complete {
			apply = func() { r.install(seq, list) }
		}
	case entryRecord:
		rec := d.record()
		if r := s.replicas[rec.Region]; r != nil && r.complete && rec.Seq == r.last+1 {
			apply = func() { r.append(rec) }
		}
	}
	if apply == nil || d.err != nil || len(d.b) != 0 {
		return fmt.Errorf("log entry of kind %q, %d bytes: %w", kind, len(payload), errEncoding)
	}
	apply()
	return nil
}
