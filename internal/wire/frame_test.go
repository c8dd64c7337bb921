package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

func helloFrame(t testing.TB) []byte {
	t.Helper()
	b, err := AppendHello(nil, Hello{Host: "daemon1", Boot: 7})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func messageFrame(t testing.TB) []byte {
	t.Helper()
	var c Codec
	b, err := c.AppendMessage(nil, "store", "client0/req/7.1", typeOf(t, pointedOne), pointedOne)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// sealed makes a frame with a right length and check around any body.
func sealed(version, kind byte, body ...byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(2+len(body)+checkBytes))
	b = append(append(b, version, kind), body...)
	return binary.BigEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func TestFramesArriveInPiecesOfAnySize(t *testing.T) {
	var c Codec
	big := hundred{Value: bytes.Repeat([]byte("v"), 200_000)}
	stream := helloFrame(t)
	var err error
	for _, msg := range []any{hundredMessage, big, pointedOne} {
		if stream, err = c.AppendMessage(stream, "a/b", "", typeOf(t, msg), msg); err != nil {
			t.Fatal(err)
		}
	}
	for name, src := range map[string]io.Reader{
		"whole":       bytes.NewReader(stream),
		"byte wise":   iotest.OneByteReader(bytes.NewReader(stream)),
		"half":        iotest.HalfReader(bytes.NewReader(stream)),
		"error early": iotest.DataErrReader(bytes.NewReader(stream)),
	} {
		r := NewReader(src)
		f, err := r.Next()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		hello, err := f.Hello()
		if err != nil || hello != (Hello{Host: "daemon1", Boot: 7}) {
			t.Fatalf("%s: hello %+v, %v", name, hello, err)
		}
		for _, want := range []any{hundredMessage, big, pointedOne} {
			f, err := r.Next()
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			m, err := f.Message()
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if string(m.Target) != "a/b" || len(m.Sender) != 0 || string(m.Name) != typeOf(t, want).Name {
				t.Errorf("%s: got %s from %s, %s", name, m.Target, m.Sender, m.Name)
			}
			got, err := c.Decode(typeOf(t, want), m.Payload)
			if err != nil || !cmp.Equal(got, want, cmp.Transformer("", nilIsEmpty)) {
				t.Errorf("%s: got %v, %v", name, got, err)
			}
		}
		if _, err := r.Next(); err != io.EOF {
			t.Errorf("%s: at the end: %v", name, err)
		}
	}
}

func nilIsEmpty(b []byte) string { return string(b) }

func TestEveryTruncationIsRefused(t *testing.T) {
	for _, frame := range [][]byte{helloFrame(t), messageFrame(t)} {
		for n := range frame {
			want := io.ErrUnexpectedEOF
			if n == 0 {
				want = io.EOF
			}
			if _, err := NewReader(bytes.NewReader(frame[:n])).Next(); err != want {
				t.Errorf("%d of %d bytes: %v", n, len(frame), err)
			}
		}
	}
}

func TestEveryFlippedByteIsRefused(t *testing.T) {
	for _, frame := range [][]byte{helloFrame(t), messageFrame(t)} {
		for i := range frame {
			for flip := 1; flip < 256; flip++ {
				b := bytes.Clone(frame)
				b[i] ^= byte(flip)
				if f, err := NewReader(bytes.NewReader(b)).Next(); err == nil {
					t.Fatalf("byte %d ^ %#x: got %v", i, flip, f)
				}
			}
		}
	}
}

func TestBadFramesAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		stream []byte
		want   error
	}{
		"too short":       {[]byte{0, 0, 0, frameMin - 1}, ErrLength},
		"too long":        {[]byte{0xff, 0xff, 0xff, 0xff}, ErrLength},
		"another version": {sealed(Version+1, byte(HelloKind)), ErrVersion},
		"bad check":       {append(sealed(Version, 1)[:headBytes], 1, 2, 3, 4), ErrCheck},
	} {
		if _, err := NewReader(bytes.NewReader(c.stream)).Next(); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	for name, body := range map[string][]byte{
		"nothing":        {},
		"half a length":  {0},
		"string too big": {0, 9, 'x'},
		"trailing bytes": {0, 1, 'x', 0, 0, 0, 0, 0, 0, 0, 1, 99},
	} {
		f, err := NewReader(bytes.NewReader(sealed(Version, byte(HelloKind), body...))).Next()
		if err != nil {
			t.Fatal(err)
		}
		if h, err := f.Hello(); !errors.Is(err, ErrBody) {
			t.Errorf("hello with %s: %+v, %v", name, h, err)
		}
		f.Kind = MessageKind
		if name == "trailing bytes" {
			continue // strings of a message; what trails is its payload
		}
		if m, err := f.Message(); !errors.Is(err, ErrBody) {
			t.Errorf("message with %s: %+v, %v", name, m, err)
		}
	}
}

func TestWhatDoesNotFitIsNotAppended(t *testing.T) {
	var c Codec
	dst := []byte("before")
	big := hundred{Value: make([]byte, FrameMax)}
	if b, err := c.AppendMessage(dst, "a", "", typeOf(t, big), big); !errors.Is(err, ErrLength) || string(b) != "before" {
		t.Errorf("a big payload: %d bytes, %v", len(b), err)
	}
	long := strings.Repeat("x", 1<<16)
	if b, err := c.AppendMessage(dst, long, "", typeOf(t, pointedOne), pointedOne); !errors.Is(err, ErrLength) || string(b) != "before" {
		t.Errorf("a long path: %d bytes, %v", len(b), err)
	}
	if b, err := AppendHello(dst, Hello{Host: long}); !errors.Is(err, ErrLength) || string(b) != "before" {
		t.Errorf("a long host: %d bytes, %v", len(b), err)
	}
}

// FAULTS 4, frames: a length out of range or a frame that is cut off is refused, at any
// byte, and makes us allocate no more than 64 KiB.
func TestRefusedFramesAllocateLittle(t *testing.T) {
	whole := messageFrame(t)
	var streams [][]byte
	for cut := 1; cut < len(whole); cut++ {
		streams = append(streams, whole[:cut])
	}
	for _, n := range []uint32{0, 1, frameMin - 1, FrameMax + 1, 1 << 31, 1<<32 - 1} {
		streams = append(streams, binary.BigEndian.AppendUint32(nil, n), append(binary.BigEndian.AppendUint32(nil, n), whole[lengthBytes:]...))
	}
	// The largest length that is allowed, and nothing behind it.
	streams = append(streams, append(binary.BigEndian.AppendUint32(nil, FrameMax), whole[lengthBytes:]...))
	for _, stream := range streams {
		src := bytes.NewReader(stream)
		var err error
		took := allocated(func() { _, err = NewReader(src).Next() })
		if !errors.Is(err, ErrLength) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%x: %v", stream, err)
		}
		if took > 64<<10 {
			t.Errorf("%x: %d bytes allocated", stream, took)
		}
	}
}

