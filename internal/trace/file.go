package trace

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"hash/crc32"
	"io"
	"slices"
	"time"
)

// Version is the version of the format that Writer writes, and the only one that
// Reader reads.
const Version = 2

// MaxRecord is the largest record in bytes; longer texts are cut by Writer.
const MaxRecord = 4 << 20

// The format, all integers big-endian:
//
//	file    = "simrun trace\n" version:u32 record*
//	record  = length:u32 crc:u32 payload
//	payload = 'h' header | 'e' event | 'f' count:u64 sha256
//
// The crc is CRC32C over the crc of the record before (of the first: over the
// version), the length and the payload. So the records form a chain: none can be
// changed, dropped, doubled or moved alone. The last record is the footer; its
// SHA-256 is over all bytes before the footer.
const magic = "simrun trace\n"

const (
	tagHeader = 'h'
	tagEvent  = 'e'
	tagFooter = 'f'
)

// ErrDamaged is in the chain of every error about a file that is no trace of this
// version, is cut off or was altered.
var ErrDamaged = errors.New("damaged trace")

// ErrCut is in the chain too if the file ends before its footer, as that of a
// process does which was killed while it wrote: what was read before is what was
// written. A length that was altered may look the same.
var ErrCut = fmt.Errorf("%w: cut off", ErrDamaged)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A Header says which run a trace is of.
type Header struct {
	Scenario string
	Seed     uint64
	// Plan is the text of the plan, from which the trace can be made again.
	Plan string
	// Verdict is how the run was judged. Check names what failed, Why says it, and
	// Operations are the ids of those that show it.
	Verdict, Check, Why string
	Operations          []string
	// Host is the host that a file of a recorded live run is about; "" for a file that
	// is about all of them.
	Host string
	// Base is what the monotonic clock of the machine said at the start of a live run:
	// files of several processes have one order by it. 0 in sim.
	Base time.Duration
}

func (h Header) append(b []byte) []byte {
	b = appendString(b, h.Scenario)
	b = binary.BigEndian.AppendUint64(b, h.Seed)
	for _, s := range [...]string{h.Plan, h.Verdict, h.Check, h.Why} {
		b = appendString(b, s)
	}
	b = binary.AppendVarint(b, int64(len(h.Operations)))
	for _, op := range h.Operations {
		b = appendString(b, op)
	}
	return binary.AppendVarint(appendString(b, h.Host), int64(h.Base))
}

func decodeHeader(b []byte) (Header, error) {
	d := decoder{b: b}
	h := Header{Scenario: d.string(), Seed: d.uint64()}
	for _, s := range [...]*string{&h.Plan, &h.Verdict, &h.Check, &h.Why} {
		*s = d.string()
	}
	for n := d.varint(); n > 0 && d.err == nil; n-- {
		h.Operations = append(h.Operations, d.string())
	}
	h.Host, h.Base = d.string(), time.Duration(d.varint())
	return h, d.end()
}

// A Writer writes a trace. Only after Close is the file complete; a file without
// its footer is refused.
type Writer struct {
	w     *bufio.Writer
	sum   hash.Hash
	crc   uint32
	count uint64
	buf   []byte
	err   error
}

// NewWriter starts a trace. The Writer does not close w.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	t := &Writer{w: bufio.NewWriter(w), sum: sha256.New(), crc: seedCRC(Version)}
	t.write(append([]byte(magic), 0, 0, 0, Version))
	b := h.append([]byte{tagHeader})
	if len(b) > MaxRecord {
		return nil, fmt.Errorf("header of trace: %d bytes, at most %d", len(b), MaxRecord)
	}
	t.record(b)
	return t, t.err
}

// Write adds an event. The first error is kept and returned by every later call.
func (t *Writer) Write(e Event) error {
	const room = MaxRecord / 2
	if len(e.Text) > room {
		e.Text = e.Text[:room]
	}
	t.buf = e.append(append(t.buf[:0], tagEvent))
	if len(t.buf) > MaxRecord && t.err == nil {
		t.err = fmt.Errorf("event %d: %d bytes, at most %d", e.Seq, len(t.buf), MaxRecord)
	}
	t.record(t.buf)
	t.count++
	return t.err
}

// Close writes the footer and flushes; it does not close the underlying writer.
func (t *Writer) Close() error {
	b := binary.BigEndian.AppendUint64([]byte{tagFooter}, t.count)
	t.record(t.sum.Sum(b))
	if t.err == nil {
		t.err = t.w.Flush()
	}
	return t.err
}

func (t *Writer) record(payload []byte) {
	var head [8]byte
	binary.BigEndian.PutUint32(head[:4], uint32(len(payload)))
	t.crc = nextCRC(t.crc, head[:4], payload)
	binary.BigEndian.PutUint32(head[4:], t.crc)
	t.write(head[:])
	t.write(payload)
}

func (t *Writer) write(b []byte) {
	if t.err != nil {
		return
	}
	t.sum.Write(b)
	_, t.err = t.w.Write(b)
}

func seedCRC(version uint32) uint32 {
	return crc32.Checksum(binary.BigEndian.AppendUint32([]byte(magic), version), castagnoli)
}

func nextCRC(before uint32, length, payload []byte) uint32 {
	var prev [4]byte
	binary.BigEndian.PutUint32(prev[:], before)
	c := crc32.Update(crc32.Checksum(prev[:], castagnoli), castagnoli, length)
	return crc32.Update(c, castagnoli, payload)
}

