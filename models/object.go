package models

import (
	"math"
	"slices"
	"strconv"
)

// An Object is the state of one key of a space: all attributes of the space, sorted
// by name, or nil if the key has no object.
type Object []Attr

// Equal says whether both are absent, or have the same attributes.
func (o Object) Equal(p Object) bool {
	return (o == nil) == (p == nil) && slices.EqualFunc(o, p, Attr.equal)
}

// Hash is the same for equal objects.
func (o Object) Hash() uint64 {
	h := hash(14695981039346656037)
	if o == nil {
		return uint64(h)
	}
	h = h.number(uint64(len(o)))
	for _, a := range o {
		h = h.bytes([]byte(a.Name))
		h = a.Value.hash(h)
	}
	return uint64(h)
}

// String is the object as in a Result, or absent.
func (o Object) String() string {
	if o == nil {
		return "absent"
	}
	return string(appendAttrs(nil, o))
}

// at is the place of the named attribute, which the object must have.
func (o Object) at(name string) int {
	for i := range o {
		if o[i].Name == name {
			return i
		}
	}
	panic("models: object without attribute " + name)
}

// A hash is FNV-1a.
type hash uint64

func (h hash) byte(c byte) hash { return (h ^ hash(c)) * 1099511628211 }

func (h hash) number(n uint64) hash {
	for range 8 {
		h = h.byte(byte(n))
		n >>= 8
	}
	return h
}

func (h hash) bytes(b []byte) hash {
	for _, c := range b {
		h = h.byte(c)
	}
	return h.number(uint64(len(b)))
}

func (v Value) hash(h hash) hash {
	h = h.byte(byte(v.Kind)).bytes(v.Str).number(uint64(v.Int)).number(floatBits(v.Float))
	for _, s := range v.Strs {
		h = h.bytes(s)
	}
	for _, n := range v.Ints {
		h = h.number(uint64(n))
	}
	for _, f := range v.Floats {
		h = h.number(floatBits(f))
	}
	return h
}

func floatBits(f float64) uint64 { return math.Float64bits(oneFloat(f)) }

// Apply carries out an operation on an object, alone: the object after it, and the
// answer. obj is not changed.
//
// The order is fixed: a refusal comes before anything else (see Refuse); then
// NOTFOUND if the verb needs an object and there is none; then CMPFAIL if
// PutIfNotExist found one, or if a check fails; then OVERFLOW if any sum does, and
// TOOLARGE if the object would be. Only
// Success changes the object, and changes all named attributes at once. Adding an
// element that is there and removing one that is not succeed.
//
// A sum overflows if it is no int64, or if it is infinite or NaN. Floats compare as
// Value says: NaN is less than everything else and equal to itself.
func Apply(space Space, obj Object, op Op) (Object, Result) {
	if status := space.Refuse(op); status != Success {
		return obj, Result{Status: status}
	}
	if obj == nil && op.Verb != Put && op.Verb != PutIfNotExist {
		return obj, Result{Status: NotFound}
	}
	switch op.Verb {
	case Get:
		return obj, Result{Status: Success, Attrs: obj}
	case Del:
		return nil, Result{Status: Success}
	case PutIfNotExist:
		if obj != nil {
			return obj, Result{Status: CmpFail}
		}
	case CondPut:
		for _, c := range op.Checks {
			if !c.holds(obj) {
				return obj, Result{Status: CmpFail}
			}
		}
	}
	next := slices.Clone(obj)
	if obj == nil {
		next = space.blank()
	}
	for _, a := range op.Attrs {
		v := &next[next.at(a.Name)].Value
		switch op.Verb {
		case SetAdd:
			*v = v.with(a.Value)
		case SetRemove:
			*v = v.without(a.Value)
		case AtomicAdd:
			sum, ok := v.plus(a.Value)
			if !ok {
				return obj, Result{Status: Overflow}
			}
			*v = sum
		default:
			*v = a.Value
		}
	}
	if next.size() > MaxObject {
		return obj, Result{Status: TooLarge}
	}
	return next, Result{Status: Success}
}

// The limits of the store. A value counts its bytes, or those of its elements with
// 8 for each; an object counts its values.
const (
	MaxKey    = 64 << 10
	MaxValue  = 1 << 20
	MaxObject = 2 << 20
)

func (o Object) size() int {
	n := 0
	for i := range o {
		n += o[i].Value.size()
	}
	return n
}

func (v Value) size() int {
	n := len(v.Str) + 8*(len(v.Strs)+len(v.Ints)+len(v.Floats))
	for _, s := range v.Strs {
		n += len(s)
	}
	return n
}

