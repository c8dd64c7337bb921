package wire_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/internal/wire"
)

type (
	asked    struct{ What any }
	question struct {
		Words [][]byte
		To    map[string]*question
	}
	stranger struct{ N int }
)

func init() { actors.Facts("wiretest", asked{}, question{}) }

func TestFactComesBackEqual(t *testing.T) {
	for _, fact := range []any{
		actors.Sometimes("wal.torn"), actors.Point("p"), actors.Gauge{Value: -3},
		asked{}, asked{What: "a string"}, asked{What: asked{What: actors.Point("p")}},
		asked{What: question{Words: [][]byte{nil, {}, {0xff}}, To: map[string]*question{"x": nil, "y": {}}}},
	} {
		b, err := wire.AppendFact([]byte("head"), fact)
		if err != nil || string(b[:4]) != "head" {
			t.Fatalf("%#v: %q, %v", fact, b, err)
		}
		got, err := wire.DecodeFact(b[4:])
		if err != nil || !reflect.DeepEqual(got, fact) {
			t.Errorf("%#v came back as %#v, %v", fact, got, err)
		}
		for cut := range len(b) - 4 {
			if got, err := wire.DecodeFact(b[4 : 4+cut]); err == nil {
				t.Errorf("%#v, cut at %d, came back as %#v", fact, cut, got)
			}
		}
	}
}

func TestFactWithTypesThatAreNotRegisteredIsRefused(t *testing.T) {
	for claim, fact := range map[string]any{
		"nil": nil, "itself": stranger{}, "a number": 7, "inside": asked{What: stranger{}}, "pointer": &asked{},
		"deep inside": asked{What: asked{What: map[string]any{}}},
	} {
		b, err := wire.AppendFact([]byte("head"), fact)
		if err == nil || string(b) != "head" {
			t.Errorf("%s: %q, %v", claim, b, err)
		}
		if fact != nil && err != nil && !strings.Contains(err.Error(), "not registered") {
			t.Errorf("%s: %v", claim, err)
		}
	}
	if fact, err := wire.DecodeFact([]byte{0x63, 'a', 'b', 'c'}); err == nil {
		t.Errorf("a string came back as %#v", fact)
	}
}

// Whatever a recording holds, reading a fact does not panic, and what was read is written
// and read again as the same bytes.
func FuzzFact(f *testing.F) {
	for _, fact := range []any{actors.Sometimes("wal.torn"), asked{What: asked{What: actors.Point("p")}}, asked{What: question{Words: [][]byte{nil, {0xff}}, To: map[string]*question{"x": nil, "y": {}}}}} {
		b, err := wire.AppendFact(nil, fact)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		fact, err := wire.DecodeFact(b)
		if err != nil {
			return
		}
		one, err := wire.AppendFact(nil, fact)
		if err != nil {
			t.Fatalf("%x was read as %#v: %v", b, fact, err)
		}
		again, err := wire.DecodeFact(one)
		if err != nil {
			t.Fatalf("%x was read and not %x: %v", b, one, err)
		}
		if two, err := wire.AppendFact(nil, again); err != nil || !bytes.Equal(one, two) {
			t.Fatalf("%x became %x and %x: %v", b, one, two, err)
		}
	})
}