// A Reader reads a trace, event by event.
type Reader struct {
	Header Header

	r      *bufio.Reader
	sum    hash.Hash // of all but raw
	raw    []byte    // the last record, which the hash of a footer must not contain
	names  names
	crc    uint32
	count  uint64
	offset int64
	err    error
}

// NewReader reads the start of a trace.
func NewReader(r io.Reader) (*Reader, error) {
	t := &Reader{r: bufio.NewReaderSize(r, readBuffer), sum: sha256.New(), names: names{}}
	start := make([]byte, len(magic)+4)
	if err := t.read(start); err != nil {
		return nil, fmt.Errorf("start of trace: %w", err)
	}
	if !bytes.HasPrefix(start, []byte(magic)) {
		return nil, fmt.Errorf("%w: the file does not start like one", ErrDamaged)
	}
	if v := binary.BigEndian.Uint32(start[len(magic):]); v != Version {
		return nil, fmt.Errorf("%w: version %d, this program reads %d", ErrDamaged, v, Version)
	}
	t.sum.Write(start)
	t.crc = seedCRC(Version)
	payload, err := t.record()
	if err != nil {
		return nil, err
	}
	if payload[0] != tagHeader {
		return nil, fmt.Errorf("%w: the first record is no header", ErrDamaged)
	}
	if t.Header, err = decodeHeader(payload[1:]); err != nil {
		return nil, fmt.Errorf("%w: header: %v", ErrDamaged, err)
	}
	return t, nil
}

// Next returns the next event; io.EOF only after a footer that agrees with all
// that was read. Any other error is ErrDamaged or of the underlying reader, and
// repeats.
func (t *Reader) Next() (Event, error) {
	if t.err != nil {
		return Event{}, t.err
	}
	e, err := t.next()
	t.err = err
	return e, err
}

func (t *Reader) next() (Event, error) {
	payload, err := t.record()
	if err != nil {
		return Event{}, err
	}
	switch payload[0] {
	case tagEvent:
		e, err := decodeEvent(payload[1:], t.names)
		if err != nil {
			return Event{}, fmt.Errorf("%w: record %d: %v", ErrDamaged, t.count+1, err)
		}
		t.count++
		return e, nil
	case tagFooter:
		return Event{}, t.footer(payload[1:])
	}
	return Event{}, fmt.Errorf("%w: record %d: unknown tag %q", ErrDamaged, t.count+1, payload[0])
}

func (t *Reader) footer(b []byte) error {
	d := decoder{b: b}
	count, want := d.uint64(), d.take(sha256.Size)
	if err := d.end(); err != nil {
		return fmt.Errorf("%w: footer: %v", ErrDamaged, err)
	}
	if count != t.count {
		return fmt.Errorf("%w: %d events, the footer says %d", ErrDamaged, t.count, count)
	}
	if !bytes.Equal(want, t.sum.Sum(nil)) {
		return fmt.Errorf("%w: the hash in the footer differs", ErrDamaged)
	}
	if _, err := t.r.ReadByte(); err != io.EOF {
		return fmt.Errorf("%w: bytes after the footer", ErrDamaged)
	}
	return io.EOF
}

// record reads and checks one record; its payload has at least one byte and is valid
// until the next call.
func (t *Reader) record() ([]byte, error) {
	t.sum.Write(t.raw)
	at := t.offset
	t.raw = append(t.raw[:0], make([]byte, recordHead)...)
	if err := t.read(t.raw); err != nil {
		return nil, fmt.Errorf("record at byte %d: %w", at, err)
	}
	n, crc := binary.BigEndian.Uint32(t.raw[:4]), binary.BigEndian.Uint32(t.raw[4:])
	if n == 0 || n > MaxRecord {
		return nil, fmt.Errorf("%w: record at byte %d: length %d, at most %d", ErrDamaged, at, n, MaxRecord)
	}
	if err := t.payload(int(n)); err != nil {
		return nil, fmt.Errorf("record at byte %d: %w", at, err)
	}
	payload := t.raw[recordHead:]
	t.crc = nextCRC(t.crc, t.raw[:4], payload)
	if t.crc != crc {
		return nil, fmt.Errorf("%w: record at byte %d: checksum differs", ErrDamaged, at)
	}
	return payload, nil
}

const (
	// recordHead is the length and the checksum before a payload.
	recordHead = 8
	readBuffer = 32 << 10
)

// payload reads n bytes behind the head of a record. A length that was altered must not
// cost memory the file does not back, so the buffer grows with what is there.
func (t *Reader) payload(n int) error {
	const chunk = 64 << 10
	for end := recordHead + n; len(t.raw) < end; {
		from := len(t.raw)
		t.raw = slices.Grow(t.raw, min(chunk, end-from))[:from+min(chunk, end-from)]
		if err := t.read(t.raw[from:]); err != nil {
			return err
		}
	}
	return nil
}

func (t *Reader) read(b []byte) error {
	n, err := io.ReadFull(t.r, b)
	t.offset += int64(n)
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("%w at byte %d", ErrCut, t.offset)
	}
	return err
}

// Read reads a whole trace. With an error it returns the events before the
// damage.
func Read(r io.Reader) (Header, []Event, error) {
	t, err := NewReader(r)
	if err != nil {
		return Header{}, nil, err
	}
	var events []Event
	for {
		e, err := t.Next()
		if err == io.EOF {
			return t.Header, events, nil
		}
		if err != nil {
			return t.Header, events, err
		}
		events = append(events, e)
	}
}
