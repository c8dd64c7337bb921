package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/simrun/simrun/actors"
)

const (
	// sparseMax is how many times its own bytes a message may take in memory. Empty
	// slices in a slice are the most that an honest one comes to, with 24.
	sparseMax = 32
	// sparseFree is what a message may take whatever its bytes are.
	sparseFree = 1 << 20
)

// What makes a payload that should not be decoded.
var (
	ErrSparse = errors.New("takes far more memory than bytes")
	errForm   = errors.New("not of the form of its type")
)

// Weigh returns how much memory the message in b takes once it is decoded, about,
// and allocates nothing. One byte can stand for a whole element of a slice, so a
// payload within its limit may still become a thousand times as much: a peer is to
// be charged what it makes us keep. It refuses what is not of the form of its type,
// and with ErrSparse what takes more than 32 times its bytes and 1 MiB. A message
// that it accepts need not be one that Decode accepts.
//
// A protobuf message counts its bytes.
func (c *Codec) Weigh(mt *actors.MessageType, b []byte) (int, error) {
	if mt.Proto {
		return len(b), nil
	}
	f, ok := c.forms[mt.Type]
	if !ok {
		if c.forms == nil {
			c.forms = map[reflect.Type]*form{}
		}
		f = formOf(mt.Type, c.forms)
	}
	n, weight, err := f.weigh(b, 0)
	switch {
	case err == nil && n != len(b):
		err = errForm
	case err == nil && weight > sparseMax*len(b)+sparseFree:
		err = fmt.Errorf("%d bytes of %d: %w", weight, len(b), ErrSparse)
	}
	if err != nil {
		return 0, fmt.Errorf("message %s: %w", mt.Name, err)
	}
	return f.size + weight, nil
}

// A form is what the encoding of a type looks like.
type form struct {
	kind      reflect.Kind
	size      int              // of a value, without what it points to
	elem, key *form            // of a container or a pointer
	fields    map[string]*form // of a struct, by the encoding of their names
}

// formOf returns the form of a type; known has those that were begun, because a type
// may contain itself.
func formOf(t reflect.Type, known map[reflect.Type]*form) *form {
	if f, ok := known[t]; ok {
		return f
	}
	f := &form{kind: t.Kind(), size: int(t.Size())}
	known[t] = f
	switch t.Kind() {
	case reflect.Map:
		f.key, f.elem = formOf(t.Key(), known), formOf(t.Elem(), known)
	case reflect.Slice, reflect.Array, reflect.Pointer:
		f.elem = formOf(t.Elem(), known)
	case reflect.Struct:
		f.fields = map[string]*form{}
		f.addFields(t, known)
	}
	return f
}

// addFields adds the fields of a struct. Those of an embedded one lie among them.
func (f *form) addFields(t reflect.Type, known map[reflect.Type]*form) {
	for i := range t.NumField() {
		field := t.Field(i)
		tag := field.Tag.Get("cbor")
		if tag == "" {
			tag = field.Tag.Get("json")
		}
		name, options, _ := strings.Cut(tag, ",")
		inner := field.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		if field.Anonymous && inner.Kind() == reflect.Struct && name == "" {
			f.addFields(inner, known)
			continue
		}
		if name == "" {
			name = field.Name
		}
		f.fields[encodedName(name, options)] = formOf(field.Type, known)
	}
}

// encodedName is the key of a field as the encoder writes it.
func encodedName(name, options string) string {
	var key any = name
	if slices.Contains(strings.Split(options, ","), "keyasint") {
		if n, err := strconv.ParseInt(name, 10, 64); err == nil {
			key = n
		}
	}
	var b bytes.Buffer
	if err := encoding.MarshalToBuffer(key, &b); err != nil {
		panic(fmt.Sprintf("wire: name of a field %q: %v", name, err))
	}
	return b.String()
}

// The major types of CBOR that are used.
const (
	cborBytes = 2
	cborText  = 3
	cborArray = 4
	cborMap   = 5
	cborTag   = 6
)

const cborNull = 0xf6

// weigh returns the length of the item at the start of b, and how much memory its
// value takes beyond the size of its type.
func (f *form) weigh(b []byte, depth int) (n, weight int, err error) {
	major, count, n, ok := cutHead(b)
	if !ok || depth > nestingMax {
		return 0, 0, errForm
	}
	if b[0] == cborNull {
		return n, 0, nil
	}
	switch f.kind {
	case reflect.Pointer:
		if f.elem.kind == reflect.Pointer {
			depth++ // no item of its own, but a type may point to itself
		}
		n, weight, err = f.elem.weigh(b, depth)
		return n, f.elem.size + weight, err
	case reflect.String, reflect.Slice, reflect.Array:
		if major == cborText || major == cborBytes {
			if count > uint64(len(b)-n) {
				return 0, 0, errForm
			}
			return n + int(count), int(count), nil
		}
		// Every element needs a byte, so a count beyond them is made up.
		if major != cborArray || f.elem == nil || count > uint64(len(b)-n) {
			return 0, 0, errForm
		}
		if f.kind == reflect.Slice {
			weight = int(count) * f.elem.size
		}
		for range count {
			if err := f.elem.add(b, &n, &weight, depth); err != nil {
				return 0, 0, err
			}
		}
		return n, weight, nil
	case reflect.Map:
		if major != cborMap || count > uint64(len(b)-n)/2 {
			return 0, 0, errForm
		}
		// A table is between half and wholly full.
		weight = 2 * int(count) * (f.key.size + f.elem.size)
		for range count {
			if err := f.key.add(b, &n, &weight, depth); err != nil {
				return 0, 0, err
			}
			if err := f.elem.add(b, &n, &weight, depth); err != nil {
				return 0, 0, err
			}
		}
		return n, weight, nil
	case reflect.Struct:
		if major != cborMap || count > uint64(len(f.fields)) {
			return 0, 0, errForm
		}
		for range count {
			key, ok := cutKey(b[n:])
			field := f.fields[string(key)]
			if !ok || field == nil {
				return 0, 0, errForm
			}
			n += len(key)
			if err := field.add(b, &n, &weight, depth); err != nil {
				return 0, 0, err
			}
		}
		return n, weight, nil
	}
	switch major {
	case cborBytes, cborText, cborArray, cborMap, cborTag:
		return 0, 0, errForm
	}
	return n, 0, nil
}

// add weighs the item at b[*n:] as well.
func (f *form) add(b []byte, n, weight *int, depth int) error {
	m, more, err := f.weigh(b[*n:], depth+1)
	*n += m
	*weight += more
	return err
}

// cutKey returns the item at the start of b, which is a number or a text.
func cutKey(b []byte) ([]byte, bool) {
	major, count, n, ok := cutHead(b)
	switch {
	case !ok || major > cborText:
		return nil, false
	case major < cborBytes:
		return b[:n], true
	case count > uint64(len(b)-n):
		return nil, false
	}
	return b[:n+int(count)], true
}

// cutHead reads the head of the item at the start of b: its major type, its argument
// and the bytes of both.
func cutHead(b []byte) (major byte, arg uint64, n int, ok bool) {
	if len(b) == 0 {
		return 0, 0, 0, false
	}
	major, info := b[0]>>5, b[0]&0x1f
	if info < 24 {
		return major, uint64(info), 1, true
	}
	if info > 27 {
		return 0, 0, 0, false // of no meaning, or of no definite length
	}
	n = 1 + 1<<(info-24)
	if len(b) < n {
		return 0, 0, 0, false
	}
	var wide [8]byte
	copy(wide[8-(n-1):], b[1:n])
	return major, binary.BigEndian.Uint64(wide[:]), n, true
}
