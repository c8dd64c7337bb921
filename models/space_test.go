package models

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/cockroachdb/datadriven"
)

// R2: the space of seed text 1, verbatim.
const friendlists = `
  space friendlists
  key username
  attributes
     string first,
     string last,
     set(string) friends
`

func TestSeedSpaceHasDefaults(t *testing.T) {
	got, err := ParseSpace(friendlists)
	if err != nil {
		t.Fatal(err)
	}
	want := Space{
		Name: "friendlists", Key: "username",
		Attributes: []Attribute{{"first", String}, {"last", String}, {"friends", SetString}},
		Tolerate:   1, Partitions: 64,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v", got)
	}
}

// R2: what the grammar takes and what it refuses.
func TestSpaceText(t *testing.T) {
	datadriven.RunTest(t, "testdata/space", func(t *testing.T, d *datadriven.TestData) string {
		space, err := ParseSpace(d.Input)
		if err != nil {
			return err.Error() + "\n"
		}
		return space.String() + "\n"
	})
}

func (d drawer) space() Space {
	s := Space{Name: "s" + fmt.Sprint(d.Intn(9)), Key: "k", Tolerate: d.Intn(maxTolerate + 1), Partitions: 1 + d.Intn(maxPartitions)}
	names := []string{"a", "B_2", "_", "string", "float", "set", "timestamp", "document"}
	d.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names[:d.Intn(len(names)+1)] {
		s.Attributes = append(s.Attributes, Attribute{Name: name, Kind: Kind(d.Intn(6))})
	}
	for _, a := range s.Attributes {
		if a.Kind <= Float && d.Intn(3) == 0 {
			s.Subspaces = append(s.Subspaces, []string{a.Name})
		}
		if d.Intn(3) == 0 {
			s.Indexes = append(s.Indexes, a.Name)
		}
	}
	return s
}

// R2: generate, print, parse.
func TestSpaceTextReadsBackAsTheSameSpace(t *testing.T) {
	law(t, "ParseSpace(space.String()) == space", func(d drawer) bool {
		space := d.space()
		back, err := ParseSpace(space.String())
		if err != nil || !reflect.DeepEqual(space, back) {
			t.Logf("%v\nread as %v, %v", space, back, err)
			return false
		}
		return true
	})
}
