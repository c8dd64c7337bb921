package models

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A Kind is the type of an attribute.
type Kind uint8

// The kinds of attributes. Sets hold strings, ints or floats.
const (
	String Kind = iota
	Int
	Float
	SetString
	SetInt
	SetFloat
)

// kindNames are the kinds as a space definition writes them.
var kindNames = [...]string{
	String: "string", Int: "int", Float: "float",
	SetString: "set(string)", SetInt: "set(int)", SetFloat: "set(float)",
}

// String is the kind as a space definition writes it: set(string).
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Element is the kind of the elements of a set; ok is false for other kinds.
func (k Kind) Element() (elem Kind, ok bool) {
	switch k {
	case SetString:
		return String, true
	case SetInt:
		return Int, true
	case SetFloat:
		return Float, true
	default:
		return k, false
	}
}

// A Value is one typed value; only the fields of its Kind are set. Sets are
// sorted and have no element twice. A string is bytes, it need not be UTF-8.
//
// There is one NaN, which equals itself and is less than every other float, and
// one zero: the constructors turn -0 into 0. So equal values look alike.
type Value struct {
	Kind   Kind
	Str    []byte
	Int    int64
	Float  float64
	Strs   [][]byte
	Ints   []int64
	Floats []float64
}

// StringValue makes a string.
func StringValue(s string) Value {
	v := Value{Kind: String}
	if s != "" {
		v.Str = []byte(s)
	}
	return v
}

// IntValue makes an int.
func IntValue(n int64) Value { return Value{Kind: Int, Int: n} }

// FloatValue makes a float.
func FloatValue(f float64) Value { return Value{Kind: Float, Float: oneFloat(f)} }

// oneFloat maps floats that compare equal to one of them.
func oneFloat(f float64) float64 {
	switch {
	case f == 0:
		return 0
	case math.IsNaN(f):
		return math.NaN()
	default:
		return f
	}
}

// SetValue makes a set of a set kind from elements in any order. It panics if the
// kind is no set or an element has another kind.
func SetValue(kind Kind, elems ...Value) Value {
	elem, ok := kind.Element()
	if !ok {
		panic(fmt.Sprintf("models: %v is no kind of set", kind))
	}
	set := Value{Kind: kind}
	for _, e := range elems {
		if e.Kind != elem {
			panic(fmt.Sprintf("models: %v is no element of a %v", e, kind))
		}
		set = set.with(e)
	}
	return set
}

// Zero is the value that a new object has in an attribute nobody set: "", 0, 0.0
// or the empty set.
func Zero(kind Kind) Value { return Value{Kind: kind} }

// Compare orders values of one kind: strings by their bytes, sets by their
// elements. Values of different kinds are ordered by kind.
func (v Value) Compare(w Value) int {
	if v.Kind != w.Kind {
		return cmp.Compare(v.Kind, w.Kind)
	}
	switch v.Kind {
	case String:
		return bytes.Compare(v.Str, w.Str)
	case Int:
		return cmp.Compare(v.Int, w.Int)
	case Float:
		return cmp.Compare(v.Float, w.Float)
	case SetString:
		return slices.CompareFunc(v.Strs, w.Strs, bytes.Compare)
	case SetInt:
		return slices.Compare(v.Ints, w.Ints)
	case SetFloat:
		return slices.Compare(v.Floats, w.Floats)
	default:
		panic(fmt.Sprintf("models: compare values of kind %v", v.Kind))
	}
}

// Equal says whether the values have the same kind and content.
func (v Value) Equal(w Value) bool { return v.Kind == w.Kind && v.Compare(w) == 0 }

// Has says whether a set has the element.
func (v Value) Has(elem Value) bool {
	_, found := v.find(elem)
	return found
}

// find is the place of an element in a set, or the place where it belongs.
func (v Value) find(elem Value) (int, bool) {
	switch v.Kind {
	case SetString:
		return slices.BinarySearchFunc(v.Strs, elem.Str, bytes.Compare)
	case SetInt:
		return slices.BinarySearch(v.Ints, elem.Int)
	case SetFloat:
		return slices.BinarySearch(v.Floats, elem.Float)
	default:
		panic(fmt.Sprintf("models: %v is no set", v.Kind))
	}
}

// with is the set and the element.
func (v Value) with(elem Value) Value {
	at, found := v.find(elem)
	if found {
		return v
	}
	switch v.Kind {
	case SetString:
		v.Strs = slices.Insert(slices.Clone(v.Strs), at, elem.Str)
	case SetInt:
		v.Ints = slices.Insert(slices.Clone(v.Ints), at, elem.Int)
	case SetFloat:
		v.Floats = slices.Insert(slices.Clone(v.Floats), at, oneFloat(elem.Float))
	}
	return v
}

// without is the set less the element.
func (v Value) without(elem Value) Value {
	at, found := v.find(elem)
	if !found {
		return v
	}
	switch v.Kind {
	case SetString:
		v.Strs = slices.Delete(slices.Clone(v.Strs), at, at+1)
	case SetInt:
		v.Ints = slices.Delete(slices.Clone(v.Ints), at, at+1)
	case SetFloat:
		v.Floats = slices.Delete(slices.Clone(v.Floats), at, at+1)
	}
	return v
}

// String is the value as a literal of a plan, from which its kind can be read:
// "text", 12, 1.5, {"a", "b"}, {1, 2}, {0.5}; an empty set is set(string){}.
func (v Value) String() string { return string(v.appendText(nil)) }

func (v Value) appendText(b []byte) []byte {
	switch v.Kind {
	case String:
		return strconv.AppendQuote(b, string(v.Str))
	case Int:
		return strconv.AppendInt(b, v.Int, 10)
	case Float:
		return appendFloat(b, v.Float)
	case SetString:
		return appendSet(b, v.Kind, v.Strs, func(b, s []byte) []byte { return strconv.AppendQuote(b, string(s)) })
	case SetInt:
		return appendSet(b, v.Kind, v.Ints, func(b []byte, n int64) []byte { return strconv.AppendInt(b, n, 10) })
	case SetFloat:
		return appendSet(b, v.Kind, v.Floats, appendFloat)
	default:
		return append(b, v.Kind.String()...)
	}
}

func appendSet[E any](b []byte, kind Kind, elems []E, one func([]byte, E) []byte) []byte {
	if len(elems) == 0 {
		b = append(b, kind.String()...)
	}
	b = append(b, '{')
	for i, e := range elems {
		if i > 0 {
			b = append(b, ", "...)
		}
		b = one(b, e)
	}
	return append(b, '}')
}

// appendFloat writes the shortest text that reads back as the same float and
// cannot be taken for an int.
func appendFloat(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, "nan"...)
	case math.IsInf(f, 1):
		return append(b, "inf"...)
	case math.IsInf(f, -1):
		return append(b, "-inf"...)
	}
	text := strconv.FormatFloat(f, 'g', -1, 64)
	b = append(b, text...)
	if !strings.ContainsAny(text, ".e") {
		b = append(b, ".0"...)
	}
	return b
}
