package wal

import (
	"encoding/binary"
	"hash/crc32"
)

// A record on disk is
//
//	length of payload, 4 bytes | LSN, 8 | synced offset, 8 | payload | CRC-32C, 4
//
// in little endian. The synced offset is the length of the segment that was
// known durable when the record was written: recovery needs it to tell a torn
// tail, which is legal, from a hole in what was promised. A record without a
// payload says nothing but that, and has the LSN of the record before it.
const (
	recordHeader  = 4 + 8 + 8
	recordTrailer = 4
	// MaxRecord bounds a payload, so that a damaged length is recognised as such.
	MaxRecord = 16 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A record is one decoded record; payload points into the segment.
type record struct {
	lsn     uint64
	synced  int64
	payload []byte
}

// vouches reports that the record has no payload, only a synced offset.
func (r record) vouches() bool { return len(r.payload) == 0 }

func (r record) size() int64 { return recordHeader + int64(len(r.payload)) + recordTrailer }

// appendRecord adds the bytes of a record that will begin at offset of the
// segment.
func appendRecord(b []byte, segment uint64, offset int64, r record) []byte {
	start := len(b)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(r.payload)))
	b = binary.LittleEndian.AppendUint64(b, r.lsn)
	b = binary.LittleEndian.AppendUint64(b, uint64(r.synced))
	b = append(b, r.payload...)
	return binary.LittleEndian.AppendUint32(b, recordChecksum(segment, offset, b[start:]))
}

// readRecord decodes the record at offset of a segment; false says that there
// is no whole and undamaged one.
func readRecord(file []byte, segment uint64, offset int64) (record, bool) {
	b := file[offset:]
	if len(b) < recordHeader+recordTrailer {
		return record{}, false
	}
	n := int64(binary.LittleEndian.Uint32(b))
	if n > MaxRecord || recordHeader+n+recordTrailer > int64(len(b)) {
		return record{}, false
	}
	r := record{
		lsn:     binary.LittleEndian.Uint64(b[4:]),
		synced:  int64(binary.LittleEndian.Uint64(b[12:])),
		payload: b[recordHeader : recordHeader+n : recordHeader+n],
	}
	// The cheap tests come first: the scan for corruption tries every offset.
	if r.lsn+1 < segment || r.synced < 0 || r.synced > offset {
		return record{}, false
	}
	sum := binary.LittleEndian.Uint32(b[recordHeader+n:])
	return r, sum == recordChecksum(segment, offset, b[:recordHeader+n])
}

// recordChecksum covers the place of the record too. So a copy of a log record that
// a user has stored as a value is never taken for a record.
func recordChecksum(segment uint64, offset int64, b []byte) uint32 {
	var place [16]byte
	binary.LittleEndian.PutUint64(place[:], segment)
	binary.LittleEndian.PutUint64(place[8:], uint64(offset))
	return crc32.Update(crc32.Checksum(place[:], castagnoli), castagnoli, b)
}
