package wire_test

import (
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
