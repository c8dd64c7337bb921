package actors_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/simrun/simrun/actors"
)

type (
	seen      struct{ Input any }
	hidden    struct{ n int }
	mood      string
	unnoted   struct{ F func() }
	elsewhere struct{}
)

func init() { actors.Facts("test", seen{}, mood("")) }

func TestRegisteredFactsAreListedByName(t *testing.T) {
	all := actors.FactTypes()
	for name, typ := range map[string]reflect.Type{
		"test.seen": reflect.TypeFor[seen](), "test.mood": reflect.TypeFor[mood](), "actors.Point": reflect.TypeFor[actors.Point](),
	} {
		if !slices.Contains(all, actors.FactType{Name: name, Type: typ}) {
			t.Errorf("%s is not among %v", name, all)
		}
	}
	if !slices.IsSortedFunc(all, func(a, b actors.FactType) int { return strings.Compare(a.Name, b.Name) }) {
		t.Errorf("not sorted: %v", all)
	}
}

func TestFactMayBeRegisteredAgainUnderItsNameOnly(t *testing.T) {
	before := len(actors.FactTypes())
	actors.Facts("test", seen{})
	if n := len(actors.FactTypes()); n != before {
		t.Errorf("%d types, want %d", n, before)
	}
	if text := fmt.Sprint(panicOf(func() { actors.Facts("other", seen{}) })); !strings.Contains(text, "registered already, as test.seen") {
		t.Errorf("got %q", text)
	}
}

func TestFactsThatCannotTravelAreRefusedByName(t *testing.T) {
	for claim, c := range map[string]struct {
		prefix string
		zero   any
		reason string
	}{
		"nil":              {"test", nil, "nil has no type"},
		"no prefix":        {"", elsewhere{}, "a prefix is one word"},
		"type without one": {"test", struct{}{}, "no name of its own"},
		"pointer":          {"test", &elsewhere{}, "no name of its own"},
		"unexported field": {"test", hidden{}, ".n is unexported"},
		"function":         {"test", unnoted{}, ".F is a func"},
	} {
		t.Run(claim, func(t *testing.T) {
			text := fmt.Sprint(panicOf(func() { actors.Facts(c.prefix, c.zero) }))
			if !strings.Contains(text, c.reason) || !strings.Contains(text, "actors.Facts") {
				t.Errorf("got %q, want %q", text, c.reason)
			}
		})
	}
}
