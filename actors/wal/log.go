package wal

import (
	"fmt"

	"github.com/simrun/simrun/actors"
)

// A Log is a write-ahead log: a snapshot and the records that were appended after
// it. It is owned by the actor that owns the disk, and keeps all files of it.
//
// What Append took is lost by a crash until Sync has returned. After an error of
// any method the state of the un-synced bytes is unknown: the owner halts and
// never tries again.
//
// Files: snap-S holds the state after record S, wal-S the records from S on. A
// segment begins where a snapshot ends, so all that a snapshot covers can go
// once the snapshot's name is durable. Numbers (LSN) count from 1 and are dense.
type Log struct {
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

const bufferSize = 256 << 10 // bytes that Append keeps before it writes

// Append adds a record, which gets the number Last. The payload is copied; it has
// 1 to MaxRecord bytes.
func (l *Log) Append(payload []byte) error {
	if n := len(payload); n < 1 || n > MaxRecord {
		return fmt.Errorf("log record of %d bytes: the limits are 1 and %d", n, MaxRecord)
	}
	l.last++
	l.vouched = false
	l.add(payload)
	if len(l.buf) >= bufferSize {
		return l.write()
	}
	return nil
}

// add encodes a record with the number of the last one.
func (l *Log) add(payload []byte) {
	r := record{lsn: l.last, synced: l.synced, payload: payload}
	l.buf = appendRecord(l.buf, l.segment, l.size, r)
	l.size += r.size()
}

// Sync makes every appended record durable.
func (l *Log) Sync() error {
	if l.durable == l.last {
		return nil
	}
	return l.flush()
}

// Vouch makes durable that everything appended so far has been synced. Until a
// later record says so, recovery takes damage among the last ones for a torn tail.
// The next Append says it too, so this is for a log that has nothing to do.
func (l *Log) Vouch() error {
	if l.durable != l.last || l.size == 0 || l.vouched {
		return nil
	}
	l.add(nil)
	l.vouched = true
	return l.flush()
}

// flush writes and syncs what is buffered.
func (l *Log) flush() error {
	if err := l.write(); err != nil {
		return err
	}
	l.note(actors.Point("wal.before-sync"))
	if err := l.disk.Sync(l.name()); err != nil {
		return fmt.Errorf("log segment %s: sync: %w", l.name(), err)
	}
	if !l.named {
		if err := l.disk.SyncDir(); err != nil {
			return fmt.Errorf("log segment %s: sync of its name: %w", l.name(), err)
		}
		l.named = true
	}
	l.synced, l.durable = l.size, l.last
	l.note(actors.Point("wal.after-sync"))
	return nil
}

// Snapshot replaces all records appended so far by the state they lead to, and
// makes it durable. Appending goes on in a new segment.
func (l *Log) Snapshot(state []byte) error {
	name := snapshotName(l.last)
	if err := l.disk.WriteFile(snapshotTemp, encodeSnapshot(l.last, state)); err != nil {
		return fmt.Errorf("log snapshot %s: write: %w", name, err)
	}
	if err := l.disk.Sync(snapshotTemp); err != nil {
		return fmt.Errorf("log snapshot %s: sync: %w", name, err)
	}
	l.note(actors.Point("wal.before-rename"))
	if err := l.disk.Rename(snapshotTemp, name); err != nil {
		return fmt.Errorf("log snapshot %s: rename: %w", name, err)
	}
	if err := l.disk.SyncDir(); err != nil {
		return fmt.Errorf("log snapshot %s: sync of its name: %w", name, err)
	}
	return l.rotate(name)
}

// rotate drops the files that the durable snapshot covers, and the buffer.
func (l *Log) rotate(snapshot string) error {
	l.note(actors.Point("wal.before-remove"))
	if l.base != "" && l.base != snapshot {
		if err := l.disk.Remove(l.base); err != nil {
			return fmt.Errorf("log snapshot %s: remove: %w", l.base, err)
		}
	}
	if l.exists {
		if err := l.disk.Remove(l.name()); err != nil {
			return fmt.Errorf("log segment %s: remove: %w", l.name(), err)
		}
	}
	l.begin(l.last, snapshot)
	return nil
}

// begin starts an empty segment after the record base, whose state the file
// snapshot has.
func (l *Log) begin(base uint64, snapshot string) {
	l.segment, l.last, l.durable = base+1, base, base
	l.size, l.synced, l.buf = 0, 0, l.buf[:0]
	l.exists, l.named, l.vouched, l.base = false, false, false, snapshot
}

// write hands the buffered records to the disk.
func (l *Log) write() error {
	if len(l.buf) == 0 {
		return nil
	}
	l.note(actors.Point("wal.before-append"))
	if err := l.disk.Append(l.name(), l.buf); err != nil {
		return fmt.Errorf("log segment %s: append: %w", l.name(), err)
	}
	l.exists = true
	l.buf = l.buf[:0]
	return nil
}

// Last returns the number of the last record appended, 0 if there was none.
func (l *Log) Last() uint64 { return l.last }

// Bytes returns how long the segment is: the price of a restart, and so the
// reason to take a snapshot.
func (l *Log) Bytes() int64 { return l.size }

func (l *Log) name() string { return segmentName(l.segment) }
