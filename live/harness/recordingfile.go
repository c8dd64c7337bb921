package harness

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/live"
)

// A recorded is one file of a host in a recording, and what a first reading found out
// about it. The events stay in the file.
type recorded struct {
	name   string
	header trace.Header
	first  trace.Event // which has the boot
	last   time.Duration
	// disorder is how much earlier an event may be than one before it: a fact has the
	// time at which it was noted and not the one at which it was written.
	disorder   time.Duration
	events     int // a host that still records adds to its file
	deliveries int
	cut        bool   // the end is missing
	stopped    bool   // gracefully
	failed     string // what stopped the host
}

func (f *recorded) life() life { return life{f.header.Host, f.first.Key} }

// A life is one boot of a host.
type life struct {
	host string
	boot uint64
}

// A RecordedLife is one boot of a host in a recording.
type RecordedLife struct {
	Host     string
	Boot     uint64
	From, To time.Duration // of what is there of it, since the start of the run
	// End says how it ended, as far as that was recorded.
	End string
}

// Lives are the boots of all hosts, by host and in their order.
func (rec *Recording) Lives() (all []RecordedLife) {
	for i, f := range rec.files {
		if i == 0 || rec.files[i-1].life() != f.life() {
			all = append(all, RecordedLife{Host: f.header.Host, Boot: f.first.Key, From: f.first.At - rec.base})
		}
		last := &all[len(all)-1]
		last.To, last.End = f.last-rec.base, f.end()
	}
	return all
}

// end says how a life ended whose last file this is.
func (f *recorded) end() string {
	switch {
	case f.failed != "":
		return "failed: " + f.failed
	case f.cut:
		return "was killed, or goes on"
	case f.stopped:
		return "was stopped"
	}
	return "ended at once"
}

// begins reports that the file begins with its boot. Others go on where one ended that
// had become too long.
func (f *recorded) begins() bool { return f.first.Kind == trace.Start }

// scanHosts reads the files of the hosts once and tells look each event, with the time
// on the clock of the machine. They are sorted by host, and of a host in the order in
// which they were written. A file that was cut before its first event says nothing.
func scanHosts(dir string, look func(f *recorded, e trace.Event) error) ([]*recorded, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*"+live.RecordingSuffix))
	if err != nil {
		return nil, err
	}
	var all []*recorded
	for _, name := range names {
		if filepath.Base(name) == runFile {
			continue
		}
		f, err := scanHost(name, look)
		switch {
		case errors.Is(err, fs.ErrNotExist): // the host that still records has removed it
		case err != nil:
			return nil, err
		case f.first.Kind != 0:
			all = append(all, f)
		}
	}
	slices.SortFunc(all, func(a, b *recorded) int {
		return cmp.Or(strings.Compare(a.header.Host, b.header.Host), cmp.Compare(a.first.Key, b.first.Key), cmp.Compare(a.first.Seq, b.first.Seq))
	})
	return all, nil
}

func scanHost(name string, look func(f *recorded, e trace.Event) error) (*recorded, error) {
	f := &recorded{name: name}
	r, err := openRecorded(name)
	if f.cut = errors.Is(err, trace.ErrCut); f.cut {
		return f, nil
	}
	if err != nil {
		return nil, err
	}
	defer r.close()
	f.header = r.Header
	for {
		e, err := r.Next()
		if err == io.EOF {
			return f, nil
		}
		if f.cut = errors.Is(err, trace.ErrCut); f.cut {
			return f, nil
		}
		if err == nil {
			e.At += f.header.Base
			f.see(e)
			err = look(f, e)
		}
		if err != nil {
			return nil, fmt.Errorf("recording %s: %w", name, err)
		}
	}
}

// see takes down what an event says of its file.
func (f *recorded) see(e trace.Event) {
	if f.first.Kind == 0 {
		f.first = e
	}
	if e.At < f.last {
		f.disorder = max(f.disorder, f.last-e.At)
	}
	f.last = max(f.last, e.At)
	f.events++
	switch e.Kind {
	case trace.Deliver:
		f.deliveries++
	case trace.Stop:
		f.stopped = true
	case trace.Fail:
		f.failed = e.Text
	}
}

// A recordedReader is an open file of a recording.
type recordedReader struct {
	*trace.Reader
	file *os.File
}

func openRecorded(name string) (*recordedReader, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	r, err := trace.NewReader(file)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("recording %s: %w", name, err), file.Close())
	}
	return &recordedReader{r, file}, nil
}

func (r *recordedReader) close() { _ = r.file.Close() }

// A hostStream is what a host did in all of its lives, in the order of time, one file
// open at a time.
type hostStream struct {
	files []*recorded     // that are left
	open  *recordedReader // the first of them, or nil
	// ahead are events that were read, in the order of time; nothing that is read later
	// comes before those that are older than the disorder of the file.
	ahead []trace.Event
	read  time.Duration // the time of the latest event that was read
	left  int           // events of the file that were not read
}

// aheadMost bounds what is read ahead: a file whose times are all over the place is told
// as it was written.
const aheadMost = 1 << 16

// next returns the next event, with the time on the clock of the machine; io.EOF after
// the last one.
func (h *hostStream) next() (*recorded, trace.Event, error) {
	for len(h.files) > 0 {
		f := h.files[0]
		if h.open == nil {
			r, err := openRecorded(f.name)
			if err != nil {
				return nil, trace.Event{}, err
			}
			h.open, h.left, h.read = r, f.events, 0
		}
		for h.left > 0 && !h.ready(f) {
			if err := h.readOne(f); err != nil {
				return nil, trace.Event{}, err
			}
		}
		if len(h.ahead) > 0 {
			e := h.ahead[0]
			h.ahead = h.ahead[1:]
			return f, e, nil
		}
		h.open.close()
		h.open, h.files = nil, h.files[1:]
	}
	return nil, trace.Event{}, io.EOF
}

// ready reports that the first event that was read ahead is the next one.
func (h *hostStream) ready(f *recorded) bool {
	n := len(h.ahead)
	return n > 0 && (h.ahead[0].At+f.disorder <= h.read || n > aheadMost)
}

// readOne reads an event ahead.
func (h *hostStream) readOne(f *recorded) error {
	e, err := h.open.Next()
	if err != nil {
		return fmt.Errorf("recording %s: it has changed: %w", f.name, err)
	}
	h.left--
	e.At += f.header.Base
	h.read = max(h.read, e.At)
	at, _ := slices.BinarySearchFunc(h.ahead, e.At, func(a trace.Event, at time.Duration) int {
		if a.At <= at {
			return -1
		}
		return 1
	})
	h.ahead = slices.Insert(h.ahead, at, e)
	return nil
}

func (h *hostStream) close() {
	if h.open != nil {
		h.open.close()
	}
}
