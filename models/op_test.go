package models

import (
	"errors"
	"math"
	"math/rand"
	"slices"
	"testing"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"
)

// A drawer makes random data from one seed, for laws.
type drawer struct{ *rand.Rand }

func (d drawer) bytes() string {
	alphabet := []string{"a", "B", "7", "_", ".", "-", "+", " ", "\"", "\\", "\n", "\x00", "\xff", "é", "\ufffd", "{", "}", ":", "#", "if", "set", "nan", "1e5"}
	text := ""
	for range d.Intn(5) {
		text += alphabet[d.Intn(len(alphabet))]
	}
	return text
}

func (d drawer) int() int64 {
	edges := []int64{0, 1, -1, math.MaxInt64, math.MinInt64}
	if n := d.Intn(2 * len(edges)); n < len(edges) {
		return edges[n]
	}
	return int64(d.Uint64())
}

func (d drawer) float() float64 {
	edges := []float64{0, math.Copysign(0, -1), 1, -1.5, 1e21, 1e-7, math.MaxFloat64, math.SmallestNonzeroFloat64, math.Inf(1), math.Inf(-1), math.NaN(), 1 << 53}
	if n := d.Intn(2 * len(edges)); n < len(edges) {
		return edges[n]
	}
	return math.Float64frombits(d.Uint64())
}

func (d drawer) value(kind Kind) Value {
	switch elem, set := kind.Element(); {
	case set:
		var elems []Value
		for range d.Intn(4) {
			elems = append(elems, d.value(elem))
		}
		return SetValue(kind, elems...)
	case kind == Int:
		return IntValue(d.int())
	case kind == Float:
		return FloatValue(d.float())
	default:
		return StringValue(d.bytes())
	}
}

func (d drawer) attrs() []Attr {
	var attrs []Attr
	for range d.Intn(4) {
		attrs = append(attrs, Attr{Name: d.bytes(), Value: d.value(Kind(d.Intn(6)))})
	}
	sortAttrs(attrs)
	return attrs
}

func (d drawer) op() Op {
	op := Op{Verb: Verb(d.Intn(len(verbNames))), Space: d.bytes(), Key: d.bytes()}
	if op.Verb == CondPut {
		for range d.Intn(3) {
			op.Checks = append(op.Checks, Check{Attr: d.bytes(), Pred: Predicate(d.Intn(6)), Value: d.value(Kind(d.Intn(6)))})
		}
	}
	if op.Verb.hasAttrs() {
		op.Attrs = d.attrs()
	}
	return op
}

// law runs a property on random data of a fixed number of seeds.
func law(t *testing.T, name string, holds func(d drawer) bool) {
	t.Helper()
	params := gopter.DefaultTestParametersWithSeed(1)
	params.MinSuccessfulTests = 3000
	properties := gopter.NewProperties(params)
	properties.Property(name, prop.ForAll(func(seed int64) bool {
		return holds(drawer{rand.New(rand.NewSource(seed))})
	}, gen.Int64()))
	properties.TestingRun(t)
}

func sameOp(a, b Op) bool {
	return a.Verb == b.Verb && a.Space == b.Space && a.Key == b.Key &&
		slices.EqualFunc(a.Attrs, b.Attrs, Attr.equal) &&
		slices.EqualFunc(a.Checks, b.Checks, func(c, d Check) bool {
			return c.Attr == d.Attr && c.Pred == d.Pred && c.Value.Equal(d.Value)
		})
}

func TestOpTextReadsBackAsTheSameOp(t *testing.T) {
	law(t, "ParseOp(op.String()) == op", func(d drawer) bool {
		op := d.op()
		back, err := ParseOp(op.String())
		if err != nil || !sameOp(op, back) || back.String() != op.String() {
			t.Logf("%v\nread as %v, %v", op, back, err)
			return false
		}
		return true
	})
}

func TestEveryPrefixOfAnOpIsRefusedOrAnotherOp(t *testing.T) {
	law(t, "no panic and a column inside the text", func(d drawer) bool {
		text := d.op().String()
		cut := text[:d.Intn(len(text)+1)]
		_, err := ParseOp(cut)
		var syntax *SyntaxError
		return err == nil || errors.As(err, &syntax) && syntax.Column >= 1 && syntax.Column <= len(cut)+1
	})
}

