package bench

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
)

// bareEcho sends frames of a length and a body, and a socket at the other end
// sends them back. There is no codec, no check and no actor: it is what TCP on
// this machine can do with one goroutine that reads and one that writes.
func bareEcho(j job, l *loop) error {
	client, server, err := connected(j.meter, j.certs)
	if err != nil {
		return err
	}
	go bareServer(server)
	defer closeAll(client, server)
	out := newOutbox(client)
	go out.run()
	defer out.close()
	frame := make([]byte, 4+j.Bytes)
	binary.BigEndian.PutUint32(frame, uint32(j.Bytes))
	in := bufio.NewReaderSize(client, bufferBytes)
	body := make([]byte, j.Bytes)
	issue := func() {
		out.add(func(buf []byte) []byte {
			for {
				n, ok := l.next()
				if !ok {
					return buf
				}
				binary.BigEndian.PutUint32(frame[4:], uint32(n))
				buf = append(buf, frame...)
			}
		})
	}
	j.meter.reset()
	for issue(); !l.over(); issue() {
		if in.Buffered() == 0 {
			out.flush()
		}
		if body, err = readBare(in, body); err != nil {
			return err
		}
		l.done(int(binary.BigEndian.Uint32(body)))
	}
	return nil
}

// readBare reads one frame into body.
func readBare(in *bufio.Reader, body []byte) ([]byte, error) {
	head, err := in.Peek(4)
	if err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint32(head))
	_, _ = in.Discard(4)
	if cap(body) < n {
		body = make([]byte, n)
	}
	_, err = io.ReadFull(in, body[:n])
	return body[:n], err
}

// bareServer echoes until the connection ends. It writes when it has read all
// that came.
func bareServer(conn net.Conn) {
	in := bufio.NewReaderSize(conn, bufferBytes)
	out := bufio.NewWriterSize(conn, bufferBytes)
	var body []byte
	for {
		if in.Buffered() == 0 && out.Flush() != nil {
			return
		}
		var err error
		if body, err = readBare(in, body); err != nil {
			return
		}
		_ = binary.Write(out, binary.BigEndian, uint32(len(body)))
		_, _ = out.Write(body)
	}
}
