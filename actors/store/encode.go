package store

import (
	"encoding/binary"
	"errors"
	"math"

	"github.com/simrun/simrun/models"
)

// errEncoding is what a decoder reports of bytes that no encoder wrote. What comes
// from the log was checked by its checksum, so it means a bug or another version.
var errEncoding = errors.New("malformed encoding")

// An encoder appends values to b. Equal values give equal bytes.
type encoder struct{ b []byte }

func (e *encoder) uint(v uint64) { e.b = binary.AppendUvarint(e.b, v) }
func (e *encoder) int(v int64)   { e.b = binary.AppendVarint(e.b, v) }

func (e *encoder) float(v float64) {
	e.b = binary.BigEndian.AppendUint64(e.b, math.Float64bits(v))
}

func (e *encoder) bool(v bool) {
	if v {
		e.b = append(e.b, 1)
	} else {
		e.b = append(e.b, 0)
	}
}

func (e *encoder) bytes(v []byte) {
	e.uint(uint64(len(v)))
	e.b = append(e.b, v...)
}

func (e *encoder) string(v string) {
	e.uint(uint64(len(v)))
	e.b = append(e.b, v...)
}

func (e *encoder) value(v models.Value) {
	e.b = append(e.b, byte(v.Kind))
	switch v.Kind {
	case models.String:
		e.bytes(v.Str)
	case models.Int:
		e.int(v.Int)
	case models.Float:
		e.float(v.Float)
	case models.SetString:
		e.uint(uint64(len(v.Strs)))
		for _, s := range v.Strs {
			e.bytes(s)
		}
	case models.SetInt:
		e.uint(uint64(len(v.Ints)))
		for _, n := range v.Ints {
			e.int(n)
		}
	case models.SetFloat:
		e.uint(uint64(len(v.Floats)))
		for _, f := range v.Floats {
			e.float(f)
		}
	}
}

func (e *encoder) attrs(attrs []models.Attr) {
	e.uint(uint64(len(attrs)))
	for i := range attrs {
		e.string(attrs[i].Name)
		e.value(attrs[i].Value)
	}
}

func (e *encoder) id(id RequestID) {
	e.string(id.Client)
	e.uint(id.Boot)
	e.uint(id.N)
}

func (e *encoder) record(r *record) {
	e.uint(uint64(r.Region))
	e.uint(r.Seq)
	e.id(r.ID)
	e.uint(r.Lowest)
	e.string(r.Key)
	e.bool(r.Delete)
	e.attrs(r.Attrs)
}

func (e *encoder) session(s *session) {
	e.string(s.Client)
	e.uint(s.Boot)
	e.uint(s.Lowest)
	e.uint(uint64(len(s.Done)))
	for _, n := range s.Done {
		e.uint(n)
	}
}

// A decoder reads what an encoder wrote. After the first error it returns zero
// values and keeps err. It shares no memory with b.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail() {
	d.b, d.err = nil, errEncoding
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.b = d.b[n:]
	return v
}

func (d *decoder) float() float64 {
	if len(d.b) < 8 {
		d.fail()
		return 0
	}
	v := math.Float64frombits(binary.BigEndian.Uint64(d.b))
	d.b = d.b[8:]
	return v
}

func (d *decoder) byte() byte {
	if len(d.b) == 0 {
		d.fail()
		return 0
	}
	v := d.b[0]
	d.b = d.b[1:]
	return v
}

func (d *decoder) bool() bool { return d.byte() == 1 }

// count reads the length of a list whose elements take at least one byte each, so
// a damaged length cannot ask for more memory than there are bytes.
func (d *decoder) count() int {
	n := d.uint()
	if n > uint64(len(d.b)) {
		d.fail()
		return 0
	}
	return int(n)
}

func (d *decoder) take() []byte {
	n := d.count()
	v := d.b[:n]
	d.b = d.b[n:]
	return v
}

func (d *decoder) bytes() []byte  { return append([]byte(nil), d.take()...) }
func (d *decoder) string() string { return string(d.take()) }

func (d *decoder) value() models.Value {
	v := models.Value{Kind: models.Kind(d.byte())}
	switch v.Kind {
	case models.String:
		v.Str = d.bytes()
	case models.Int:
		v.Int = d.int()
	case models.Float:
		v.Float = d.float()
	case models.SetString:
		for range d.count() {
			v.Strs = append(v.Strs, d.bytes())
		}
	case models.SetInt:
		for range d.count() {
			v.Ints = append(v.Ints, d.int())
		}
	case models.SetFloat:
		for range d.count() {
			v.Floats = append(v.Floats, d.float())
		}
	default:
		d.fail()
	}
	return v
}

func (d *decoder) attrs() []models.Attr {
	n := d.count()
	if n == 0 {
		return nil
	}
	out := make([]models.Attr, n)
	for i := range out {
		out[i].Name = d.string()
		out[i].Value = d.value()
	}
	return out
}

func (d *decoder) id() RequestID {
	return RequestID{Client: d.string(), Boot: d.uint(), N: d.uint()}
}

func (d *decoder) record() record {
	return record{
		Region: RegionID(d.uint()),
		Seq:    d.uint(),
		ID:     d.id(),
		Lowest: d.uint(),
		Key:    d.string(),
		Delete: d.bool(),
		Attrs:  d.attrs(),
	}
}

func (d *decoder) session() session {
	s := session{Client: d.string(), Boot: d.uint(), Lowest: d.uint()}
	for range d.count() {
		s.Done = append(s.Done, d.uint())
	}
	return s
}

func (d *decoder) sessions() []session {
	var out []session
	for range d.count() {
		out = append(out, d.session())
	}
	return out
}

func (d *decoder) objects() []keyed {
	var out []keyed
	for range d.count() {
		out = append(out, keyed{Key: d.string(), Attrs: d.attrs()})
	}
	return out
}