func TestOpText(t *testing.T) {
	for _, text := range []string{
		`put friendlists jsmith1 {first: "John", last: "Smith"}`,
		`set_add friendlists jj {friends: "jsmith1"}`,
		`set_remove friendlists jj {friends: "jsmith1"}`,
		`cond_put S K if {age >= 3, first == "John", friends contains "jj"} {age: 4}`,
		`cond_put S K if {} {}`,
		`put_if_not_exist S K {f: 1.0, g: -0.5, h: nan, i: inf, j: -inf, k: 1e+21}`,
		`put S K {a: set(string){}, b: set(int){}, c: set(float){}, d: {"x", "y"}, e: {1, 2}, f: {0.5, 1.0}}`,
		`put S K {a: ""}`,
		`del S K`,
		`get S "key with \x00 and \xff"`,
		`get S ""`,
		`atomic_add S K {n: -3}`,
	} {
		op, err := ParseOp(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if op.String() != text {
			t.Errorf("%s printed as %s", text, op)
		}
	}
}

func TestParseOpNamesTheFirstWrongWord(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{``, `column 1: the end is no operation`},
		{`putt S K {}`, `column 1: "putt" is no operation`},
		{`put`, `column 4: want a space, found the end`},
		{`put S`, `column 6: want a key, found the end`},
		{`put S K`, `column 8: want "{", found the end`},
		{`put S K {a 1}`, `column 12: want ":", found "1"`},
		{`put S K {a: }`, `column 13: want a value, found "}"`},
		{`put S K {a: 1 b: 2}`, `column 15: want "," or "}", found "b"`},
		{`put S K {a: 1,}`, `column 15: want an attribute, found "}"`},
		{`put S K {a: {}}`, `column 13: an empty set is written set(string){}, set(int){} or set(float){}`},
		{`put S K {a: {1, "x"}}`, `column 17: "x" in a set of int`},
		{`put S K {a: {{1}}}`, `column 14: a set in a set`},
		{`put S K {a: set(bool){}}`, `column 17: "bool" is no kind of element: string, int or float`},
		{`put S K {a: 9223372036854775808}`, `column 13: "9223372036854775808" is no value`},
		{`put S K {a: 1e999}`, `column 13: "1e999" is no value`},
		{`put S K {a: +1}`, `column 13: "+1" is no value`},
		{`put S K {a: yes}`, `column 13: "yes" is no value`},
		{`put S K {a: "x}`, `column 13: string without a closing quote or with a wrong escape`},
		{`put S K {a: 1} x`, `column 16: "x" after the end`},
		{`get S K {}`, `column 9: "{" after the end`},
		{`cond_put S K {a: 1}`, `column 14: want "if", found "{"`},
		{`cond_put S K if {a = 1} {}`, `column 20: want ==, <, <=, >=, > or contains, found "="`},
		{"get S K\nget S K", `column 8: "\n" after the end`},
	} {
		_, err := ParseOp(c.text)
		if err == nil || err.Error() != c.want {
			t.Errorf("%q: %v, want %s", c.text, err, c.want)
		}
	}
}

func TestRegisterOpTextReadsBack(t *testing.T) {
	law(t, "ParseRegisterOp(op.String()) == op", func(d drawer) bool {
		var op RegisterOp = Read{Key: d.bytes()}
		if d.Intn(2) == 0 {
			op = Write{Key: d.bytes(), Value: d.bytes()}
		}
		back, err := ParseRegisterOp(op.String())
		return err == nil && back == op
	})
	for _, c := range []struct{ text, want string }{
		{`wrote k "v"`, `column 1: "wrote" is no operation: write or read`},
		{`write k`, `column 8: want a value, found the end`},
		{`read k "v"`, `column 8: "\"" after the end`},
	} {
		if _, err := ParseRegisterOp(c.text); err == nil || err.Error() != c.want {
			t.Errorf("%q: %v, want %s", c.text, err, c.want)
		}
	}
}
