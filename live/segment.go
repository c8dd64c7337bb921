package live

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/simrun/simrun/internal/trace"
)

// segmentsMin is how many files the recording of a host has at least when it is as
// long as Options.RecordMax allows: one of them goes at a time.
const segmentsMin = 8

// A segment is one file of the recording of a boot. Without a limit there is only one.
type segment struct {
	file    *os.File
	written int64
	buf     *bufio.Writer
	out     *trace.Writer
}

// segmentName is the file of the n-th segment of a boot, from 1.
func segmentName(host string, boot uint64, n int) string {
	if n == 1 {
		return fmt.Sprintf("%s-%d%s", host, boot, RecordingSuffix)
	}
	return fmt.Sprintf("%s-%d.%d%s", host, boot, n, RecordingSuffix)
}

func openSegment(name string, h trace.Header) (*segment, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if err != nil {
		return nil, err
	}
	s := &segment{file: f}
	s.buf = bufio.NewWriterSize(s, recordBuffer)
	if s.out, err = trace.NewWriter(s.buf, h); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return s, nil
}

// Write implements io.Writer, below the buffer.
func (s *segment) Write(b []byte) (int, error) {
	n, err := s.file.Write(b)
	s.written += int64(n)
	return n, err
}

// size is that of the file with all that was added.
func (s *segment) size() int64 { return s.written + int64(s.buf.Buffered()) }

// close writes the end.
func (s *segment) close() error { return errors.Join(s.out.Close(), s.file.Close()) }

// segmentPlace is where a segment is among those of its host.
type segmentPlace struct {
	boot uint64
	n    int
}

func parseSegmentName(host, name string) (at segmentPlace, ok bool) {
	text, ok := strings.CutPrefix(name, host+"-")
	if !ok {
		return at, false
	}
	if text, ok = strings.CutSuffix(text, RecordingSuffix); !ok {
		return at, false
	}
	boot, n, later := strings.Cut(text, ".")
	at.n = 1
	var err error
	if later {
		at.n, err = strconv.Atoi(n)
	}
	var noBoot error
	at.boot, noBoot = strconv.ParseUint(boot, 10, 64)
	return at, err == nil && noBoot == nil
}

// trim removes the oldest segments of a host, of this boot or an earlier one, until the
// others have no more than some bytes.
func trim(dir, host string, most int64) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	type old struct {
		segmentPlace
		name string
		size int64
	}
	var all []old
	var sum int64
	for _, e := range entries {
		at, ok := parseSegmentName(host, e.Name())
		if !ok {
			continue
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		all = append(all, old{at, e.Name(), info.Size()})
		sum += info.Size()
	}
	slices.SortFunc(all, func(a, b old) int { return cmp.Or(cmp.Compare(a.boot, b.boot), cmp.Compare(a.n, b.n)) })
	for _, o := range all {
		if sum <= most {
			break
		}
		if err := os.Remove(filepath.Join(dir, o.name)); err != nil {
			return err
		}
		sum -= o.size
	}
	return nil
}
