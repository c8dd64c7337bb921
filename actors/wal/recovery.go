package wal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"

	"github.com/simrun/simrun/actors"
)

// Recovered is what a log held when it was opened. All of it is durable.
type Recovered struct {
	Snapshot []byte   // nil if there was none
	Records  [][]byte // in order, after the snapshot
	// Torn says that a tail was cut off of which nothing in the file tells that it
	// had been synced. It may have been, if the disk was damaged there: since the last
	// group no record followed and the log had no time to vouch for it, or the damage
	// took what vouched too, as a misdirected write to the same sector does. Then the
	// log is short and cannot know it; others that hold a copy may. Every recovery says
	// it again until Settle: a second crash must not turn a doubt into a certainty.
	Torn bool
	// Corrupt says that something is damaged that had been synced. Nothing else is
	// set then, and the log is good for Wipe only: what it once promised is lost on
	// this disk.
	Corrupt bool
}

// Damage is the fact that a file of a log is not as it was written.
type Damage struct {
	File string
	// At is the first byte, from 0, that cannot be read as a record, or 0 if the whole
	// file is meant.
	At int64
	// Cut says that the rest of the file was cut off, as after a torn write. Otherwise
	// nothing of the log is used.
	Cut bool
}

func init() { actors.Facts("wal", Damage{}) }

const (
	snapshotTemp = "snap.tmp" // a snapshot that is being written
	segmentCopy  = "wal.tmp"  // a segment that is being recovered
	lostMark     = "lost"     // its presence marks a log that is being wiped
	tornMark     = "torn"     // its presence is a doubt: see Recovered.Torn
)

// Open recovers the log on a disk, empty or not. A crash at any point of it leaves
// a disk that recovers to the same state. Facts and crash points go to note.
func Open(disk actors.Disk, note func(fact any)) (*Log, Recovered, error) {
	note(actors.Point("wal.recovering"))
	l := &Log{disk: disk, note: note}
	l.begin(0, "")
	files, err := listFiles(disk)
	if err != nil {
		return nil, Recovered{}, err
	}
	if files.empty() {
		return l, Recovered{}, nil
	}
	rec, err := l.load(files)
	if err != nil || rec.Corrupt {
		return l, rec, err
	}
	// The names first: a snapshot that was renamed, but not durably, must not lose
	// the segment that it replaces.
	if err := disk.SyncDir(); err != nil {
		return nil, Recovered{}, fmt.Errorf("log: sync of the names: %w", err)
	}
	l.named = l.exists
	for _, name := range files.stale(l) {
		if err := disk.Remove(name); err != nil {
			return nil, Recovered{}, fmt.Errorf("log file %s: remove: %w", name, err)
		}
	}
	return l, rec, nil
}

// load reads the newest snapshot and the segment after it, and makes both durable.
func (l *Log) load(files files) (Recovered, error) {
	rec := Recovered{Torn: files.torn}
	if files.lost {
		return Recovered{Corrupt: true}, nil
	}
	if n := len(files.snapshots); n > 0 {
		base := files.snapshots[n-1]
		b, err := l.disk.ReadFile(snapshotName(base))
		if err != nil {
			return Recovered{}, fmt.Errorf("log snapshot %s: read: %w", snapshotName(base), err)
		}
		state, ok := decodeSnapshot(base, b)
		if !ok {
			// It was synced before it got its name.
			l.note(Damage{File: snapshotName(base)})
			return Recovered{Corrupt: true}, nil
		}
		rec.Snapshot = state
		l.begin(base, snapshotName(base))
	}
	for _, first := range files.segments {
		if first > l.segment {
			l.note(Damage{File: segmentName(first)})
			return Recovered{Corrupt: true}, nil // its snapshot is gone
		}
		l.exists = l.exists || first == l.segment
	}
	if !l.exists {
		return rec, nil
	}
	b, err := l.disk.ReadFile(l.name())
	if err != nil {
		return Recovered{}, fmt.Errorf("log segment %s: read: %w", l.name(), err)
	}
	rec.Records = l.scan(b)
	if end := l.size; end < int64(len(b)) {
		damage := Damage{File: l.name(), At: end}
		if l.promised(b) > end {
			l.note(damage)
			return Recovered{Corrupt: true}, nil
		}
		rec.Torn, damage.Cut = true, true
		l.note(damage)
		if err := l.mark(tornMark); err != nil {
			return Recovered{}, err
		}
	}
	return rec, l.rewrite(b[:l.size])
}

// mark makes an empty file durable, whose name says something of the log.
func (l *Log) mark(name string) error {
	if err := l.disk.WriteFile(name, nil); err != nil {
		return fmt.Errorf("log file %s: write: %w", name, err)
	}
	if err := l.disk.Sync(name); err != nil {
		return fmt.Errorf("log file %s: sync: %w", name, err)
	}
	if err := l.disk.SyncDir(); err != nil {
		return fmt.Errorf("log file %s: sync of its name: %w", name, err)
	}
	return nil
}

// Settle ends the doubt that Recovered.Torn told of, for good: the owner has seen
// that the log is whole, or that nobody knows better.
func (l *Log) Settle() error {
	if err := l.disk.Remove(tornMark); err != nil {
		return fmt.Errorf("log file %s: remove: %w", tornMark, err)
	}
	if err := l.disk.SyncDir(); err != nil {
		return fmt.Errorf("log: sync of the names: %w", err)
	}
	return nil
}

