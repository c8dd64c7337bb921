package wire

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/simrun/simrun/actors"
)

type inner struct {
	Name string
	At   time.Duration
}

type everything struct {
	Flag   bool
	I      int
	I8     int8
	U64    uint64
	F      float64
	S      string
	B      []byte
	A      [4]byte
	D      time.Duration
	List   []inner
	Ptr    *inner
	ByName map[string]int64
	ByNum  map[int32][]byte
}

type pointed struct{ N int }

type nested struct{ Next *nested }

// hundred is what the benchmarks carry: about 100 bytes of content.
type hundred struct {
	Key     []byte
	Value   []byte
	Version uint64
	Epoch   uint32
	Durable bool
}

func init() {
	actors.Message("wire.everything", everything{})
	actors.Message("wire.pointed", &pointed{})
	actors.Message("wire.nested", nested{})
	actors.Message("wire.hundred", hundred{})
	actors.Message("wire.string", &wrapperspb.StringValue{})
	actors.Message("wire.struct", &structpb.Struct{})
}

func typeOf(t testing.TB, msg any) *actors.MessageType {
	t.Helper()
	mt, ok := actors.MessageOf(msg)
	if !ok {
		t.Fatalf("%T is not registered", msg)
	}
	return mt
}

func encode(t testing.TB, msg any) []byte {
	t.Helper()
	b, err := Append(nil, typeOf(t, msg), msg)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestEveryKindOfFieldTravels(t *testing.T) {
	want := everything{
		Flag: true, I: -7, I8: -128, U64: 1<<64 - 1, F: 0.1, S: "a\xffb", B: []byte{0, 255}, A: [4]byte{1, 2, 3, 4},
		D: time.Second, List: []inner{{"x", 1}, {"y", 2}}, Ptr: &inner{Name: "z"},
		ByName: map[string]int64{"b": 2, "a": 1}, ByNum: map[int32][]byte{-1: {9}, 7: nil},
	}
	var c Codec
	got, err := c.Copy(typeOf(t, want), want)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
		t.Error(d)
	}
}

func TestKindOfMessageIsPreserved(t *testing.T) {
	for _, msg := range []any{everything{}, &pointed{N: 3}, wrapperspb.String("x")} {
		mt := typeOf(t, msg)
		got, err := Decode(mt, encode(t, msg))
		if err != nil {
			t.Fatal(err)
		}
		if reflect.TypeOf(got) != reflect.TypeOf(msg) {
			t.Errorf("%s: sent %T, received %T", mt.Name, msg, got)
		}
	}
}

func TestNilAndEmptyHaveTheSameBytes(t *testing.T) {
	null := everything{}
	empty := everything{B: []byte{}, List: []inner{}, ByName: map[string]int64{}, ByNum: map[int32][]byte{}}
	if a, b := encode(t, null), encode(t, empty); !bytes.Equal(a, b) {
		t.Errorf("nil   %x\nempty %x", a, b)
	}
}

func TestMapOrderDoesNotReachTheBytes(t *testing.T) {
	byName := map[string]int64{}
	fields := map[string]*structpb.Value{}
	for _, k := range strings.Split("the quick brown fox jumps over a lazy dog", " ") {
		byName[k] = int64(len(k))
		fields[k] = structpb.NewStringValue(k)
	}
	for _, msg := range []any{everything{ByName: byName}, &structpb.Struct{Fields: fields}} {
		first := encode(t, msg)
		for range 50 {
			if again := encode(t, msg); !bytes.Equal(first, again) {
				t.Fatalf("%T:\n%x\n%x", msg, first, again)
			}
		}
	}
}

func TestCopySharesNoMemory(t *testing.T) {
	var c Codec
	orig := everything{B: []byte("abc"), Ptr: &inner{Name: "p"}, ByName: map[string]int64{"k": 1}}
	one, err := c.Copy(typeOf(t, orig), orig)
	if err != nil {
		t.Fatal(err)
	}
	two, err := c.Copy(typeOf(t, orig), orig)
	if err != nil {
		t.Fatal(err)
	}
	a, b := one.(everything), two.(everything)
	a.B[0], a.Ptr.Name, a.ByName["k"] = 'X', "X", 9
	if d := cmp.Diff(orig, b, cmpopts.EquateEmpty()); d != "" {
		t.Errorf("a change of the first copy reached the second: %s", d)
	}
	if string(orig.B) != "abc" || orig.Ptr.Name != "p" || orig.ByName["k"] != 1 {
		t.Errorf("a change of the copy reached the original: %+v", orig)
	}
}

func TestAppendKeepsWhatWasThere(t *testing.T) {
	prefix := []byte("prefix")
	b, err := Append(prefix, typeOf(t, pointedOne), pointedOne)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(b, prefix) || !bytes.Equal(b[len(prefix):], encode(t, pointedOne)) {
		t.Errorf("got %x", b)
	}
}

