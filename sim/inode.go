package sim

import (
	"fmt"
	"slices"

	"github.com/simrun/simrun/faults"
)

// sectorSize is what a device writes at once.
const sectorSize = 4096

// An inode is a file apart from its names. cur is what processes read. What is
// durable is cur[:synced] or, when cur no longer extends it, old.
type inode struct {
	cur     []byte
	synced  int
	old     []byte
	rewrote bool // cur does not extend what is durable, which is old
	keep    int  // rewrote: a prefix of old that cur still has, and power loss too
	floor   int  // rewrote: power loss leaves no less than this many bytes

	// forgot is set by a Sync that failed: cur[base:forgot] counts as written, so no
	// later Sync writes it, and of these bytes only those are durable that old has.
	forgot int
	hollow bool // what is forgotten at the end has left its length on the device, as zeros
	lied   bool // a Sync has claimed that all is durable, and it is not
}

// base is how much of cur a power loss cannot take.
func (ino *inode) base() int {
	if ino.rewrote {
		return ino.keep
	}
	return ino.synced
}

// diverge notes that only the first keep bytes of what is durable stay in cur.
func (ino *inode) diverge(keep int) {
	if !ino.rewrote {
		ino.rewrote = true
		ino.old = ino.cur[:ino.synced:ino.synced]
		ino.keep, ino.floor = ino.synced, ino.synced
	}
	ino.keep, ino.floor = min(ino.keep, keep), min(ino.floor, keep)
}

// truncate shortens cur.
func (ino *inode) truncate(size int) {
	if size < ino.synced || ino.rewrote {
		ino.diverge(size)
	}
	ino.cur = ino.cur[:size:size] // what is appended later must not touch old
	ino.forgot = min(ino.forgot, size)
}

// rewrite replaces cur.
func (ino *inode) rewrite(b []byte) {
	ino.diverge(0)
	ino.cur, ino.forgot = b, 0
}

// sync makes durable what has not been forgotten.
func (ino *inode) sync() {
	ino.lied = false
	if ino.forgot > ino.base() {
		ino.keep = ino.base()
		ino.old = slices.Clone(ino.arriving())
		ino.rewrote, ino.floor = true, len(ino.old)
		return
	}
	ino.rewrote, ino.old, ino.keep, ino.floor, ino.forgot = false, nil, 0, 0, 0
	ino.synced = len(ino.cur)
}

// forget is a Sync that fails.
func (ino *inode) forget(hollow bool) { ino.forgot, ino.hollow = len(ino.cur), hollow }

// dirty reports that a power loss may take something.
func (ino *inode) dirty() bool { return ino.rewrote || ino.synced < len(ino.cur) }

// arriving is what the device has once it has written all that a Sync writes: cur
// without what was forgotten.
func (ino *inode) arriving() []byte {
	base := ino.base()
	if ino.forgot <= base {
		return ino.cur
	}
	out := slices.Clone(ino.cur)
	clear(out[base:ino.forgot])
	durable := base
	if ino.rewrote {
		durable = max(base, min(len(ino.old), ino.forgot))
		copy(out[base:durable], ino.old[base:])
	}
	if ino.forgot == len(out) && !ino.hollow {
		out = out[:durable]
	}
	return out
}

// tear leaves of a file what power loss leaves: the durable prefix, and of every
// later sector the new bytes, the old ones, or a mix. It says what was lost, if
// anything, and whether a sector was torn.
func (ino *inode) tear(key uint64) (lost string, torn bool) {
	if !ino.dirty() {
		return "", false
	}
	base, floor, old := ino.synced, ino.synced, []byte(nil)
	if ino.rewrote {
		base, floor, old = ino.keep, ino.floor, ino.old
	}
	seen, before := ino.cur, ino.arriving()
	out := append([]byte(nil), before[:base]...)
	if ino.rewrote && faults.Mix(key, 1)%3 == 0 {
		out = append(out, old[base:]...) // nothing new arrived
	} else {
		end := floor
		if ino.rewrote && faults.Mix(key, 2)&1 == 0 {
			end = len(old) // the length did not shrink
		}
		image := make([]byte, max(len(before), len(old)))
		copy(image, old)
		// 0: all lost; 1: all kept; else sector by sector, and every other one torn. Most
		// losses are of less than a sector, and all or nothing is the case that code
		// expects.
		mode := faults.Mix(key, 3) % 8
		for at := base / sectorSize * sectorSize; at < len(before); at += sectorSize {
			lo, hi := max(at, base), min(at+sectorSize, len(before))
			r := faults.Mix(key, uint64(at)+4)
			switch {
			case mode == 0, mode > 1 && r%4 == 0:
			case mode == 1, mode > 1 && r%4 == 1:
				copy(image[lo:hi], before[lo:hi])
				end = max(end, hi)
			default: // torn
				cut := lo + int(faults.Scale(faults.Mix(r, 5), uint64(hi-lo)+1))
				torn = torn || lo < cut && cut < hi
				copy(image[lo:cut], before[lo:cut])
				if cut > lo {
					end = max(end, cut)
				}
				if cut < hi && faults.Mix(r, 6)&1 == 0 {
					end = max(end, hi) // the length arrived, the bytes did not
				}
			}
		}
		out = append(out[:base], image[base:max(end, base)]...)
	}
	*ino = inode{cur: out, synced: len(out)}
	if string(out) == string(seen) {
		return "", torn
	}
	return fmt.Sprintf("%d of %d bytes stay", min(len(out), len(seen)), len(seen)), torn
}
