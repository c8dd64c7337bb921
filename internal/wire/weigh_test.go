package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
)

// widest has the largest elements that bytes are spent on least.
type widest struct {
	Wide   []wide
	Deep   [][]wide
	Empty  [][]byte
	Texts  []string
	Points []*wide
	ByNum  map[uint32]wide
	Fixed  [][4]wide
}

type wide struct {
	A, B, C, D string
	E          []byte
	F          int64
}

func init() { actors.Message("wire.widest", widest{}) }

// repeated is a message with n items in one field.
func repeated(field string, n uint32, item func(i uint32) []byte) []byte {
	b := append([]byte{0xa1, 0x60 | byte(len(field))}, field...)
	head := byte(0x9a)
	if field == "ByNum" {
		head = 0xba
	}
	b = binary.BigEndian.AppendUint32(append(b, head), n)
	for i := range n {
		b = append(b, item(i)...)
	}
	return b
}

// allocated is how much memory f asks for.
func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

// A frame within its limit may hold a million elements of one byte each: what they
// take in memory is known before it is taken.
func TestWeightIsWhatDecodingTakes(t *testing.T) {
	const n = 100_000
	items := func(b ...byte) func(uint32) []byte { return func(uint32) []byte { return b } }
	for name, payload := range map[string][]byte{
		"null structs":       repeated("Wide", n, items(0xf6)),
		"empty structs":      repeated("Wide", n, items(0xa0)),
		"structs of a field": repeated("Wide", n, items(0xa1, 0x61, 'F', 1)),
		"lists of structs":   repeated("Deep", n/10, items(0x8a, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6)),
		"empty bytes":        repeated("Empty", n, items(0x40)),
		"texts":              repeated("Texts", n, items(0x68, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h')),
		"pointers":           repeated("Points", n, items(0xa0)),
		"nil pointers":       repeated("Points", n, items(0xf6)),
		"entries": repeated("ByNum", n, func(i uint32) []byte {
			return append(binary.BigEndian.AppendUint32([]byte{0x1a}, i+1<<16), 0xf6)
		}),
		"arrays": repeated("Fixed", n, items(0x80)),
	} {
		var c Codec
		mt := typeOf(t, widest{})
		weight, weighed := 0, error(nil)
		if took := allocated(func() { weight, weighed = c.Weigh(mt, payload) }); took > 64<<10 {
			t.Errorf("%s: weighing takes %d bytes", name, took)
		}
		var decoded error
		took := allocated(func() { _, decoded = c.Decode(mt, payload) })
		t.Logf("%s: %d bytes take %d, %.0f times; weight %d, %v", name, len(payload), took, float64(took)/float64(len(payload)), weight, weighed)
		if decoded != nil {
			t.Errorf("%s: %v", name, decoded)
		}
		switch {
		case weighed == nil && (took > 2*weight || weight > 2*took+64<<10):
			t.Errorf("%s: takes %d bytes and weighs %d", name, took, weight)
		case weighed == nil && took > sparseMax*len(payload)+sparseFree:
			t.Errorf("%s: %d bytes took %d", name, len(payload), took)
		case weighed != nil && (!errors.Is(weighed, ErrSparse) || took < sparseMax*len(payload)/2):
			t.Errorf("%s takes %d bytes and is refused: %v", name, took, weighed)
		}
	}
}

// FAULTS 4, transport: no payload that fits a frame holds its receiver up for a second.
func TestLongestPayloadsAreReadInTime(t *testing.T) {
	items := func(b ...byte) func(uint32) []byte { return func(uint32) []byte { return b } }
	for name, c := range map[string]struct {
		field string
		bytes int // of an item
		item  func(uint32) []byte
	}{
		"structs of a field": {"Wide", 4, items(0xa1, 0x61, 'F', 1)},
		"lists of structs":   {"Deep", 11, items(0x8a, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6, 0xf6)},
		"empty bytes":        {"Empty", 1, items(0x40)},
		"short texts":        {"Texts", 2, items(0x61, 'a')},
		"entries":            {"ByNum", 6, func(i uint32) []byte { return append(binary.BigEndian.AppendUint32([]byte{0x1a}, i+1<<16), 0xf6) }},
		"entries of a key":   {"ByNum", 2, items(1, 0xf6)},
		"arrays":             {"Fixed", 1, items(0x80)},
	} {
		payload := repeated(c.field, uint32(min(elementsMax, (FrameMax-100)/c.bytes)), c.item)
		took := time.Hour
		var weighed, decoded error
		for range 3 { // a busy machine is not late each time
			var codec Codec
			began := time.Now()
			if _, weighed = codec.Weigh(typeOf(t, widest{}), payload); weighed == nil {
				_, decoded = codec.Decode(typeOf(t, widest{}), payload)
			}
			took = min(took, time.Since(began))
		}
		t.Logf("%s: %d bytes take %v, %v", name, len(payload), took, errors.Join(weighed, decoded))
		most := time.Second
		if testing.Short() { // which is how the race detector runs it, and that costs a factor of ten
			most *= 10
		}
		if took > most {
			t.Errorf("%s: %d bytes take %v", name, len(payload), took)
		}
	}
}

func TestHonestMessagesAreNotTooHeavy(t *testing.T) {
	var c Codec
	many := widest{ByNum: map[uint32]wide{}}
	for i := range uint32(50_000) {
		many.Wide = append(many.Wide, wide{})
		many.Deep = append(many.Deep, nil)
		many.Empty = append(many.Empty, nil)
		many.Texts = append(many.Texts, "")
		many.Points = append(many.Points, nil, &wide{})
		many.ByNum[i] = wide{}
	}
	deep := &nested{}
	for range nestingMax - 2 {
		deep = &nested{Next: deep}
	}
	for _, msg := range []any{
		everything{}, everything{B: make([]byte, FrameMax/2), A: [4]byte{1}, List: []inner{{"a", 1}}, Ptr: &inner{}, ByNum: map[int32][]byte{1: {1}}},
		pointedOne, *deep, many,
	} {
		b := encode(t, msg)
		if _, err := Decode(typeOf(t, msg), b); err != nil {
			t.Fatal(err)
		}
		if weight, err := c.Weigh(typeOf(t, msg), b); err != nil || weight == 0 {
			t.Errorf("%.40v: %d, %v", msg, weight, err)
		}
	}
}

func TestWeighRefusesWhatIsNotOfItsType(t *testing.T) {
	good := encode(t, everything{List: []inner{{"a", 1}}, ByName: map[string]int64{"x": 1}})
	var c Codec
	mt := typeOf(t, everything{})
	for i := range good {
		if _, err := c.Weigh(mt, good[:i]); err == nil {
			t.Errorf("cut off after %d bytes", i)
		}
	}
	for name, b := range map[string][]byte{
		"trailing bytes":    append(bytes.Clone(good), 0),
		"unknown field":     {0xa1, 0x61, 'M', 1},
		"tag":               {0xa1, 0x61, 'I', 0xc1, 1},
		"indefinite length": {0xbf, 0x61, 'I', 1, 0xff},
		"huge array":        {0xa1, 0x64, 'L', 'i', 's', 't', 0x9b, 0, 0, 0, 1, 0, 0, 0, 0},
		"list for a number": {0xa1, 0x61, 'I', 0x80},
		"number for a list": {0xa1, 0x64, 'L', 'i', 's', 't', 1},
		"more fields":       {0xae},
	} {
		if w, err := c.Weigh(mt, b); err == nil {
			t.Errorf("%s: weighs %d", name, w)
		}
	}
	deep := append(bytes.Repeat([]byte{0xa1, 0x64, 'N', 'e', 'x', 't'}, 1<<20), 0xf6)
	if _, err := c.Weigh(typeOf(t, nested{}), deep); err == nil {
		t.Error("no limit of depth")
	}
}

func BenchmarkWeigh100(b *testing.B) {
	var c Codec
	mt := typeOf(b, hundred{})
	payload := encode(b, hundredMessage)
	b.SetBytes(int64(len(payload)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Weigh(mt, payload); err != nil {
			b.Fatal(err)
		}
	}
}
