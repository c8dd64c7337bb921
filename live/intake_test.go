package live

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"github.com/simrun/simrun/internal/wire"
)

// A slow connection gives one piece for each read, and keeps the deadlines that were
// set, 0 for none.
type slow struct {
	net.Conn
	pieces    [][]byte
	deadlines []time.Time
	err       error // after the last piece
}

func (s *slow) Read(p []byte) (int, error) {
	if len(s.pieces) == 0 {
		return 0, s.err
	}
	n := copy(p, s.pieces[0])
	s.pieces[0] = s.pieces[0][n:]
	if len(s.pieces[0]) == 0 {
		s.pieces = s.pieces[1:]
	}
	return n, nil
}

func (s *slow) SetDeadline(at time.Time) error     { return s.SetReadDeadline(at) }
func (s *slow) SetReadDeadline(at time.Time) error { s.deadlines = append(s.deadlines, at); return nil }

// The time for a frame begins with its first byte and ends with its last: bytes in
// between gain none, and neither the next frame nor silence after it is held to it.
func TestTimeForAFrameIsItsOwn(t *testing.T) {
	hello, err := wire.AppendHello(nil, wire.Hello{Host: "peer", Boot: 1})
	if err != nil {
		t.Fatal(err)
	}
	half := len(hello) / 2
	s := &slow{pieces: [][]byte{
		hello[:3], hello[3:half], append(bytes.Clone(hello[half:]), hello[:half]...), // a second one begins at once
		append(bytes.Clone(hello[half:]), hello...), // and a third is there as a whole
		hello[:half], // after silence
	}, err: os.ErrDeadlineExceeded}
	in := newIntake(s)
	in.admit()
	if len(s.deadlines) != 1 || !s.deadlines[0].IsZero() {
		t.Fatalf("deadlines of one who has introduced himself: %v", s.deadlines)
	}
	s.deadlines = nil
	began := time.Now()
	for n := range 3 {
		if _, err := in.next(); err != nil {
			t.Fatalf("frame %d: %v", n, err)
		}
	}
	if len(s.deadlines) != 2 || s.deadlines[0].IsZero() || !s.deadlines[1].After(s.deadlines[0]) {
		t.Fatalf("deadlines of two frames that came in parts: %v", s.deadlines)
	}
	if first := s.deadlines[0].Sub(began); first < frameTimeout/2 || first > 2*frameTimeout {
		t.Errorf("a frame has %v", first)
	}
	if _, err := in.next(); !errors.Is(err, errDribble) {
		t.Errorf("a frame that is not complete in time: %v", err)
	}
	if len(s.deadlines) != 4 || !s.deadlines[2].IsZero() || s.deadlines[3].IsZero() {
		t.Errorf("deadlines in silence and after it: %v", s.deadlines[2:])
	}
}

// A stranger may send so many bytes, in whatever pieces, and no more.
func TestStrangerIsHeardUpToItsBytes(t *testing.T) {
	claim := []byte{0, 0x3f, 0xff, 0xff, wire.Version, byte(wire.HelloKind)}
	s := &slow{pieces: [][]byte{append(claim, make([]byte, 2*strangerBytes)...)}, err: io.EOF}
	in := newIntake(s)
	if _, err := in.next(); !errors.Is(err, errTalkative) {
		t.Errorf("got %v", err)
	}
	if left := len(s.pieces[0]); left != len(claim)+strangerBytes {
		t.Errorf("%d bytes were not read, want %d", left, len(claim)+strangerBytes)
	}
}
