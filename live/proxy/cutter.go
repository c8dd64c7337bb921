package proxy

import (
	"bytes"
	"io"

	"github.com/simrun/simrun/internal/wire"
)

// pieceBytes is the size in which a stream without frames is read.
const pieceBytes = 16 << 10

// A cutter reads a stream frame by frame for as long as it consists of frames,
// and then in pieces as they come.
type cutter struct {
	src    io.Reader
	frames *wire.Reader // reads through the cutter; nil once the stream is no longer one of frames
	seen   []byte       // what frames has read and was not yet returned
}

func newCutter(src io.Reader) *cutter {
	c := &cutter{src: src}
	c.frames = wire.NewReader(c)
	return c
}

// Read is called by the frame reader.
func (c *cutter) Read(p []byte) (int, error) {
	n, err := c.src.Read(p)
	c.seen = append(c.seen, p[:n]...)
	return n, err
}

// next returns the next piece, which the caller owns, and its kind if it is a
// frame; 0 is none. Bytes of a frame that the stream does not end come before the
// error.
func (c *cutter) next() ([]byte, wire.Kind, error) {
	if c.frames == nil {
		piece := make([]byte, pieceBytes)
		n, err := c.src.Read(piece)
		if n > 0 {
			err = nil // it comes again
		}
		return piece[:n], 0, err
	}
	frame, err := c.frames.Next()
	if err != nil {
		c.frames = nil
		if len(c.seen) == 0 {
			return nil, 0, err
		}
		return c.take(len(c.seen)), 0, nil
	}
	return c.take(len(c.seen) - c.frames.Buffered()), frame.Kind, nil
}

func (c *cutter) take(n int) []byte {
	piece := bytes.Clone(c.seen[:n])
	c.seen = c.seen[:copy(c.seen, c.seen[n:])]
	return piece
}
