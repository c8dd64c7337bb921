package wire

import (
	"bytes"
	"io"
	"reflect"
	"testing"

	"github.com/simrun/simrun/actors"
)

// Parts is embedded; its fields lie among those of the whole.
type Parts struct {
	Left, Right string
}

type whole struct {
	Parts
	N int
}

// A loop points to a loop, so an item of it says nothing of how deep it is.
type loop *loop

func init() { actors.Message("wire.whole", whole{}) }

// What a message weighs is its own size and that of all that it points to.
func TestWeightCountsEveryPart(t *testing.T) {
	size := func(v any) int { return int(reflect.TypeOf(v).Size()) }
	for claim, c := range map[string]struct {
		msg  any
		want int // beyond its own size
	}{
		"nothing":         {widest{}, 0},
		"a text":          {widest{Texts: []string{"12345678"}}, size("") + 8},
		"bytes":           {widest{Empty: [][]byte{make([]byte, 100)}}, size([]byte{}) + 100},
		"a struct":        {widest{Wide: []wide{{A: "123"}}}, size(wide{}) + 3},
		"a list of lists": {widest{Deep: [][]wide{{{}, {}}}}, size([]wide{}) + 2*size(wide{})},
		"a pointer":       {widest{Points: []*wide{{B: "1"}}}, size(&wide{}) + size(wide{}) + 1},
		"an entry":        {widest{ByNum: map[uint32]wide{1: {C: "12"}}}, 2*(size(uint32(0))+size(wide{})) + 2},
		"an embedded one": {whole{Parts: Parts{Right: "1234"}}, 4},
	} {
		var codec Codec
		got, err := codec.Weigh(typeOf(t, c.msg), encode(t, c.msg))
		if want := size(c.msg) + c.want; err != nil || got != want {
			t.Errorf("%s: %d, %v, want %d", claim, got, err, want)
		}
	}
}

// A type that points to itself has no end that the bytes could give it.
func TestWeighEndsOnATypeThatPointsToItself(t *testing.T) {
	var c Codec
	mt := &actors.MessageType{Name: "wire.loop", Type: reflect.TypeFor[struct{ P loop }]()}
	if _, err := c.Weigh(mt, []byte{0xa1, 0x61, 'P', 0}); err == nil {
		t.Error("it has a weight")
	}
}

// A peer that claims a long frame pays for it byte by byte.
func TestBufferGrowsWithWhatCameAndNotWithWhatIsClaimed(t *testing.T) {
	const came = 3 * readerFirst
	r := NewReader(bytes.NewReader(append([]byte{0, 0x3f, 0xff, 0xff, Version, byte(MessageKind)}, make([]byte, came)...)))
	if _, err := r.Next(); err != io.ErrUnexpectedEOF {
		t.Fatal(err)
	}
	if len(r.buf) > 2*came {
		t.Errorf("%d bytes grew the buffer to %d", came, len(r.buf))
	}
}

// Small frames that come faster than they are taken do not make a buffer grow for ever.
func TestBufferOfABusyStreamIsBounded(t *testing.T) {
	one := messageFrame(t)
	const n = 20_000
	r := NewReader(bytes.NewReader(bytes.Repeat(one, n)))
	for range n {
		f, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if cap(f.Body) != len(f.Body) {
			t.Fatal("who appends to a body writes over what came behind it")
		}
	}
	if len(r.buf) > readerBytes {
		t.Errorf("the buffer has grown to %d bytes", len(r.buf))
	}
}

type noted struct{ Values map[string]any }

func init() { actors.Facts("wirelimits", noted{}) }

// A fact that would come back as another one does not travel.
func TestFactIsWholeOrRefused(t *testing.T) {
	if _, err := AppendFact(nil, noted{map[string]any{"x": "text", "y": wide{}}}); err == nil {
		t.Error("a value of a type that is not registered travels in a map")
	}
	b, err := AppendFact(nil, noted{map[string]any{"x": "text"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := DecodeFact(bytes.Replace(b, []byte("Values"), []byte("Valued"), 1)); err == nil {
		t.Error("a field that is not known here was left out")
	}
}
