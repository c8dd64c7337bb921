package actors

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// A FactType is one registered type of fact.
type FactType struct {
	// Name is what it is called outside the process: "store.Published".
	Name string
	// Type is the Go type of the values, never a pointer.
	Type reflect.Type
}

var facts = map[reflect.Type]FactType{}

// Facts registers the types of values that [Env.Note] is given, and of what they
// hold in fields of interface type, such as an operation, so that they can be sent to
// another process or kept in a file. Each is known by the prefix and the name of its Go
// type. It is called from a package's init, more than once for a type that several
// packages put into their facts, and panics by name on what cannot travel: functions,
// channels, unexported fields, PIDs, and types without a name. A fact that is not
// registered can be noted all the same, as long as everything is in one process and
// nothing is recorded.
func Facts(prefix string, zeros ...any) {
	for _, zero := range zeros {
		t := reflect.TypeOf(zero)
		if t == nil {
			panic("actors.Facts " + prefix + ": nil has no type")
		}
		name := prefix + "." + t.Name()
		if prefix == "" || strings.ContainsAny(prefix, " \t\n") {
			panic(fmt.Sprintf("actors.Facts %q: a prefix is one word", prefix))
		}
		if t.PkgPath() == "" {
			panic(fmt.Sprintf("actors.Facts %s: %v has no name of its own", prefix, t))
		}
		if old, ok := facts[t]; ok && old.Name == name {
			continue
		} else if ok {
			panic(fmt.Sprintf("actors.Facts %s: %v is registered already, as %s", name, t, old.Name))
		}
		for _, other := range facts { // at most one can match
			if other.Name == name {
				panic(fmt.Sprintf("actors.Facts %s: the name stands for %v already", name, other.Type))
			}
		}
		if err := checkField(t, t.String(), map[reflect.Type]bool{}, true); err != nil {
			panic(fmt.Sprintf("actors.Facts %s: %v", prefix, err))
		}
		facts[t] = FactType{Name: name, Type: t}
	}
}

// FactTypes returns all registered types of facts, sorted by name.
func FactTypes() []FactType {
	all := make([]FactType, 0, len(facts))
	for _, f := range facts {
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b FactType) int { return strings.Compare(a.Name, b.Name) })
	return all
}

func init() { Facts("actors", Sometimes(""), Point(""), Gauge{}) }
