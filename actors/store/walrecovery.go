package store

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"

	"github.com/simrun/simrun/actors"
)

// recovered is what a log held when it was opened. All of it is durable.
type recovered struct {
	Snapshot []byte   // nil if there was none
	Records  [][]byte // in order, after the snapshot
	// Torn says that a tail was cut off of which nothing in the file tells that it
	// had been synced. It may have been, if the disk was damaged there: since the last
	// group no record followed and the log had no time to vouch for it, or the damage
	// took what vouched too, as a misdirected write to the same sector does. Then the
	// copies of regions are short and this log cannot know it. Their neighbours in the
	// chains can (see region.lose); who is alone in a chain serves what is left.
	Torn bool
	// Corrupt says that something is damaged that had been synced. Nothing else is
	// set then, and the log is good for wipe only: what it once promised is lost on
	// this disk.
	Corrupt bool
}

const (
	walTemp = "snap.tmp" // a snapshot that is being written
	walCopy = "wal.tmp"  // a segment that is being recovered
	walLost = "lost"     // its presence marks a log that is being wiped
)

// openWAL recovers the log on a disk, empty or not. A crash at any point of it
// leaves a disk that recovers to the same state.
func openWAL(disk actors.Disk, note func(fact any)) (*wal, recovered, error) {
	note(actors.Point("wal.recovering"))
	w := &wal{disk: disk, note: note}
	w.begin(0, "")
	files, err := listWAL(disk)
	if err != nil {
		return nil, recovered{}, err
	}
	if files.empty() {
		return w, recovered{}, nil
	}
	rec, err := w.load(files)
	if err != nil || rec.Corrupt {
		return w, rec, err
	}
	// The names first: a snapshot that was renamed, but not durably, must not lose
	// the segment that it replaces.
	if err := disk.SyncDir(); err != nil {
		return nil, recovered{}, fmt.Errorf("log: sync of the names: %w", err)
	}
	w.named = w.exists
	for _, name := range files.stale(w) {
		if err := disk.Remove(name); err != nil {
			return nil, recovered{}, fmt.Errorf("log file %s: remove: %w", name, err)
		}
	}
	return w, rec, nil
}

// load reads the newest snapshot and the segment after it, and makes both durable.
func (w *wal) load(files walFiles) (recovered, error) {
	var rec recovered
	if files.lost {
		return recovered{Corrupt: true}, nil
	}
	if n := len(files.snapshots); n > 0 {
		base := files.snapshots[n-1]
		b, err := w.disk.ReadFile(snapshotName(base))
		if err != nil {
			return recovered{}, fmt.Errorf("log snapshot %s: read: %w", snapshotName(base), err)
		}
		state, ok := decodeSnapshot(base, b)
		if !ok {
			// It was synced before it got its name.
			return recovered{Corrupt: true}, nil
		}
		rec.Snapshot = state
		w.begin(base, snapshotName(base))
	}
	for _, first := range files.segments {
		if first > w.segment {
			return recovered{Corrupt: true}, nil // its snapshot is gone
		}
		w.exists = w.exists || first == w.segment
	}
	if !w.exists {
		return rec, nil
	}
	b, err := w.disk.ReadFile(w.name())
	if err != nil {
		return recovered{}, fmt.Errorf("log segment %s: read: %w", w.name(), err)
	}
	rec.Records = w.scan(b)
	if end := w.size; end < int64(len(b)) {
		if w.promised(b) > end {
			return recovered{Corrupt: true}, nil
		}
		rec.Torn = true
	}
	return rec, w.rewrite(b[:w.size])
}

// rewrite replaces the segment by a durable copy of its good records. That they
// can be read proves nothing: a process crash leaves bytes that were not synced,
// and after a Sync that failed the next one succeeds although nothing was written
// (Rebello et al., ATC 2020). Only bytes written anew are made durable by it.
// The copy gets its name durably with the others, in openWAL.
func (w *wal) rewrite(records []byte) error {
	w.synced, w.durable = w.size, w.last
	copied := slices.Clone(records)
	if w.size > 0 && !w.vouched {
		w.add(nil)
		copied = append(copied, w.buf...)
		w.buf, w.synced, w.vouched = w.buf[:0], w.size, true
	}
	if err := w.disk.WriteFile(walCopy, copied); err != nil {
		return fmt.Errorf("log segment %s: copy: %w", w.name(), err)
	}
	if err := w.disk.Sync(walCopy); err != nil {
		return fmt.Errorf("log segment %s: sync of the copy: %w", w.name(), err)
	}
	if err := w.disk.Rename(walCopy, w.name()); err != nil {
		return fmt.Errorf("log segment %s: rename of the copy: %w", w.name(), err)
	}
	return nil
}

