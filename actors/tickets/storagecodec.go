package tickets

import (
	"encoding/binary"
	"errors"
)

// errRecord is what a decoder reports of bytes that no encoder wrote. What comes
// from a journal was checked by its checksum, so it means a bug or another version.
var errRecord = errors.New("malformed record")

// An encoder appends values to b. Equal values give equal bytes.
type encoder struct{ b []byte }

func (e *encoder) uint(v uint64) { e.b = binary.AppendUvarint(e.b, v) }

func (e *encoder) string(v string) {
	e.uint(uint64(len(v)))
	e.b = append(e.b, v...)
}

// A decoder reads what an encoder wrote. After the first error it returns zero
// values and keeps err. It shares no memory with b.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.b, d.err = nil, errRecord
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) string() string {
	n := d.uint()
	if n > uint64(len(d.b)) {
		d.b, d.err = nil, errRecord
		return ""
	}
	s := string(d.b[:n])
	d.b = d.b[n:]
	return s
}

// count reads how many values follow, each of at least one byte.
func (d *decoder) count() int {
	n := d.uint()
	if n > uint64(len(d.b)) {
		d.b, d.err = nil, errRecord
		return 0
	}
	return int(n)
}
