package linearizability

import (
	"fmt"
	"hash/maphash" //actorvet:allow its seed decides how fast a search is, not what it finds
	"reflect"
)

// A Spec gives operations their sequential meaning: what one client alone would
// see. S is the state of one key, I an operation, O what it answers. Key and
// Apply are needed, everything else has a useful zero value.
//
// The functions must be pure: they are called many times, in any order, and must
// not change a state they were given. A panic in one of them leaves Check.
type Spec[S, I, O any] struct {
	// Key names the object the operation works on. Keys are judged one by one:
	// a history is linearizable if each of its objects is.
	Key func(in I) string
	// Init is the state of every key before the first operation; nil means the
	// zero S.
	Init func() S
	// Apply carries out the operation alone: the state after it and its answer.
	Apply func(state S, in I) (S, O)

	// Match compares the answer of Apply with the one the client got; nil means
	// reflect.DeepEqual.
	Match func(in I, want, got O) bool
	// ReadOnly says that the operation never changes a state. Such an operation is
	// dropped while its outcome is unknown; nil means that none is.
	ReadOnly func(in I) bool
	// Equal compares states; nil means reflect.DeepEqual, or == where that is the
	// same: for numbers, strings, bools, and arrays and structs of them.
	Equal func(a, b S) bool
	// Hash must be the same for equal states. If Equal is nil and means ==, nil has
	// the states hashed all the same. Otherwise the search is slower without it when
	// many operations of a key overlap.
	Hash func(state S) uint64

	// Write and Read, set both or none, mark the operations of a plain register: a
	// write that replaces the whole state by value and answers the same in every
	// state, and a read that returned value. A value stands for the whole state.
	// A key is judged in O(n log n), whatever is pending, if it has no other
	// operations, no two writes of the same value and no write of the initial one.
	Write func(in I) (value string, ok bool)
	Read  func(in I, out O) (value string, ok bool)
}

// Model returns the checker of the Spec. It panics if Key or Apply is missing. An
// operation in a history that is no I, or whose output is no O, makes Check panic.
func (s Spec[S, I, O]) Model() Model {
	if s.Key == nil || s.Apply == nil {
		panic("linearizability: a Spec needs Key and Apply")
	}
	if (s.Write == nil) != (s.Read == nil) {
		panic("linearizability: a Spec has both Write and Read or none")
	}
	if s.Match == nil {
		s.Match = func(_ I, want, got O) bool { return reflect.DeepEqual(want, got) }
	}
	m := &model{
		key:      func(in any) string { return s.Key(as[I]("input", in)) },
		init:     func() any { var zero S; return zero },
		readOnly: func(any) bool { return false },
		match: func(in, want, got any) bool {
			return s.Match(as[I]("input", in), as[O]("answer", want), as[O]("output", got))
		},
		equal: reflect.DeepEqual,
		apply: func(state, in any) (any, any) {
			next, out := s.Apply(as[S]("state", state), as[I]("input", in))
			return next, out
		},
	}
	if s.Init != nil {
		m.init = func() any { return s.Init() }
	}
	if s.ReadOnly != nil {
		m.readOnly = func(in any) bool { return s.ReadOnly(as[I]("input", in)) }
	}
	switch {
	case s.Equal != nil:
		m.equal = func(a, b any) bool { return s.Equal(as[S]("state", a), as[S]("state", b)) }
	case plain(reflect.TypeFor[S]()):
		// The seed differs from process to process. Only which states are compared
		// follows from a hash, never what comes of it.
		seed := maphash.MakeSeed()
		m.equal = func(a, b any) bool { return a == b }
		m.hash = func(state any) uint64 { return maphash.Comparable(seed, state) }
	}
	if s.Hash != nil {
		m.hash = func(state any) uint64 { return s.Hash(as[S]("state", state)) }
	}
	if s.Write != nil {
		m.write = func(in any) (string, bool) { return s.Write(as[I]("input", in)) }
		m.read = func(in, out any) (string, bool) {
			return s.Read(as[I]("input", in), as[O]("output", out))
		}
	}
	return m
}

// plain says that == of values of the type is reflect.DeepEqual, and never panics.
func plain(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return plain(t.Elem())
	case reflect.Struct:
		for f := range t.Fields() {
			if !plain(f.Type) || f.Name == "_" {
				return false
			}
		}
		return true
	case reflect.String:
		return true
	default:
		return t.Kind() >= reflect.Bool && t.Kind() <= reflect.Complex128
	}
}

// as is v.(T), where nil stands for the zero T: an interface type that holds nil
// loses its type when it is stored in an any.
func as[T any](what string, v any) T {
	t, ok := v.(T)
	if !ok && v != nil {
		panic(fmt.Sprintf("linearizability: %s %v is a %T, the Spec wants %v", what, v, v, reflect.TypeFor[T]()))
	}
	return t
}
