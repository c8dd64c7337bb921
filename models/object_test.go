package models

import (
	"math"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// R3, R39, R40: operations one after the other on one object. The golden shows each
// answer and the object after it.
func TestApply(t *testing.T) {
	space, err := ParseSpace(`space s key k attributes string name, int n, float f, set(string) tags, set(int) nums`)
	if err != nil {
		t.Fatal(err)
	}
	datadriven.RunTest(t, "testdata/apply", func(t *testing.T, d *datadriven.TestData) string {
		var out []byte
		var obj Object
		for line := range lines(d.Input) {
			op, err := ParseOp(line)
			if err != nil {
				t.Fatalf("%s: %s: %v", d.Pos, line, err)
			}
			before := obj.String()
			next, result := Apply(space, obj, op)
			if obj.String() != before {
				t.Fatalf("%s: %s changed the object it was given", d.Pos, line)
			}
			if result.Status != Success && !next.Equal(obj) {
				t.Fatalf("%s: %s answered %v and changed the object", d.Pos, line, result)
			}
			obj = next
			out = append(out, result.String()...)
			out = append(out, "    "...)
			out = append(out, obj.String()...)
			out = append(out, '\n')
		}
		return string(out)
	})
}

func lines(text string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		start := 0
		for i := range len(text) + 1 {
			if i == len(text) || text[i] == '\n' {
				if i > start && !yield(text[start:i]) {
					return
				}
				start = i + 1
			}
		}
	}
}

func TestEqualObjectsHaveEqualHashes(t *testing.T) {
	law(t, "Equal implies equal Hash, a changed value another Hash", func(d drawer) bool {
		obj := Object(d.attrs())
		if obj == nil {
			return Object(nil).Hash() != Object{}.Hash() && !Object(nil).Equal(Object{})
		}
		copied := Object{}
		for _, a := range obj {
			v := a.Value
			switch elem, set := v.Kind.Element(); {
			case set:
				v = SetValue(v.Kind, reversed(v, elem)...)
			case v.Kind == Float && v.Float == 0:
				v.Float = math.Copysign(0, -1)
			}
			copied = append(copied, Attr{a.Name, v})
		}
		if !obj.Equal(copied) || obj.Hash() != copied.Hash() {
			return false
		}
		copied[0].Value = Value{Kind: String, Str: []byte("something else")}
		return !obj.Equal(copied) && obj.Hash() != copied.Hash()
	})
}

// reversed lists the elements of a set from the last to the first, and the last one
// twice.
func reversed(v Value, elem Kind) []Value {
	var elems []Value
	add := func(e Value) { elems = append([]Value{e}, elems...) }
	for _, s := range v.Strs {
		add(StringValue(string(s)))
	}
	for _, n := range v.Ints {
		add(IntValue(n))
	}
	for _, f := range v.Floats {
		add(FloatValue(f))
	}
	if len(elems) > 0 {
		elems = append(elems, elems[0])
	}
	return elems
}

func TestSumsThatOverflowAreRefused(t *testing.T) {
	for _, c := range []struct {
		a, b Value
		ok   bool
	}{
		{IntValue(math.MaxInt64), IntValue(1), false},
		{IntValue(math.MinInt64), IntValue(-1), false},
		{IntValue(math.MaxInt64), IntValue(math.MinInt64), true},
		{IntValue(math.MaxInt64), IntValue(0), true},
		{IntValue(-1), IntValue(math.MinInt64), false},
		{FloatValue(math.MaxFloat64), FloatValue(math.MaxFloat64), false},
		{FloatValue(math.Inf(1)), FloatValue(math.Inf(-1)), false},
		{FloatValue(math.NaN()), FloatValue(1), false},
		{FloatValue(1), FloatValue(-1), true},
	} {
		if _, ok := c.a.plus(c.b); ok != c.ok {
			t.Errorf("%v + %v: ok is %v", c.a, c.b, ok)
		}
	}
}

func TestEveryStatusIsObservedRefusedOrUnknown(t *testing.T) {
	for s := Status(8000); s < 9000; s++ {
		if s.Observed() && s.Refused() {
			t.Errorf("%v is both observed and refused", s)
		}
	}
	for _, s := range []Status{ServerError, Reconfigure, Timeout, CoordFail, NonePending, 0, 9999} {
		if s.Observed() || s.Refused() {
			t.Errorf("%v says nothing certain about an operation", s)
		}
	}
}