// scan returns the payloads up to the first bad record and leaves size and last
// behind the last good one.
func (w *wal) scan(b []byte) [][]byte {
	var out [][]byte
	for {
		r, ok := readWALRecord(b, w.segment, w.size)
		if r.vouches() {
			ok = ok && r.lsn == w.last
		} else if ok = ok && r.lsn == w.last+1; ok {
			out = append(out, r.payload)
			w.last++
		}
		if !ok {
			return out
		}
		w.size += r.size()
		w.vouched = r.vouches()
	}
}

// promised returns the highest synced offset in any valid record behind the
// first bad one. Power loss keeps any subset of the un-synced sectors, so valid
// records behind a hole are no news; a hole below this offset is.
func (w *wal) promised(b []byte) int64 {
	var highest int64
	for off := w.size + 1; off < int64(len(b)); {
		r, ok := readWALRecord(b, w.segment, off)
		if !ok {
			off++
			continue
		}
		highest = max(highest, r.synced)
		off += r.size()
	}
	return highest
}

// wipe empties a log for good, corrupt or not; it is as new afterwards. A crash
// on the way leaves a log that is still corrupt, never an older state of it.
func (w *wal) wipe() error {
	if err := w.disk.WriteFile(walLost, nil); err != nil {
		return fmt.Errorf("log file %s: write: %w", walLost, err)
	}
	if err := w.disk.Sync(walLost); err != nil {
		return fmt.Errorf("log file %s: sync: %w", walLost, err)
	}
	if err := w.disk.SyncDir(); err != nil {
		return fmt.Errorf("log file %s: sync of its name: %w", walLost, err)
	}
	files, err := listWAL(w.disk)
	if err != nil {
		return err
	}
	w.begin(0, "")
	for _, names := range [][]string{files.stale(w), {walLost}} {
		for _, name := range names {
			if err := w.disk.Remove(name); err != nil {
				return fmt.Errorf("log file %s: remove: %w", name, err)
			}
		}
		if err := w.disk.SyncDir(); err != nil {
			return fmt.Errorf("log: sync of the names: %w", err)
		}
	}
	return nil
}

// walFiles are the files of a log, in ascending order.
type walFiles struct {
	snapshots []uint64
	segments  []uint64
	temp      bool
	copied    bool
	lost      bool
}

func listWAL(disk actors.Disk) (walFiles, error) {
	names, err := disk.List()
	if err != nil {
		return walFiles{}, fmt.Errorf("log: list of files: %w", err)
	}
	var f walFiles
	for _, name := range names {
		if n, ok := walNumber(name, "snap-"); ok {
			f.snapshots = append(f.snapshots, n)
		} else if n, ok := walNumber(name, "wal-"); ok {
			f.segments = append(f.segments, n)
		}
		f.temp = f.temp || name == walTemp
		f.copied = f.copied || name == walCopy
		f.lost = f.lost || name == walLost
	}
	return f, nil
}

func (f walFiles) empty() bool {
	return len(f.snapshots)+len(f.segments) == 0 && !f.temp && !f.copied && !f.lost
}

// stale lists the files that are no part of w.
func (f walFiles) stale(w *wal) []string {
	var out []string
	for _, n := range f.snapshots {
		if snapshotName(n) != w.base {
			out = append(out, snapshotName(n))
		}
	}
	for _, n := range f.segments {
		if n != w.segment || !w.exists {
			out = append(out, segmentName(n))
		}
	}
	if f.temp {
		out = append(out, walTemp)
	}
	if f.copied && !w.exists { // otherwise it has become the segment
		out = append(out, walCopy)
	}
	return out
}

func segmentName(first uint64) string { return fmt.Sprintf("wal-%016x", first) }
func snapshotName(last uint64) string { return fmt.Sprintf("snap-%016x", last) }

// walNumber reads the number of a file name, which has 16 hex digits so that
// names sort as numbers do.
func walNumber(name, prefix string) (uint64, bool) {
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
