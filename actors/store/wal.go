package store

import (
	"fmt"

	"github.com/simrun/simrun/actors"
)

// A wal is the write-ahead log of one daemon: a snapshot and the records that
// were appended after it. It is owned by the actor that owns the disk.
//
// What append took is lost by a crash until sync has returned. After an error of
// any method the state of the un-synced bytes is unknown: the owner halts and
// never tries again.
//
// Files: snap-S holds the state after record S, wal-S the records from S on. A
// segment begins where a snapshot ends, so all that a snapshot covers can go
// once the snapshot's name is durable. Numbers (LSN) count from 1 and are dense.
type wal struct {
	disk actors.Disk
	note func(fact any)

	segment uint64 // LSN of the first record of the segment
	last    uint64 // LSN of the last record appended
	durable uint64 // LSN of the last record that survives a power loss
	size    int64  // length of the segment, with buf
	synced  int64  // of which this much is durable
	vouched bool   // the last record says so: see vouch
	buf     []byte // appended, not yet written
	exists  bool   // the segment has a file
	named   bool   // and the name of that file is durable
	base    string // the file of the snapshot that the segment follows; "" if none
}

const walBuffer = 256 << 10 // bytes that append keeps before it writes

// append adds a record, which gets the number lastLSN. The payload is copied; it
// is not empty.
func (w *wal) append(payload []byte) error {
	if n := len(payload); n < 1 || n > maxRecord {
		return fmt.Errorf("log record of %d bytes: the limits are 1 and %d", n, maxRecord)
	}
	w.last++
	w.vouched = false
	w.add(payload)
	if len(w.buf) >= walBuffer {
		return w.write()
	}
	return nil
}

// add encodes a record with the number of the last one.
func (w *wal) add(payload []byte) {
	r := walRecord{lsn: w.last, synced: w.synced, payload: payload}
	w.buf = appendWALRecord(w.buf, w.segment, w.size, r)
	w.size += r.size()
}

// sync makes every appended record durable.
func (w *wal) sync() error {
	if w.durable == w.last {
		return nil
	}
	return w.flush()
}

// vouch makes durable that everything appended so far has been synced. Until a
// later record says so, recovery takes damage among the last ones for a torn tail.
// The next append says it too, so this is for a log that has nothing to do.
func (w *wal) vouch() error {
	if w.durable != w.last || w.size == 0 || w.vouched {
		return nil
	}
	w.add(nil)
	w.vouched = true
	return w.flush()
}

// flush writes and syncs what is buffered.
func (w *wal) flush() error {
	if err := w.write(); err != nil {
		return err
	}
	w.note(actors.Point("wal.before-sync"))
	if err := w.disk.Sync(w.name()); err != nil {
		return fmt.Errorf("log segment %s: sync: %w", w.name(), err)
	}
	if !w.named {
		if err := w.disk.SyncDir(); err != nil {
			return fmt.Errorf("log segment %s: sync of its name: %w", w.name(), err)
		}
		w.named = true
	}
	w.synced, w.durable = w.size, w.last
	w.note(actors.Point("wal.after-sync"))
	return nil
}

// snapshot replaces all records appended so far by the state they lead to, and
// makes it durable. Appending goes on in a new segment.
func (w *wal) snapshot(state []byte) error {
	name := snapshotName(w.last)
	if err := w.disk.WriteFile(walTemp, encodeSnapshot(w.last, state)); err != nil {
		return fmt.Errorf("log snapshot %s: write: %w", name, err)
	}
	if err := w.disk.Sync(walTemp); err != nil {
		return fmt.Errorf("log snapshot %s: sync: %w", name, err)
	}
	w.note(actors.Point("wal.before-rename"))
	if err := w.disk.Rename(walTemp, name); err != nil {
		return fmt.Errorf("log snapshot %s: rename: %w", name, err)
	}
	if err := w.disk.SyncDir(); err != nil {
		return fmt.Errorf("log snapshot %s: sync of its name: %w", name, err)
	}
	return w.rotate(name)
}

// rotate drops the files that the durable snapshot covers, and the buffer.
func (w *wal) rotate(snapshot string) error {
	w.note(actors.Point("wal.before-remove"))
	if w.base != "" && w.base != snapshot {
		if err := w.disk.Remove(w.base); err != nil {
			return fmt.Errorf("log snapshot %s: remove: %w", w.base, err)
		}
	}
	if w.exists {
		if err := w.disk.Remove(w.name()); err != nil {
			return fmt.Errorf("log segment %s: remove: %w", w.name(), err)
		}
	}
	w.begin(w.last, snapshot)
	return nil
}

// begin starts an empty segment after the record base, whose state the file
// snapshot has.
func (w *wal) begin(base uint64, snapshot string) {
	w.segment, w.last, w.durable = base+1, base, base
	w.size, w.synced, w.buf = 0, 0, w.buf[:0]
	w.exists, w.named, w.vouched, w.base = false, false, false, snapshot
}

// write hands the buffered records to the disk.
func (w *wal) write() error {
	if len(w.buf) == 0 {
		return nil
	}
	w.note(actors.Point("wal.before-append"))
	if err := w.disk.Append(w.name(), w.buf); err != nil {
		return fmt.Errorf("log segment %s: append: %w", w.name(), err)
	}
	w.exists = true
	w.buf = w.buf[:0]
	return nil
}

// lastLSN returns the number of the last record appended, 0 if there was none.
func (w *wal) lastLSN() uint64 { return w.last }

// bytes returns how long the segment is: the price of a restart, and so the
// reason to take a snapshot.
func (w *wal) bytes() int64 { return w.size }

func (w *wal) name() string { return segmentName(w.segment) }
