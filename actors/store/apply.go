package store

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"sort"

	"github.com/simrun/simrun/models"
)

// refuse reports what is wrong with an operation whatever the object holds, or
// Success. A refused operation has no effect and has seen nothing.
func refuse(def *models.Space, op *models.Op) models.Status {
	if len(op.Key) > models.MaxKey || slices.ContainsFunc(op.Attrs, func(a models.Attr) bool { return bytesOf(&a.Value) > models.MaxValue }) {
		return models.TooLarge
	}
	for i := range op.Checks {
		c := &op.Checks[i]
		kind, status := attributeKind(def, c.Attr)
		if status != models.Success {
			return status
		}
		elem, set := kind.Element()
		switch {
		case c.Pred == models.Contains:
			if !set || c.Value.Kind != elem {
				return models.WrongType
			}
		case c.Value.Kind != kind, set && c.Pred != models.Equals, c.Pred > models.Contains:
			return models.WrongType // sets have no order
		}
	}
	for i := range op.Attrs {
		a := &op.Attrs[i]
		kind, status := attributeKind(def, a.Name)
		if status != models.Success {
			return status
		}
		if i > 0 && op.Attrs[i-1].Name == a.Name {
			return models.DupeAttr
		}
		switch op.Verb {
		case models.SetAdd, models.SetRemove:
			elem, ok := kind.Element()
			if !ok {
				return models.WrongType
			}
			kind = elem
		case models.AtomicAdd:
			if kind != models.Int && kind != models.Float {
				return models.WrongType
			}
		}
		if a.Value.Kind != kind {
			return models.WrongType
		}
	}
	return models.Success
}

func attributeKind(def *models.Space, name string) (models.Kind, models.Status) {
	for i := range def.Attributes {
		if def.Attributes[i].Name == name {
			return def.Attributes[i].Kind, models.Success
		}
	}
	if name == def.Key {
		return 0, models.DontUseKey
	}
	return 0, models.UnknownAttr
}

// decide carries out a change on an object, which is not written to; exists says
// whether there is one. Unless the status is Success, nothing changes. With Del,
// next is nil.
func decide(def *models.Space, object []models.Attr, exists bool, op *models.Op) (next []models.Attr, status models.Status) {
	switch op.Verb {
	case models.PutIfNotExist:
		if exists {
			return nil, models.CmpFail
		}
	case models.Put:
	default:
		if !exists {
			return nil, models.NotFound
		}
	}
	for i := range op.Checks {
		if c := &op.Checks[i]; !holds(slot(object, c.Attr), c) {
			return nil, models.CmpFail
		}
	}
	if op.Verb == models.Del {
		return nil, models.Success
	}
	if exists {
		next = slices.Clone(object)
	} else {
		next = blank(def)
	}
	for i := range op.Attrs {
		a := &op.Attrs[i]
		v := slot(next, a.Name)
		switch op.Verb {
		case models.SetAdd:
			*v = withElement(*v, a.Value)
		case models.SetRemove:
			*v = withoutElement(*v, a.Value)
		case models.AtomicAdd:
			sum, ok := add(*v, a.Value)
			if !ok {
				return nil, models.Overflow
			}
			*v = sum
		default:
			*v = a.Value
		}
	}
	total := 0
	for i := range next {
		total += bytesOf(&next[i].Value)
	}
	if total > models.MaxObject {
		return nil, models.TooLarge // its record would not fit a message
	}
	return next, models.Success
}

// bytesOf is what a value counts towards the limits.
func bytesOf(v *models.Value) int {
	total := len(v.Str) + 8*(len(v.Ints)+len(v.Floats))
	for _, elem := range v.Strs {
		total += 8 + len(elem)
	}
	return total
}

// blank is a new object: every attribute of the space, sorted by name, with the
// zero value of its kind.
func blank(def *models.Space) []models.Attr {
	out := make([]models.Attr, len(def.Attributes))
	for i, a := range def.Attributes {
		out[i] = models.Attr{Name: a.Name, Value: models.Value{Kind: a.Kind}}
	}
	slices.SortFunc(out, func(a, b models.Attr) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// slot finds an attribute that refuse has found in the space.
func slot(object []models.Attr, name string) *models.Value {
	i := sort.Search(len(object), func(i int) bool { return object[i].Name >= name })
	return &object[i].Value
}

func holds(v *models.Value, c *models.Check) bool {
	if c.Pred == models.Contains {
		_, found := position(*v, c.Value)
		return found
	}
	order := compare(v, &c.Value)
	switch c.Pred {
	case models.Equals:
		return order == 0
	case models.LessThan:
		return order < 0
	case models.LessEqual:
		return order <= 0
	case models.GreaterEqual:
		return order >= 0
	case models.GreaterThan:
		return order > 0
	}
	return false
}

// compare orders two values of one kind; sets are ordered element by element.
func compare(a, b *models.Value) int {
	switch a.Kind {
	case models.String:
		return bytes.Compare(a.Str, b.Str)
	case models.Int:
		return cmp.Compare(a.Int, b.Int)
	case models.Float:
		return cmp.Compare(a.Float, b.Float)
	case models.SetString:
		return slices.CompareFunc(a.Strs, b.Strs, bytes.Compare)
	case models.SetInt:
		return slices.Compare(a.Ints, b.Ints)
	default:
		return slices.Compare(a.Floats, b.Floats)
	}
}

// position finds an element in a set, or the place where it belongs.
func position(set, elem models.Value) (int, bool) {
	switch set.Kind {
	case models.SetString:
		return slices.BinarySearchFunc(set.Strs, elem.Str, bytes.Compare)
	case models.SetInt:
		return slices.BinarySearch(set.Ints, elem.Int)
	default:
		return slices.BinarySearch(set.Floats, elem.Float)
	}
}

func withElement(set, elem models.Value) models.Value {
	i, found := position(set, elem)
	if found {
		return set
	}
	switch set.Kind {
	case models.SetString:
		set.Strs = slices.Insert(slices.Clone(set.Strs), i, elem.Str)
	case models.SetInt:
		set.Ints = slices.Insert(slices.Clone(set.Ints), i, elem.Int)
	default:
		set.Floats = slices.Insert(slices.Clone(set.Floats), i, elem.Float)
	}
	return set
}

func withoutElement(set, elem models.Value) models.Value {
	i, found := position(set, elem)
	if !found {
		return set
	}
	switch set.Kind {
	case models.SetString:
		set.Strs = slices.Delete(slices.Clone(set.Strs), i, i+1)
	case models.SetInt:
		set.Ints = slices.Delete(slices.Clone(set.Ints), i, i+1)
	default:
		set.Floats = slices.Delete(slices.Clone(set.Floats), i, i+1)
	}
	return set
}

// add reports false on overflow: a sum is an int64, or a float that is neither
// infinite nor NaN, and never -0, so that equal objects have equal bytes.
func add(v, addend models.Value) (models.Value, bool) {
	if v.Kind == models.Int {
		sum := v.Int + addend.Int
		if (sum > v.Int) != (addend.Int > 0) {
			return v, false
		}
		v.Int = sum
		return v, true
	}
	sum := v.Float + addend.Float
	if math.IsInf(sum, 0) || math.IsNaN(sum) {
		return v, false
	}
	v.Float = sum
	if sum == 0 {
		v.Float = 0
	}
	return v, true
}
