package wire

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"

	"github.com/fxamacker/cbor/v2"
	"google.golang.org/protobuf/proto"

	"github.com/simrun/simrun/actors"
)

// nestingMax bounds how deep a message may nest, so that a hostile one cannot
// exhaust the stack of its receiver.
const nestingMax = 64

// elementsMax bounds the elements of one array or map. The decoder checks that
// all of them are really there before it allocates; what they may come to is for
// Weigh.
const elementsMax = 1 << 20

var (
	encoding = mustEncoding()
	decoding = mustDecoding()
	protoEnc = proto.MarshalOptions{Deterministic: true}
	protoDec = proto.UnmarshalOptions{RecursionLimit: nestingMax}
)

func mustEncoding() cbor.UserBufferEncMode {
	o := cbor.CoreDetEncOptions()
	o.NilContainers = cbor.NilContainerAsEmpty // nil and empty are one value
	o.TagsMd = cbor.TagsForbidden
	// What registration walked is what travels: no type encodes itself as bytes.
	o.BinaryMarshaler = cbor.BinaryMarshalerNone
	m, err := o.UserBufferEncMode()
	if err != nil {
		panic(err)
	}
	return m
}

func mustDecoding() cbor.DecMode {
	m, err := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		TagsMd:            cbor.TagsForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
		UTF8:              cbor.UTF8DecodeInvalid, // a Go string may hold any bytes
		MaxNestedLevels:   nestingMax,
		MaxArrayElements:  elementsMax,
		MaxMapPairs:       elementsMax,
		BinaryUnmarshaler: cbor.BinaryUnmarshalerNone,
	}.DecMode()
	if err != nil {
		panic(err)
	}
	return m
}

// Append appends the encoding of msg to dst: protobuf messages as deterministic
// protobuf, all others as deterministic CBOR with field names as keys. A nil and
// an empty slice or map have the same bytes. The dynamic type of msg must be
// mt.Type. After an error dst is as it was.
//
// The bytes of a protobuf message are stable within one build only.
func Append(dst []byte, mt *actors.MessageType, msg any) ([]byte, error) {
	var c Codec
	return c.Append(dst, mt, msg)
}

// Decode returns the message in b, of the kind that was registered: a struct or
// a pointer to one. Containers that were nil come back empty. It shares no memory
// with b. Of CBOR it refuses duplicate and unknown keys, indefinite lengths,
// tags, trailing bytes and deep nesting.
func Decode(mt *actors.MessageType, b []byte) (any, error) {
	var c Codec
	return c.Decode(mt, b)
}

// A Codec is Append, Decode and Weigh with buffers that are used again. The zero value
// is ready. It is not safe for concurrent use.
type Codec struct {
	buf  bytes.Buffer
	copy []byte
	// scratch holds a value per struct type to decode into, so that putting the
	// result in an interface is the only allocation for it.
	scratch map[*actors.MessageType]reflect.Value
	forms   map[reflect.Type]*form
}

var errNil = errors.New("nil pointer")

// Append is the function of the same name.
func (c *Codec) Append(dst []byte, mt *actors.MessageType, msg any) ([]byte, error) {
	v := reflect.ValueOf(msg)
	if !v.IsValid() || v.Type() != mt.Type {
		return dst, fmt.Errorf("message %s: encode %T: registered as %v", mt.Name, msg, mt.Type)
	}
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return dst, fmt.Errorf("message %s: encode: %w", mt.Name, errNil)
	}
	if mt.Proto {
		out, err := protoEnc.MarshalAppend(dst, msg.(proto.Message))
		if err != nil {
			return dst, fmt.Errorf("message %s: encode: %w", mt.Name, err)
		}
		return out, nil
	}
	c.buf = *bytes.NewBuffer(dst)
	err := encoding.MarshalToBuffer(msg, &c.buf)
	out := c.buf.Bytes()
	c.buf = bytes.Buffer{} // dst is the caller's, keep no hold of it
	if err != nil {
		return dst, fmt.Errorf("message %s: encode: %w", mt.Name, err)
	}
	return out, nil
}

// Decode is the function of the same name.
func (c *Codec) Decode(mt *actors.MessageType, b []byte) (any, error) {
	if mt.Type.Kind() == reflect.Pointer {
		msg := reflect.New(mt.Type.Elem()).Interface()
		var err error
		if mt.Proto {
			err = protoDec.Unmarshal(b, msg.(proto.Message))
		} else {
			err = decoding.Unmarshal(b, msg)
		}
		if err != nil {
			return nil, fmt.Errorf("message %s: decode: %w", mt.Name, err)
		}
		return msg, nil
	}
	p, ok := c.scratch[mt]
	if !ok {
		p = reflect.New(mt.Type)
		if c.scratch == nil {
			c.scratch = map[*actors.MessageType]reflect.Value{}
		}
		c.scratch[mt] = p
	}
	err := decoding.Unmarshal(b, p.Interface())
	msg := p.Elem().Interface()
	// What was handed out must not be decoded into again.
	p.Elem().SetZero()
	if err != nil {
		return nil, fmt.Errorf("message %s: decode: %w", mt.Name, err)
	}
	return msg, nil
}

// Copy returns a deep copy of msg by way of its encoding.
func (c *Codec) Copy(mt *actors.MessageType, msg any) (any, error) {
	b, err := c.Append(c.copy[:0], mt, msg)
	c.copy = b
	if err != nil {
		return nil, err
	}
	return c.Decode(mt, b)
}
