package wire

import (
	"encoding/binary"
	"hash/crc32"
	"io"
)

const (
	// readerFirst is the first size of a Reader's buffer: enough for who only says
	// hello, and little for thousands who do not even do that.
	readerFirst = 2 << 10
	// readerBytes is its size for a stream that keeps it full.
	readerBytes = 64 << 10
)

// A Reader reads frames from a stream that arrives in pieces of any size.
type Reader struct {
	src        io.Reader
	buf        []byte
	head, tail int // what was read and not yet returned is buf[head:tail]
}

// NewReader returns a Reader of src.
func NewReader(src io.Reader) *Reader {
	return &Reader{src: src, buf: make([]byte, readerFirst)}
}

// Next returns the next frame; its body is valid until the next call. At the end
// of the stream the error is io.EOF between frames and io.ErrUnexpectedEOF within
// one. After any error the stream is of no use.
func (r *Reader) Next() (Frame, error) {
	if err := r.fill(lengthBytes); err != nil {
		return Frame{}, err
	}
	n := int(binary.BigEndian.Uint32(r.buf[r.head:]))
	if n < frameMin || n > FrameMax {
		return Frame{}, ErrLength
	}
	if err := r.fill(headBytes); err != nil {
		return Frame{}, err
	}
	if r.buf[r.head+lengthBytes] != Version {
		return Frame{}, ErrVersion
	}
	if err := r.fill(lengthBytes + n); err != nil {
		return Frame{}, err
	}
	f := r.buf[r.head : r.head+lengthBytes+n]
	r.head += len(f)
	end := len(f) - checkBytes
	if crc32.Checksum(f[:end], castagnoli) != binary.BigEndian.Uint32(f[end:]) {
		return Frame{}, ErrCheck
	}
	return Frame{Kind: Kind(f[lengthBytes+1]), Body: f[headBytes:end:end]}, nil
}

// Buffered returns how many bytes were read and not yet returned. When the Reader
// reads from its source they are the beginning of one frame.
func (r *Reader) Buffered() int { return r.tail - r.head }

// fill reads until n bytes of the current frame are at hand. The buffer doubles
// when it has been full, for one frame or, up to readerBytes, for several, and not by
// what a length field claims: a peer pays for the memory it makes us use.
func (r *Reader) fill(n int) error {
	for r.tail-r.head < n {
		if r.tail == len(r.buf) {
			to := r.buf
			if r.head == 0 || len(r.buf) < readerBytes {
				to = make([]byte, 2*len(r.buf))
			}
			r.tail = copy(to, r.buf[r.head:r.tail])
			r.buf, r.head = to, 0
		}
		m, err := r.src.Read(r.buf[r.tail:])
		r.tail += m
		if err != nil && r.tail-r.head < n {
			if err == io.EOF && r.tail > r.head {
				return io.ErrUnexpectedEOF
			}
			return err
		}
	}
	return nil
}
