package live

import (
	"bytes"
	"errors"
	"net"
	"testing"
)

// A chunked connection keeps what is written to it, call by call.
type chunked struct {
	net.Conn
	chunks [][]byte
	err    error
}

func (c *chunked) Write(p []byte) (int, error) {
	c.chunks = append(c.chunks, bytes.Clone(p))
	return len(p), c.err
}

func TestACorkGathersTheRecordsOfOneBatch(t *testing.T) {
	below := &chunked{}
	c := &cork{Conn: below}
	record := bytes.Repeat([]byte("r"), 16<<10)
	_, _ = c.Write([]byte("hello")) // of the handshake: nobody would send it later
	var sent []byte
	err := c.gather(func() error {
		for range 4 {
			if n, err := c.Write(record); n != len(record) || err != nil {
				t.Errorf("%d bytes, %v", n, err)
			}
			sent = append(sent, record...)
		}
		return nil
	})
	if err != nil || len(below.chunks) != 2 || !bytes.Equal(below.chunks[1], sent) {
		t.Errorf("%d calls, %v; want the hello and one for all records", len(below.chunks), err)
	}
	below.chunks = nil
	_ = c.gather(func() error {
		for range 64 {
			_, _ = c.Write(record)
		}
		return nil
	})
	total := 0
	for _, chunk := range below.chunks {
		if total += len(chunk); len(chunk) > corkBytes {
			t.Errorf("a call with %d bytes: more than it may hold back", len(chunk))
		}
	}
	if total != 64*len(record) {
		t.Errorf("%d bytes of %d", total, 64*len(record))
	}
}

func TestACorkTellsWhatFails(t *testing.T) {
	broken := errors.New("broken")
	c := &cork{Conn: &chunked{err: broken}}
	err := c.gather(func() error {
		_, err := c.Write([]byte("x"))
		return err
	})
	if !errors.Is(err, broken) {
		t.Errorf("a write that fails when it is flushed: %v", err)
	}
	below := &chunked{}
	c = &cork{Conn: below}
	err = c.gather(func() error {
		_, _ = c.Write([]byte("x"))
		return broken
	})
	if !errors.Is(err, broken) || len(below.chunks) > 0 {
		t.Errorf("after a batch that TLS could not write: %v, %d calls", err, len(below.chunks))
	}
}