// FAULTS 4, limits: at, one below and one above.
func TestFramesAndPathsHaveALongestLength(t *testing.T) {
	var c Codec
	empty, err := c.AppendMessage(nil, "a", "", typeOf(t, hundred{}), hundred{Value: make([]byte, 1<<20)})
	if err != nil {
		t.Fatal(err)
	}
	around := len(empty) - lengthBytes - 1<<20
	for beside := -1; beside <= 1; beside++ {
		var want error
		if beside > 0 {
			want = ErrLength
		}
		msg := hundred{Value: make([]byte, FrameMax-around+beside)}
		b, err := c.AppendMessage(nil, "a", "", typeOf(t, msg), msg)
		if !errors.Is(err, want) || want == nil && len(b) != lengthBytes+FrameMax+beside {
			t.Errorf("a frame of %+d bytes beside the limit: %d, %v", beside, len(b), err)
		}
		f, err := NewReader(bytes.NewReader(sealed(Version, byte(MessageKind), make([]byte, FrameMax-frameMin+beside)...))).Next()
		if !errors.Is(err, want) || want == nil && len(f.Body) != FrameMax-frameMin+beside {
			t.Errorf("reading one of %+d bytes beside the limit: %d, %v", beside, len(f.Body), err)
		}
		path := strings.Repeat("x", 1<<16-1+beside)
		if _, err := c.AppendMessage(nil, path, "", typeOf(t, pointedOne), pointedOne); !errors.Is(err, want) {
			t.Errorf("a path of %+d bytes beside the limit: %v", beside, err)
		}
	}
}

