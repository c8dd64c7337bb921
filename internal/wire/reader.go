package wire

import (
	"encoding/binary"
	"hash/crc32"
	"io"
)

// readerBytes is the first size of a Reader's buffer.
const readerBytes = 64 << 10

// A Reader reads frames from a stream that arrives in pieces of any size.
type Reader struct {
	src        io.Reader
	buf        []byte
	head, tail int // what was read and not yet returned is buf[head:tail]
}

// NewReader returns a Reader of src.
func NewReader(src io.Reader) *Reader {
	return &Reader{src: src, buf: make([]byte, readerBytes)}
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
// as bytes arrive and not by what a length field claims, so that a peer pays for
// the memory it makes us use.
func (r *Reader) fill(n int) error {
	for r.tail-r.head < n {
		if r.tail == len(r.buf) {
			if r.head > 0 {
				r.tail = copy(r.buf, r.buf[r.head:r.tail])
				r.head = 0
			} else {
				r.buf = append(r.buf, make([]byte, len(r.buf))...)
			}
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
