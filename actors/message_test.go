package actors_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

type (
	Origin struct{ Name string }
	Target struct{ Name string }
	Deep   struct{ Origin }
	ID     uint64
)

type travelled struct {
	Origin
	*Deep  `cbor:"deep"`
	Target Target
	ID
	Other string `json:"other,omitempty"`
	Tree  []*travelled
	Byte  map[string][2]byte
}

func init() {
	actors.Message("actors.travelled", travelled{})
	actors.Message("actors.travelled-pointer", &travelled{})
	actors.Message("actors.touch", &actor.Touch{})
}

func TestRegisteredMessageIsFoundByTypeAndByName(t *testing.T) {
	for name, msg := range map[string]any{
		"actors.travelled":         travelled{},
		"actors.travelled-pointer": &travelled{},
		"actors.touch":             &actor.Touch{},
	} {
		byType, ok := actors.MessageOf(msg)
		byName, found := actors.MessageNamed(name)
		if !ok || !found || byType != byName || byType.Name != name || byType.Type != reflect.TypeOf(msg) {
			t.Errorf("%s: %+v %v by type, %+v %v by name", name, byType, ok, byName, found)
		}
		if _, proto := msg.(*actor.Touch); byType.Proto != proto {
			t.Errorf("%s: Proto is %v", name, byType.Proto)
		}
		if !slices.Contains(actors.MessageNames(), name) {
			t.Errorf("%s is not listed", name)
		}
	}
	if mt, ok := actors.MessageOf(Origin{}); ok {
		t.Errorf("an unregistered type is %s", mt.Name)
	}
	if !slices.IsSorted(actors.MessageNames()) {
		t.Errorf("names are not sorted: %v", actors.MessageNames())
	}
}

// refused lists what must not be registered, with a part of the reason.
var refused = []struct {
	claim  string
	name   string
	zero   any
	reason string
}{
	{"nil", "", nil, "nil has no type"},
	{"no name", "-", struct{}{}, `"": a wire name is one word`},
	{"two words", "actors two", struct{}{}, `"actors two": a wire name is one word`},
	{"double name", "actors.travelled", Origin{}, "stands for actors_test.travelled already"},
	{"double type", "", travelled{}, "registered already, as actors.travelled"},
	{"number", "", 7, "int is no struct"},
	{"pointer to a pointer", "", new(*Origin), "no struct and no pointer to a struct"},

	{"interface", "", struct{ X any }{}, ".X is a interface"},
	{"error", "", struct{ Err error }{}, ".Err is a interface"},
	{"function", "", struct{ F func() }{}, ".F is a func"},
	{"channel", "", struct{ C chan int }{}, ".C is a chan"},
	{"uintptr", "", struct{ P uintptr }{}, ".P is a uintptr"},
	{"unsafe pointer", "", struct{ P unsafe.Pointer }{}, ".P is a unsafe.Pointer"},
	{"complex number", "", struct{ Z complex128 }{}, ".Z is a complex128"},
	{"unexported field", "", struct{ hidden int }{}, ".hidden is unexported"},
	{"embedded unexported struct", "", struct{ travelled }{}, ".travelled is unexported"},
	{"interface in a map of slices", "", struct{ M map[string][]any }{}, ".M[][] is a interface"},
	{"interface as a key", "", struct{ M map[any]int }{}, ".M[key] is a interface"},
	{"function behind a pointer", "", &struct{ P *struct{ F func() } }{}, ".P[].F is a func"},

	{"PID by value", "", actor.PID{}, "actor.PID is a PID"},
	{"PID itself", "", &actor.PID{}, "PID is a PID"},
	{"field with a PID", "", struct{ Peer *actor.PID }{}, ".Peer[] is a PID"},
	{"slice of PIDs", "", struct{ Peers []*actor.PID }{}, ".Peers[][] is a PID"},
	{"protobuf message with a PID", "", &actor.Watch{}, "Watch.Watcher is a PID"},

	{"field left out of CBOR", "", struct {
		N int `cbor:"-"`
	}{}, `.N is tagged "-"`},
	{"field left out of JSON", "", struct {
		N int `json:"-"`
	}{}, `.N is tagged "-"`},
	{"embedded struct left out", "", struct {
		Origin `cbor:"-"`
	}{}, `.Origin is tagged "-"`},
	{"two embedded structs with one field name", "", struct {
		Origin
		Target
	}{}, `.Origin.Name and struct { actors_test.Origin; actors_test.Target }.Target.Name are both "Name"`},
	{"embedded pointers with one field name", "", struct {
		*Origin
		*Target
	}{}, `are both "Name"`},
	{"field that hides an embedded one", "", struct {
		Deep
		Name string
	}{}, `are both "Name"`},
	{"tag with the name of another field", "", struct {
		A string `json:"B,omitempty"`
		B string
	}{}, `.A and struct { A string "json:\"B,omitempty\""; B string }.B are both "B"`},
	{"struct embedded twice", "", struct {
		Deep
		Origin
	}{}, "is embedded twice"},
	{"collision in a nested struct", "", struct {
		Inner []struct {
			Origin
			Target
		}
	}{}, `are both "Name"`},
	{"struct that embeds itself", "", Loop{}, "is embedded twice"},
}

// A Loop cannot say which of its N is meant.
type Loop struct {
	*Loop
	N int
}

func TestWhatCannotTravelIsRefusedByName(t *testing.T) {
	for i, c := range refused {
		t.Run(c.claim, func(t *testing.T) {
			name := c.name
			switch name {
			case "":
				name = fmt.Sprintf("actors.refused-%d", i)
			case "-":
				name = ""
			}
			text := fmt.Sprint(panicOf(func() { actors.Message(name, c.zero) }))
			if !strings.Contains(text, c.reason) || !strings.Contains(text, "actors.Message") {
				t.Errorf("got %q, want %q", text, c.reason)
			}
			if mt, ok := actors.MessageNamed(name); ok && mt.Type == reflect.TypeOf(c.zero) {
				t.Errorf("%s was registered all the same", name)
			}
		})
	}
}

// panicOf returns what f panics with, nil if it does not.
func panicOf(f func()) (reason any) {
	defer func() { reason = recover() }()
	f()
	return nil
}
