package actors

import (
	"fmt"
	"hash/fnv"
	"reflect"
	"slices"
	"strings"

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
// PIDs (peers travel as path strings). It also panics on fields that would be
// lost: those tagged "-", and those whose name on the wire another field has, as
// when two embedded structs share one. Structs and pointers to structs are
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
	message, isProto := zero.(proto.Message)
	var err error
	if isProto {
		err = checkProto(message)
	} else {
		err = checkMessage(t)
	}
	if err != nil {
		panic(fmt.Sprintf("actors.Message %s: %v", name, err))
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