// rewrite replaces the segment by a durable copy of its good records. That they
// can be read proves nothing: a process crash leaves bytes that were not synced,
// and after a Sync that failed the next one succeeds although nothing was written
// (Rebello et al., ATC 2020). Only bytes written anew are made durable by it.
// The copy gets its name durably with the others, in Open.
func (l *Log) rewrite(records []byte) error {
	l.synced, l.durable = l.size, l.last
	copied := slices.Clone(records)
	if l.size > 0 && !l.vouched {
		l.add(nil)
		copied = append(copied, l.buf...)
		l.buf, l.synced, l.vouched = l.buf[:0], l.size, true
	}
	if err := l.disk.WriteFile(segmentCopy, copied); err != nil {
		return fmt.Errorf("log segment %s: copy: %w", l.name(), err)
	}
	if err := l.disk.Sync(segmentCopy); err != nil {
		return fmt.Errorf("log segment %s: sync of the copy: %w", l.name(), err)
	}
	if err := l.disk.Rename(segmentCopy, l.name()); err != nil {
		return fmt.Errorf("log segment %s: rename of the copy: %w", l.name(), err)
	}
	return nil
}

// scan returns the payloads up to the first bad record and leaves size and last
// behind the last good one.
func (l *Log) scan(b []byte) [][]byte {
	var out [][]byte
	for {
		r, ok := readRecord(b, l.segment, l.size)
		if r.vouches() {
			ok = ok && r.lsn == l.last
		} else if ok = ok && r.lsn == l.last+1; ok {
			out = append(out, r.payload)
			l.last++
		}
		if !ok {
			return out
		}
		l.size += r.size()
		l.vouched = r.vouches()
	}
}

// promised returns the highest synced offset in any valid record behind the
// first bad one. Power loss keeps any subset of the un-synced sectors, so valid
// records behind a hole are no news; a hole below this offset is.
func (l *Log) promised(b []byte) int64 {
	var highest int64
	for off := l.size + 1; off < int64(len(b)); {
		r, ok := readRecord(b, l.segment, off)
		if !ok {
			off++
			continue
		}
		highest = max(highest, r.synced)
		off += r.size()
	}
	return highest
}

// Wipe empties a log for good, corrupt or not; it is as new afterwards. A crash
// on the way leaves a log that is still corrupt, never an older state of it.
func (l *Log) Wipe() error {
	if err := l.mark(lostMark); err != nil {
		return err
	}
	files, err := listFiles(l.disk)
	if err != nil {
		return err
	}
	l.begin(0, "")
	gone := files.stale(l)
	if files.torn {
		gone = append(gone, tornMark)
	}
	for _, names := range [][]string{gone, {lostMark}} {
		for _, name := range names {
			if err := l.disk.Remove(name); err != nil {
				return fmt.Errorf("log file %s: remove: %w", name, err)
			}
		}
		if err := l.disk.SyncDir(); err != nil {
			return fmt.Errorf("log: sync of the names: %w", err)
		}
	}
	return nil
}

// files are the files of a log, in ascending order.
type files struct {
	snapshots []uint64
	segments  []uint64
	temp      bool
	copied    bool
	lost      bool
	torn      bool
}

func listFiles(disk actors.Disk) (files, error) {
	names, err := disk.List()
	if err != nil {
		return files{}, fmt.Errorf("log: list of files: %w", err)
	}
	var f files
	for _, name := range names {
		if n, ok := fileNumber(name, "snap-"); ok {
			f.snapshots = append(f.snapshots, n)
		} else if n, ok := fileNumber(name, "wal-"); ok {
			f.segments = append(f.segments, n)
		}
		f.temp = f.temp || name == snapshotTemp
		f.copied = f.copied || name == segmentCopy
		f.lost = f.lost || name == lostMark
		f.torn = f.torn || name == tornMark
	}
	return f, nil
}

func (f files) empty() bool {
	return len(f.snapshots)+len(f.segments) == 0 && !f.temp && !f.copied && !f.lost && !f.torn
}

// stale lists the files that are no part of w.
func (f files) stale(l *Log) []string {
	var out []string
	for _, n := range f.snapshots {
		if snapshotName(n) != l.base {
			out = append(out, snapshotName(n))
		}
	}
	for _, n := range f.segments {
		if n != l.segment || !l.exists {
			out = append(out, segmentName(n))
		}
	}
	if f.temp {
		out = append(out, snapshotTemp)
	}
	if f.copied && !l.exists { // otherwise it has become the segment
		out = append(out, segmentCopy)
	}
	return out
}

func segmentName(first uint64) string { return fmt.Sprintf("wal-%016x", first) }
func snapshotName(last uint64) string { return fmt.Sprintf("snap-%016x", last) }

// fileNumber reads the number of a file name, which has 16 hex digits so that
// names sort as numbers do.
func fileNumber(name, prefix string) (uint64, bool) {
	digits, ok := strings.CutPrefix(name, prefix)
	if !ok || len(digits) != 16 {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 16, 64)
	return n, err == nil
}

// A snapshot on disk is LSN, 8 bytes | state | CRC-32C, 4 bytes.
func encodeSnapshot(lsn uint64, state []byte) []byte {
	b := make([]byte, 0, 8+len(state)+4)
	b = binary.LittleEndian.AppendUint64(b, lsn)
	b = append(b, state...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

func decodeSnapshot(lsn uint64, b []byte) ([]byte, bool) {
	n := len(b) - 4
	if n < 8 || binary.LittleEndian.Uint32(b[n:]) != crc32.Checksum(b[:n], castagnoli) {
		return nil, false
	}
	return b[8:n:n], binary.LittleEndian.Uint64(b) == lsn
}