// claiming is an endless stream whose first frame claims the largest length; it
// counts what is read of it.
type claiming struct{ sent int }

func (c *claiming) Read(p []byte) (int, error) {
	if c.sent > 0 {
		return 0, io.ErrClosedPipe
	}
	c.sent = copy(p, append(binary.BigEndian.AppendUint32(nil, FrameMax), Version, byte(MessageKind)))
	return c.sent, nil
}

func TestClaimedLengthCostsNoMemory(t *testing.T) {
	r := NewReader(&claiming{})
	if _, err := r.Next(); err != io.ErrClosedPipe {
		t.Fatal(err)
	}
	if len(r.buf) != readerFirst {
		t.Errorf("a claim of %d bytes grew the buffer to %d", FrameMax, len(r.buf))
	}
}

func FuzzFrame(f *testing.F) {
	f.Add(helloFrame(f))
	f.Add(messageFrame(f))
	f.Add(append(helloFrame(f), messageFrame(f)...))
	f.Add([]byte{0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := NewReader(iotest.HalfReader(bytes.NewReader(stream)))
		var c Codec
		for {
			frame, err := r.Next()
			if err != nil {
				return
			}
			if h, err := frame.Hello(); err == nil {
				again, err := AppendHello(nil, h)
				if err != nil || !bytes.Equal(again[headBytes:len(again)-checkBytes], frame.Body) {
					t.Errorf("hello %+v encodes to other bytes: %v", h, err)
				}
			}
			m, err := frame.Message()
			if err != nil {
				continue
			}
			for _, msg := range []any{pointedOne, everything{}, nested{}} {
				_, _ = c.Weigh(typeOf(t, msg), m.Payload) // must not panic
				_, _ = c.Decode(typeOf(t, msg), m.Payload)
			}
		}
	})
}

// FuzzDecode checks that what is accepted has one encoding that is accepted too
// and means the same.
func FuzzDecode(f *testing.F) {
	f.Add(encode(f, everything{}))
	f.Add(encode(f, everything{List: []inner{{"a", 1}}, ByName: map[string]int64{"x": 1}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		var c Codec
		mt := typeOf(t, everything{})
		msg, err := c.Decode(mt, b)
		if err != nil {
			return
		}
		one, err := c.Append(nil, mt, msg)
		if err != nil {
			t.Fatal(err)
		}
		again, err := c.Decode(mt, one)
		if err != nil {
			t.Fatalf("decoded %x but not %x: %v", b, one, err)
		}
		if _, err := c.Weigh(mt, one); err != nil {
			t.Fatalf("%x is too heavy: %v", one, err)
		}
		two, err := c.Append(nil, mt, again)
		if err != nil || !bytes.Equal(one, two) {
			t.Fatalf("%x encodes to %x and to %x: %v", b, one, two, err)
		}
	})
}

// BenchmarkFrame appends and reads a message of 100 bytes.
func BenchmarkFrame(b *testing.B) {
	var c Codec
	mt := typeOf(b, hundredMessage)
	msg := any(hundredMessage)
	var stream bytes.Buffer
	r := NewReader(&stream)
	var buf []byte
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if buf, err = c.AppendMessage(buf[:0], "daemon1/store", "client0/req/7.1", mt, msg); err != nil {
			b.Fatal(err)
		}
		stream.Write(buf)
		f, err := r.Next()
		if err != nil {
			b.Fatal(err)
		}
		m, err := f.Message()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := c.Decode(mt, m.Payload); err != nil {
			b.Fatal(err)
		}
	}
}
