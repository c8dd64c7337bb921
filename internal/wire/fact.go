package wire

import (
	"fmt"
	"hash/fnv"
	"reflect"
	"sync"

	"github.com/fxamacker/cbor/v2"

	"github.com/simrun/simrun/actors"
)

// A factCodec encodes facts. Unlike the fields of messages, those of facts may be
// interfaces, so a value says its type: by a tag whose number is made of the name
// under which the type is registered, so that another build can read it.
type factCodec struct {
	enc   cbor.EncMode
	dec   cbor.DecMode
	types map[reflect.Type]bool
	open  map[reflect.Type]bool // types that have an interface somewhere in them
}

// codecOfFacts is made when the first fact travels: all packages have registered
// theirs by then.
var codecOfFacts = sync.OnceValue(newFactCodec)

func newFactCodec() *factCodec {
	c := &factCodec{types: map[reflect.Type]bool{}, open: map[reflect.Type]bool{}}
	tags := cbor.NewTagSet()
	for _, f := range actors.FactTypes() {
		h := fnv.New64a()
		h.Write([]byte(f.Name))
		// The numbers below are given away by a registry.
		number := h.Sum64() | 1<<63
		if err := tags.Add(cbor.TagOptions{EncTag: cbor.EncTagRequired, DecTag: cbor.DecTagRequired}, f.Type, number); err != nil {
			panic(fmt.Sprintf("fact %s: %v", f.Name, err))
		}
		c.types[f.Type] = true
		c.open[f.Type] = hasInterface(f.Type, map[reflect.Type]bool{})
	}
	enc := cbor.CoreDetEncOptions()
	enc.BinaryMarshaler = cbor.BinaryMarshalerNone
	var err error
	if c.enc, err = enc.EncModeWithTags(tags); err != nil {
		panic(err)
	}
	dec := cbor.DecOptions{
		DupMapKey:         cbor.DupMapKeyEnforcedAPF,
		IndefLength:       cbor.IndefLengthForbidden,
		ExtraReturnErrors: cbor.ExtraDecErrorUnknownField,
		FieldNameMatching: cbor.FieldNameMatchingCaseSensitive,
		UTF8:              cbor.UTF8DecodeInvalid,
		MaxNestedLevels:   nestingMax,
		MaxArrayElements:  elementsMax,
		MaxMapPairs:       elementsMax,
		BinaryUnmarshaler: cbor.BinaryUnmarshalerNone,
	}
	if c.dec, err = dec.DecModeWithTags(tags); err != nil {
		panic(err)
	}
	return c
}

// AppendFact appends the encoding of a fact, which tells its type, to dst. The fact,
// and what it holds in interfaces, must be of types that [actors.Facts] registered;
// strings need not be. After an error dst is as it was.
func AppendFact(dst []byte, fact any) ([]byte, error) {
	c := codecOfFacts()
	if err := c.check(reflect.ValueOf(fact)); err != nil {
		return dst, fmt.Errorf("fact %T: encode: %w", fact, err)
	}
	b, err := c.enc.Marshal(fact)
	if err != nil {
		return dst, fmt.Errorf("fact %T: encode: %w", fact, err)
	}
	return append(dst, b...), nil
}

// DecodeFact returns the fact in b, equal to the one that was encoded, also in which
// of its slices and maps are nil. It shares no memory with b.
func DecodeFact(b []byte) (any, error) {
	c := codecOfFacts()
	var fact any
	if err := c.dec.Unmarshal(b, &fact); err != nil {
		return nil, fmt.Errorf("fact: decode: %w", err)
	}
	if err := c.check(reflect.ValueOf(fact)); err != nil {
		return nil, fmt.Errorf("fact: decode: %w", err)
	}
	return fact, nil
}

// check refuses what would come back, or has come, as something else: a value in an
// interface whose type is not registered.
func (c *factCodec) check(v reflect.Value) error {
	if !v.IsValid() {
		return errNil
	}
	if !c.types[v.Type()] {
		return fmt.Errorf("%v is not registered, see actors.Facts", v.Type())
	}
	if c.open[v.Type()] {
		return c.checkInside(v)
	}
	return nil
}

// checkInside looks for interfaces in a value.
func (c *factCodec) checkInside(v reflect.Value) error {
	switch v.Kind() {
	case reflect.Interface:
		if v.IsNil() || v.Elem().Type() == reflect.TypeFor[string]() {
			return nil
		}
		return c.check(v.Elem())
	case reflect.Pointer:
		if !v.IsNil() {
			return c.checkInside(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if err := c.checkInside(v.Field(i)); err != nil {
				return err
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if err := c.checkInside(v.Index(i)); err != nil {
				return err
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); { // any order: an error is an error
			if err := c.checkInside(it.Value()); err != nil {
				return err
			}
		}
	}
	return nil
}

// hasInterface reports whether values of a type may hold an interface.
func hasInterface(t reflect.Type, seen map[reflect.Type]bool) bool {
	if seen[t] {
		return false
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Interface:
		return true
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return hasInterface(t.Elem(), seen)
	case reflect.Struct:
		for i := range t.NumField() {
			if hasInterface(t.Field(i).Type, seen) {
				return true
			}
		}
	}
	return false
}