// blank is a new object: every attribute has the zero of its kind.
func (s Space) blank() Object {
	o := make(Object, len(s.Attributes))
	for i, a := range s.Attributes {
		o[i] = Attr{Name: a.Name, Value: Zero(a.Kind)}
	}
	sortAttrs(o)
	return o
}

func (c Check) holds(o Object) bool {
	v := o[o.at(c.Attr)].Value
	switch c.Pred {
	case Equals:
		return v.Compare(c.Value) == 0
	case LessThan:
		return v.Compare(c.Value) < 0
	case LessEqual:
		return v.Compare(c.Value) <= 0
	case GreaterEqual:
		return v.Compare(c.Value) >= 0
	case GreaterThan:
		return v.Compare(c.Value) > 0
	default:
		return v.Has(c.Value)
	}
}

// plus adds ints or floats; ok is false on overflow.
func (v Value) plus(w Value) (sum Value, ok bool) {
	if v.Kind == Float {
		f := v.Float + w.Float
		return FloatValue(f), !math.IsInf(f, 0) && !math.IsNaN(f)
	}
	n := v.Int + w.Int
	return IntValue(n), (n > v.Int) == (w.Int > 0)
}

// Refuse decides from the definition of the space alone whether an operation is
// refused, and with which status; Success means that it is not. Checks come before
// attributes, and of each name the first that applies: DONTUSEKEY for the key,
// UNKNOWNATTR, DUPEATTR for an attribute named twice (checks may), WRONGTYPE. A key
// or a value that is too large comes first: TOOLARGE.
func (s Space) Refuse(op Op) Status {
	if op.Space != s.Name {
		return UnknownSpace
	}
	if len(op.Key) > MaxKey {
		return TooLarge
	}
	for _, a := range op.Attrs {
		if a.Value.size() > MaxValue {
			return TooLarge
		}
	}
	for _, c := range op.Checks {
		kind, status := s.named(c.Attr)
		if status != Success {
			return status
		}
		if !c.fits(kind) {
			return WrongType
		}
	}
	for i, a := range op.Attrs {
		kind, status := s.named(a.Name)
		if status != Success {
			return status
		}
		for _, b := range op.Attrs[:i] {
			if b.Name == a.Name {
				return DupeAttr
			}
		}
		if !op.Verb.fits(kind, a.Value.Kind) {
			return WrongType
		}
	}
	return Success
}

// named is the kind of an attribute, or the refusal.
func (s Space) named(name string) (Kind, Status) {
	if name == s.Key {
		return 0, DontUseKey
	}
	kind, known := s.Kind(name)
	if !known {
		return 0, UnknownAttr
	}
	return kind, Success
}

// fits says whether an attribute can be compared so: sets are only equal or not,
// and only sets contain.
func (c Check) fits(kind Kind) bool {
	elem, set := kind.Element()
	switch {
	case c.Pred > Contains:
		return false
	case c.Pred == Contains:
		return set && c.Value.Kind == elem
	default:
		return c.Value.Kind == kind && (!set || c.Pred == Equals)
	}
}

// fits says whether an attribute of a kind takes a value of another from the verb.
func (v Verb) fits(attr, value Kind) bool {
	switch v {
	case SetAdd, SetRemove:
		elem, set := attr.Element()
		return set && value == elem
	case AtomicAdd:
		return attr == value && (attr == Int || attr == Float)
	default:
		return attr == value
	}
}

// Whole says whether the operation is a Put that sets every attribute of the space,
// so that it leaves the same object whatever was there; value tells that object from
// all others. With Seen it makes keys that see nothing else plain registers.
func (s Space) Whole(op Op) (value string, ok bool) {
	if op.Verb != Put || len(op.Attrs) != len(s.Attributes) || s.Refuse(op) != Success {
		return "", false
	}
	return distinct(op.Attrs), true
}

// Seen is the object that a Get returned, as Whole has it: empty for NOTFOUND. ok is
// false for other operations and answers.
func Seen(op Op, r Result) (value string, ok bool) {
	switch {
	case op.Verb != Get:
		return "", false
	case r.Status == NotFound:
		return "", true
	default:
		return distinct(r.Attrs), r.Status == Success
	}
}

// distinct is a text that two objects share only if they are equal. It is made for
// every put and get of a history, and quoting strings for people takes long.
func distinct(attrs []Attr) string {
	b := append(make([]byte, 0, 64), '{') // an object without attributes is not an absent one
	for i := range attrs {
		a := &attrs[i]
		b = appendName(b, a.Name)
		if a.Value.Kind == String {
			b = strconv.AppendInt(append(b, '='), int64(len(a.Value.Str)), 10)
			b = append(append(b, ':'), a.Value.Str...)
		} else {
			b = a.Value.appendText(append(b, ' '))
		}
		b = append(b, ';')
	}
	return string(b)
}
