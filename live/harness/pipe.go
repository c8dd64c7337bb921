package harness

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/simrun/simrun/internal/wire"
	"github.com/simrun/simrun/sim"
)

// A process of a host gets orders, JSON objects one a line, on its standard input,
// and reports on a pipe. Both ends are one program, so there is no version.

// An order has one field set. All but the first one are short, so that a process that is
// stopped, and reads none of them, has room for those of a run in its pipe.
type order struct {
	Begin    *begin    `json:"begin,omitempty"`
	Work     *work     `json:"work,omitempty"`
	Delivery *delivery `json:"delivery,omitempty"`
	Weigh    bool      `json:"weigh,omitempty"` // to report what the process holds
}

// begin is all that a process has to know to be a host.
type begin struct {
	Scenario string            `json:"scenario"`
	Plan     string            `json:"plan"`
	Host     string            `json:"host"`
	Dir      string            `json:"dir"`
	Record   string            `json:"record,omitempty"`
	Certs    string            `json:"certs,omitempty"`
	Addrs    map[string]string `json:"addrs"` // where it finds the others
	Programs bool              `json:"programs"`
	Life     int               `json:"life"`               // of the host, from 1
	Delivery *delivery         `json:"delivery,omitempty"` // nil if nothing is broken on purpose
	Log      bool              `json:"log,omitempty"`      // to standard error
	// Calls has only those facts reported that make the history of the clients.
	Calls bool `json:"calls,omitempty"`
}

// The kinds of reports.
const (
	reportBegun  = 'B' // the host is up: a begun
	reportNote   = 'N' // a fact
	reportIssued = 'I' // an operation of the plan begins: its index
	reportEnded  = 'E' // no program is left
	reportFailed = 'F' // the run has failed: a failure
	reportMet    = 'M' // a rule has met its message: its ID
	reportCounts = 'C' // live.Counts so far, which is no news of the run and may be missing
	reportHeld   = 'H' // what the process holds, as asked: a Held
)

// A failure is what ends the run.
type failure struct {
	Check string `json:"check"`
	Why   string `json:"why"`
}

// reportMax bounds a report. The largest facts are configurations.
const reportMax = 16 << 20

// A reporter writes reports: the length of what follows, in 4 bytes, the kind, and
// the content. Each is one write, so that a process that is killed has said whatever it
// noted before it did anything else.
type reporter struct {
	mu   sync.Mutex
	w    io.Writer
	buf  []byte
	last time.Duration // of a fact
	err  error         // the first one
}

// send writes a report.
func (r *reporter) send(kind byte, content []byte) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.write(append(r.begin(kind), content...))
}

func (r *reporter) begin(kind byte) []byte { return append(r.buf[:0], 0, 0, 0, 0, kind) }

func (r *reporter) write(b []byte) error {
	r.buf = b
	if r.err != nil {
		return r.err
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	_, r.err = r.w.Write(b)
	return r.err
}

// sendJSON writes a report whose content is an object.
func (r *reporter) sendJSON(kind byte, content any) error {
	b, err := json.Marshal(content)
	if err != nil {
		return err
	}
	return r.send(kind, b)
}

// note reports a fact with the time, which is never the same twice.
func (r *reporter) note(path string, fact any) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.last = max(monotonic(), r.last+1)
	return r.writeNote(r.last, path, fact)
}

// noteAt reports a fact that is older than those before it.
func (r *reporter) noteAt(at time.Duration, path string, fact any) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.writeNote(at, path, fact)
}

func (r *reporter) writeNote(at time.Duration, path string, fact any) error {
	b := binary.BigEndian.AppendUint64(r.begin(reportNote), uint64(at))
	b = binary.BigEndian.AppendUint16(b, uint16(len(path)))
	b = append(b, path...)
	b, err := wire.AppendFact(b, fact)
	if err != nil {
		return err
	}
	return r.write(b)
}

// parseNote reads what note has written. The time is that of the clock of the machine.
func parseNote(host string, b []byte) (sim.Note, error) {
	if len(b) < 10 {
		return sim.Note{}, io.ErrUnexpectedEOF
	}
	at, n := time.Duration(binary.BigEndian.Uint64(b)), int(binary.BigEndian.Uint16(b[8:]))
	if b = b[10:]; len(b) < n {
		return sim.Note{}, io.ErrUnexpectedEOF
	}
	fact, err := wire.DecodeFact(b[n:])
	return sim.Note{At: at, Host: host, Path: string(b[:n]), Fact: fact}, err
}

// readReports hands on what a process reports, until its pipe ends. A report that is
// cut off is that of a process that was killed while it wrote it.
func readReports(r io.Reader, take func(kind byte, content []byte) error) error {
	in := bufio.NewReaderSize(r, 64<<10)
	var head [4]byte
	var b []byte
	for {
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return endOf(err)
		}
		n := int(binary.BigEndian.Uint32(head[:]))
		if n < 1 || n > reportMax {
			return fmt.Errorf("a report of %d bytes", n)
		}
		if cap(b) < n {
			b = make([]byte, n)
		}
		b = b[:n]
		if _, err := io.ReadFull(in, b); err != nil {
			return endOf(err)
		}
		if err := take(b[0], b[1:]); err != nil {
			return err
		}
	}
}

func endOf(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}
