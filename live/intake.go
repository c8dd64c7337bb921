package live

import (
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/simrun/simrun/internal/wire"
)

const (
	// strangerBytes bounds what is read from a peer before its first frame is
	// complete, and so what a stranger can make us keep.
	strangerBytes = 64 << 10
	// frameTimeout bounds the time from the first bytes of a frame that are read to
	// its last. A peer that sends nothing may do so for as long as its kernel
	// answers keep-alive probes: it holds one of its few connections.
	frameTimeout = 10 * time.Second
)

// What a peer did that costs it its connection.
var (
	errTalkative = fmt.Errorf("no hello in %d bytes", strangerBytes)
	errDribble   = fmt.Errorf("frame not complete after %v", frameTimeout)
)

// keepAlive finds a peer that has gone without a word.
var keepAlive = net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 5 * time.Second, Count: 3}

// An intake is what a connection's frames are read through. It gives a stranger
// few bytes, and everybody bounded time to end a frame that has begun.
type intake struct {
	conn     net.Conn
	frames   *wire.Reader
	stranger int       // bytes that a stranger may still send
	known    bool      // it is no stranger any more
	late     time.Time // when the frame that has begun is late; zero if none has
	armed    bool      // conn has a read deadline
}

func newIntake(conn net.Conn) *intake {
	in := &intake{conn: conn, stranger: strangerBytes}
	in.frames = wire.NewReader(in)
	return in
}

// next returns the next frame; its body is valid until the next call.
func (in *intake) next() (wire.Frame, error) {
	f, err := in.frames.Next()
	in.late = time.Time{}
	return f, err
}

// admit ends the state of a stranger, and with it the deadline of the handshake.
func (in *intake) admit() {
	in.known, in.armed = true, false
	_ = in.conn.SetDeadline(time.Time{})
}

// Read is called by the frame reader when it needs more.
func (in *intake) Read(p []byte) (int, error) {
	if !in.known {
		if in.stranger == 0 {
			return 0, errTalkative
		}
		n, err := in.conn.Read(p[:min(len(p), in.stranger)])
		in.stranger -= n
		return n, err
	}
	switch begun := in.frames.Buffered() > 0; {
	case begun && in.late.IsZero():
		in.late, in.armed = time.Now().Add(frameTimeout), true
		_ = in.conn.SetReadDeadline(in.late)
	case !begun && in.armed:
		in.armed = false
		_ = in.conn.SetReadDeadline(time.Time{})
	}
	n, err := in.conn.Read(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = errDribble
	}
	return n, err
}