var pointedOne = &pointed{N: 1}

func TestAppendRefuses(t *testing.T) {
	mt := typeOf(t, pointedOne)
	for name, msg := range map[string]any{"nil": nil, "typed nil": (*pointed)(nil), "another type": everything{}, "the value": pointed{}} {
		if b, err := Append([]byte("x"), mt, msg); err == nil || string(b) != "x" {
			t.Errorf("%s: got %q, %v", name, b, err)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := encode(t, pointedOne) // a1 61 4e 01: {"N": 1}
	deep := bytes.Repeat([]byte{0xa1, 0x64, 'N', 'e', 'x', 't'}, nestingMax+1)
	cases := []struct {
		name string
		msg  any
		b    []byte
	}{
		{"nothing", pointedOne, nil},
		{"trailing bytes", pointedOne, append(bytes.Clone(good), 0)},
		{"unknown key", pointedOne, []byte{0xa1, 0x61, 'M', 1}},
		{"key of another case", pointedOne, []byte{0xa1, 0x61, 'n', 1}},
		{"duplicate key", pointedOne, []byte{0xa2, 0x61, 'N', 1, 0x61, 'N', 2}},
		{"duplicate map key", everything{}, []byte{0xa1, 0x66, 'B', 'y', 'N', 'a', 'm', 'e', 0xa2, 0x61, 'a', 1, 0x61, 'a', 2}},
		{"indefinite length", pointedOne, []byte{0xbf, 0x61, 'N', 1, 0xff}},
		{"tag", pointedOne, []byte{0xa1, 0x61, 'N', 0xc1, 1}},
		{"wrong type", pointedOne, []byte{0xa1, 0x61, 'N', 0x61, 'x'}},
		{"overflow", everything{}, []byte{0xa1, 0x62, 'I', '8', 0x18, 200}},
		{"deep nesting", nested{}, append(deep, 0xf6)},
		{"huge array", everything{}, []byte{0xa1, 0x64, 'L', 'i', 's', 't', 0x9b, 0, 0, 0, 1, 0, 0, 0, 0}},
		{"broken protobuf", wrapperspb.String(""), []byte{0x0a, 0x7f}},
	}
	for i := range good {
		cases = append(cases, struct {
			name string
			msg  any
			b    []byte
		}{"truncated", pointedOne, good[:i]})
	}
	for _, c := range cases {
		if got, err := Decode(typeOf(t, c.msg), c.b); err == nil {
			t.Errorf("%s: %x gave %+v", c.name, c.b, got)
		}
	}
}

func TestFailedDecodeLeavesNothingBehind(t *testing.T) {
	var c Codec
	mt := typeOf(t, everything{})
	if _, err := c.Decode(mt, []byte{0xa2, 0x61, 'I', 7, 0x61, '?', 1}); err == nil {
		t.Fatal("an unknown field was accepted")
	}
	got, err := c.Decode(mt, []byte{0xa0})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(everything{}, got); d != "" {
		t.Error(d)
	}
}

func TestEncodingRoundTrips(t *testing.T) {
	var c Codec
	mt := typeOf(t, hundred{})
	props := gopter.NewProperties(gopter.DefaultTestParametersWithSeed(1))
	props.Property("decode after append is the message, and equal messages have equal bytes", prop.ForAll(
		func(key, value []byte, version uint64, epoch uint32, durable bool) bool {
			msg := hundred{key, value, version, epoch, durable}
			b, err := c.Append(nil, mt, msg)
			if err != nil {
				return false
			}
			got, err := c.Decode(mt, b)
			if err != nil || !cmp.Equal(msg, got, cmpopts.EquateEmpty()) {
				return false
			}
			again, err := c.Append(nil, mt, got)
			return err == nil && bytes.Equal(b, again)
		},
		gen.SliceOf(gen.UInt8()), gen.SliceOf(gen.UInt8()), gen.UInt64(), gen.UInt32(), gen.Bool()))
	props.TestingRun(t)
}

var hundredMessage = hundred{Key: bytes.Repeat([]byte("k"), 20), Value: bytes.Repeat([]byte("v"), 70), Version: 1 << 40, Epoch: 7, Durable: true}

// BenchmarkCopy is a trip of a 100-byte struct and of a 100-byte protobuf message
// through the codec, as at every border between simulated hosts.
func BenchmarkCopy(b *testing.B) {
	for _, msg := range []any{hundredMessage, wrapperspb.String(strings.Repeat("x", 100))} {
		mt := typeOf(b, msg)
		b.Run(mt.Name, func(b *testing.B) {
			var c Codec
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Copy(mt, msg); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
