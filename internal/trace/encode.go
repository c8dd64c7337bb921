package trace

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// append adds the event in the form of the file: the kind, then integers as
// varints and strings behind their length, in the order of the struct. Seq is
// written as it is, not as a difference, so that a record can be read alone.
func (e Event) append(b []byte) []byte {
	b = append(b, byte(e.Kind))
	b = binary.AppendVarint(b, e.Seq)
	b = binary.AppendVarint(b, int64(e.At))
	for _, s := range [...]string{e.Host, e.Path, e.Peer, e.Msg, e.Text, e.Data} {
		b = appendString(b, s)
	}
	b = binary.BigEndian.AppendUint64(b, e.Key)
	return binary.AppendVarint(b, e.Cause)
}

func appendString(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

var errShort = errors.New("record ends early")

// A decoder takes values off the front of a record; the first failure sticks.
type decoder struct {
	b   []byte
	err error
}

func (d *decoder) fail(err error) {
	if d.err == nil {
		d.err = err
	}
	d.b = nil
}

func (d *decoder) take(n uint64) []byte {
	if n > uint64(len(d.b)) {
		d.fail(errShort)
		return nil
	}
	out := d.b[:n]
	d.b = d.b[n:]
	return out
}

func (d *decoder) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) uint64() uint64 {
	if b := d.take(8); b != nil {
		return binary.BigEndian.Uint64(b)
	}
	return 0
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.b)
	if n <= 0 {
		d.fail(errShort)
		return 0
	}
	d.b = d.b[n:]
	return v
}

// bytes takes a string; it is valid as long as the record is.
func (d *decoder) bytes() []byte {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.fail(errShort)
		return nil
	}
	d.b = d.b[n:]
	return d.take(v)
}

func (d *decoder) string() string { return string(d.bytes()) }

// end reports the first failure, or bytes that nobody asked for.
func (d *decoder) end() error {
	if d.err == nil && len(d.b) > 0 {
		return fmt.Errorf("%d bytes too many in a record", len(d.b))
	}
	return d.err
}

// names are strings that many events share: hosts, paths and types. Events that are
// kept hold one copy of each.
type names map[string]string

// Names beyond these bounds are not shared, or no longer.
const (
	namesMax = 4096
	nameMax  = 128
)

func (n names) of(b []byte) string {
	if s, ok := n[string(b)]; ok {
		return s
	}
	s := string(b)
	if len(s) <= nameMax {
		if len(n) >= namesMax {
			clear(n)
		}
		n[s] = s
	}
	return s
}

func decodeEvent(b []byte, names names) (Event, error) {
	d := decoder{b: b}
	e := Event{Kind: Kind(d.byte()), Seq: d.varint(), At: time.Duration(d.varint())}
	for _, s := range [...]*string{&e.Host, &e.Path, &e.Peer, &e.Msg} {
		*s = names.of(d.bytes())
	}
	e.Text, e.Data = d.string(), d.string()
	e.Key = d.uint64()
	e.Cause = d.varint()
	if err := d.end(); err != nil {
		return Event{}, err
	}
	if e.Kind == 0 || e.Kind >= kinds {
		return Event{}, fmt.Errorf("event %d: unknown kind %d", e.Seq, uint8(e.Kind))
	}
	return e, nil
}
