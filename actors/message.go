package actors

import (
	"fmt"
	"hash/fnv"
	"reflect"
	"slices"
	"strings"

	"github.com/asynkron/protoactor-go/actor"
	"google.golang.org/protobuf/proto"
)

// A MessageType is one registered message.
type MessageType struct {
	// Name is the wire name.
	Name string
	// Type is the Go type, a struct or a pointer to one, as it was registered.
	Type reflect.Type
	// Proto reports a protobuf message; all others travel as deterministic CBOR.
	Proto bool
	// Hash is the 64-bit FNV-1a hash of Name.
	Hash uint64
}

// A Copier is a message that brings its own deep copy, which sim uses in place
// of a trip through the codec in most runs. Every 16th seed goes through the
// codec all the same and compares the two.
type Copier interface {
	// CopyMessage returns a deep copy of the same dynamic type.
	CopyMessage() any
}

var (
	byType = map[reflect.Type]*MessageType{}
	byName = map[string]*MessageType{}
)

// Message registers the type of zero under a wire name, such as "store.put". It
// is called from a package's init, once a type, and panics by name on what
// cannot travel: interfaces, functions, channels, unexported fields, uintptr and
// PIDs (peers travel as path strings). Structs and pointers to structs are
// distinct types; the kind that was registered is the kind that is received. Nil
// and empty slices and maps are one value on the wire.
func Message(name string, zero any) {
	t := reflect.TypeOf(zero)
	if t == nil {
		panic("actors.Message " + name + ": nil has no type")
	}
	if name == "" || strings.ContainsAny(name, " \t\n") {
		panic(fmt.Sprintf("actors.Message %q: a wire name is one word", name))
	}
	if old, ok := byName[name]; ok {
		panic(fmt.Sprintf("actors.Message %s: the name stands for %v already", name, old.Type))
	}
	if old, ok := byType[t]; ok {
		panic(fmt.Sprintf("actors.Message %s: %v is registered already, as %s", name, t, old.Name))
	}
	_, isProto := zero.(proto.Message)
	if !isProto {
		if err := checkMessage(t); err != nil {
			panic(fmt.Sprintf("actors.Message %s: %v", name, err))
		}
	}
	h := fnv.New64a()
	h.Write([]byte(name))
	mt := &MessageType{Name: name, Type: t, Proto: isProto, Hash: h.Sum64()}
	byType[t], byName[name] = mt, mt
}

// MessageOf returns the registration of a message's dynamic type.
func MessageOf(msg any) (*MessageType, bool) {
	mt, ok := byType[reflect.TypeOf(msg)]
	return mt, ok
}

// MessageNamed returns the registration under a wire name.
func MessageNamed(name string) (*MessageType, bool) {
	mt, ok := byName[name]
	return mt, ok
}

// MessageNames returns all wire names, sorted.
func MessageNames() []string {
	names := make([]string, 0, len(byName))
	for n := range byName {
		names = append(names, n)
	}
	slices.Sort(names)
	return names
}

var pidType = reflect.TypeOf(actor.PID{})

func checkMessage(t reflect.Type) error {
	s := t
	if s.Kind() == reflect.Pointer {
		s = s.Elem()
	}
	if s.Kind() != reflect.Struct {
		return fmt.Errorf("%v is no struct and no pointer to a struct", t)
	}
	return checkField(s, t.String(), map[reflect.Type]bool{})
}

// checkField walks a type; path names the field for the error.
func checkField(t reflect.Type, path string, seen map[reflect.Type]bool) error {
	if t == pidType {
		return fmt.Errorf("%s is a PID: send its path, host/actor", path)
	}
	switch t.Kind() {
	case reflect.Interface, reflect.Func, reflect.Chan, reflect.Uintptr, reflect.UnsafePointer, reflect.Complex64, reflect.Complex128:
		return fmt.Errorf("%s is a %v, which cannot travel", path, t.Kind())
	case reflect.Pointer, reflect.Slice, reflect.Array:
		if seen[t] {
			return nil
		}
		seen[t] = true
		return checkField(t.Elem(), path+"[]", seen)
	case reflect.Map:
		if seen[t] {
			return nil
		}
		seen[t] = true
		if err := checkField(t.Key(), path+"[key]", seen); err != nil {
			return err
		}
		return checkField(t.Elem(), path+"[]", seen)
	case reflect.Struct:
		if seen[t] {
			return nil
		}
		seen[t] = true
		for i := range t.NumField() {
			f := t.Field(i)
			if !f.IsExported() {
				return fmt.Errorf("%s.%s is unexported, so it would be lost", path, f.Name)
			}
			if err := checkField(f.Type, path+"."+f.Name, seen); err != nil {
				return err
			}
		}
	}
	return nil
}
