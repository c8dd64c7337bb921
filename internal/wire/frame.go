package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/simrun/simrun/actors"
)

// Version is the version of the framing. Peers of different versions refuse each
// other at the first frame.
const Version = 1

// FrameMax bounds the bytes of a frame after its length field.
const FrameMax = 4 << 20

// A frame is
//
//	length  uint32, big endian: bytes that follow
//	version byte
//	kind    byte
//	body    strings have a uint16 length before them
//	check   uint32: CRC32C of all that precedes, length included
const (
	lengthBytes = 4
	headBytes   = lengthBytes + 2
	checkBytes  = 4
	frameMin    = headBytes - lengthBytes + checkBytes
)

// Kind says what the body of a frame is.
type Kind byte

const (
	// HelloKind is the first frame in each direction.
	HelloKind Kind = 1
	// MessageKind carries one message to an actor.
	MessageKind Kind = 2
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// What is wrong with a frame. Whatever it is, the stream cannot be trusted any
// more.
var (
	ErrLength  = errors.New("frame length out of range")
	ErrVersion = errors.New("frame of another version")
	ErrCheck   = errors.New("frame checksum mismatch")
	ErrBody    = errors.New("malformed frame body")
)

// A Frame is one unit of a stream.
type Frame struct {
	Kind Kind
	Body []byte
}

// A Hello introduces the sender of a connection.
type Hello struct {
	Host string
	Boot uint64
}

// A Message is a message on its way. Its byte slices are views into the frame.
type Message struct {
	Target  []byte // path below the host, as in a PID's Id
	Sender  []byte // whole path, host/actor, or empty
	Name    []byte // wire name of the type
	Payload []byte
}

// AppendHello appends a hello frame to dst.
func AppendHello(dst []byte, h Hello) ([]byte, error) {
	start := len(dst)
	out := appendHead(dst, HelloKind)
	out, err := appendString(out, h.Host)
	if err != nil {
		return dst, fmt.Errorf("hello of host %.40q: %w", h.Host, err)
	}
	out = binary.BigEndian.AppendUint64(out, h.Boot)
	return finish(out, start)
}

// AppendMessage appends a message frame to dst: msg for the actor target, from
// the actor sender, which may be empty. After an error dst is as it was.
func (c *Codec) AppendMessage(dst []byte, target, sender string, mt *actors.MessageType, msg any) ([]byte, error) {
	start := len(dst)
	out := appendHead(dst, MessageKind)
	var err error
	for _, s := range [...]string{target, sender, mt.Name} {
		if out, err = appendString(out, s); err != nil {
			return dst, fmt.Errorf("message %s to %.40q: %w", mt.Name, target, err)
		}
	}
	if out, err = c.Append(out, mt, msg); err != nil {
		return dst, err
	}
	if out, err = finish(out, start); err != nil {
		return dst, fmt.Errorf("message %s to %s: %w", mt.Name, target, err)
	}
	return out, nil
}

// Hello reads the body of a hello frame.
func (f Frame) Hello() (Hello, error) {
	host, rest, ok := cutString(f.Body)
	if f.Kind != HelloKind || !ok || len(rest) != 8 {
		return Hello{}, fmt.Errorf("hello: %w", ErrBody)
	}
	return Hello{Host: string(host), Boot: binary.BigEndian.Uint64(rest)}, nil
}

// Message reads the body of a message frame. The result lives as long as the
// body.
func (f Frame) Message() (Message, error) {
	target, rest, ok1 := cutString(f.Body)
	sender, rest, ok2 := cutString(rest)
	name, rest, ok3 := cutString(rest)
	if f.Kind != MessageKind || !ok1 || !ok2 || !ok3 {
		return Message{}, fmt.Errorf("message: %w", ErrBody)
	}
	return Message{Target: target, Sender: sender, Name: name, Payload: rest}, nil
}

func appendHead(dst []byte, kind Kind) []byte {
	return append(dst, 0, 0, 0, 0, Version, byte(kind))
}

// finish fills in the length of the frame that begins at start and adds the
// check.
func finish(dst []byte, start int) ([]byte, error) {
	n := len(dst) - start - lengthBytes + checkBytes
	if n > FrameMax {
		return dst[:start], fmt.Errorf("%d bytes: %w", n, ErrLength)
	}
	binary.BigEndian.PutUint32(dst[start:], uint32(n))
	return binary.BigEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli)), nil
}

func appendString(dst []byte, s string) ([]byte, error) {
	if len(s) > 1<<16-1 {
		return dst, fmt.Errorf("text of %d bytes: %w", len(s), ErrLength)
	}
	return append(binary.BigEndian.AppendUint16(dst, uint16(len(s))), s...), nil
}

func cutString(b []byte) (s, rest []byte, ok bool) {
	if len(b) < 2 {
		return nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(b))
	if b = b[2:]; len(b) < n {
		return nil, nil, false
	}
	return b[:n], b[n:], true
}
