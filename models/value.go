package models

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

// A Value is one typed value; only the fields of its Kind are set. Sets are
// sorted and have no element twice. A string is bytes, it need not be UTF-8.
type Value struct {
	Kind   Kind
	Str    []byte
	Int    int64
	Float  float64
	Strs   [][]byte
	Ints   []int64
	Floats []float64
}
