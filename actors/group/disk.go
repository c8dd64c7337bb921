package group

import (
	"fmt"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
)

// A disk is what a member knows of its durable side, which its keeper has: what is
// kept already, for raft to read, and what is on its way.
type disk struct {
	storage *raft.MemoryStorage
	self    Peer
	hard    *raftpb.HardState // as given to the keeper
	given   []unkept
	last    uint64 // number of the last that was given
	bytes   int64  // given since the log was replaced
}

// unkept was given to the keeper, who has not reported it.
type unkept struct {
	n    uint64
	sync bool
	at   int               // tick
	msg  *raftpb.Message   // what raft wants written, and told; nil for a replaced log
	hard *raftpb.HardState // nil if it does not change
	then func() error      // called when it is kept
}

// newDisk takes what a keeper found.
func newDisk(found opened) (*disk, *image, error) {
	im := &image{}
	records := found.Records
	if found.State != nil {
		records = append([][]byte{found.State}, records...)
	}
	for _, r := range records {
		if err := im.add(r); err != nil {
			return nil, nil, err
		}
	}
	d := &disk{storage: raft.NewMemoryStorage(), self: im.self, hard: im.hard}
	if d.hard == nil {
		d.hard = &raftpb.HardState{}
	}
	if err := d.fill(im.snapshot, d.hard, im.entries); err != nil {
		return nil, nil, fmt.Errorf("group: recovered log: %w", err)
	}
	return d, im, nil
}

// fill gives raft to read what is kept. Entries replace those from the first of them
// on.
func (d *disk) fill(s *raftpb.Snapshot, hard *raftpb.HardState, entries []*raftpb.Entry) error {
	if hard != nil {
		if err := d.storage.SetHardState(hard); err != nil {
			return err
		}
	}
	if s != nil {
		if err := d.storage.ApplySnapshot(s); err != nil {
			return err
		}
	}
	return d.storage.Append(entries)
}

func snapshotMark(s *raftpb.Snapshot) Mark {
	return Mark{Index: s.GetMetadata().GetIndex(), Term: s.GetMetadata().GetTerm()}
}

// write makes a message for the keeper of what raft wants written, in a tick.
func (d *disk) write(msg *raftpb.Message, now int) (any, error) {
	u := unkept{msg: msg, at: now, sync: len(msg.GetEntries()) > 0}
	if msg.Term != nil {
		u.hard = &raftpb.HardState{Term: msg.Term, Vote: msg.Vote, Commit: msg.Commit}
		u.sync = raft.MustSync(u.hard, d.hard, len(msg.GetEntries()))
		d.hard = u.hard
	}
	if s := msg.GetSnapshot(); !raft.IsEmptySnap(s) {
		u.sync = true
		return d.replace(u, &image{self: d.self, hard: d.hard, snapshot: s, entries: msg.GetEntries()})
	}
	return d.keep(u, &image{hard: u.hard, entries: msg.GetEntries()})
}

func (d *disk) keep(u unkept, im *image) (any, error) {
	record, err := im.encode()
	if err != nil {
		return nil, fmt.Errorf("group record: %w", err)
	}
	d.last++
	u.n = d.last
	d.given = append(d.given, u)
	d.bytes += int64(len(record))
	return keep{N: d.last, Record: record, Sync: u.sync}, nil
}

func (d *disk) replace(u unkept, im *image) (any, error) {
	state, err := im.encode()
	if err != nil {
		return nil, fmt.Errorf("group: log image: %w", err)
	}
	d.last++
	u.n = d.last
	d.given = append(d.given, u)
	d.bytes = 0
	return replace{N: d.last, State: state}, nil
}

// kept returns what the keeper has reported up to a number, in order.
func (d *disk) kept(n uint64) []unkept {
	i := 0
	for i < len(d.given) && d.given[i].n <= n {
		i++
	}
	out := d.given[:i:i]
	d.given = d.given[i:]
	return out
}

// snapshot has a state stand for the entries up to one, and drops these but for the
// last few. It returns false if that entry is not kept yet.
func (d *disk) snapshot(applied uint64, conf *raftpb.ConfState, state []byte, spare int) (bool, error) {
	last, err := d.storage.LastIndex()
	if err != nil {
		return false, fmt.Errorf("group: last entry: %w", err)
	}
	if applied > last {
		return false, nil
	}
	if _, err := d.storage.CreateSnapshot(applied, conf, state); err != nil {
		return false, fmt.Errorf("group: snapshot of entry %d: %w", applied, err)
	}
	first, err := d.storage.FirstIndex()
	if err != nil {
		return false, fmt.Errorf("group: first entry: %w", err)
	}
	if applied > uint64(spare) && applied-uint64(spare) >= first {
		if err := d.storage.Compact(applied - uint64(spare)); err != nil {
			return false, fmt.Errorf("group: entries up to %d: compact: %w", applied-uint64(spare), err)
		}
	}
	return true, nil
}

// rewrite makes the message that replaces the log by what it leads to.
func (d *disk) rewrite() (any, error) {
	im := &image{self: d.self, hard: d.hard}
	s, err := d.storage.Snapshot()
	if err != nil {
		return nil, fmt.Errorf("group: own snapshot: %w", err)
	}
	if !raft.IsEmptySnap(s) {
		im.snapshot = s
	}
	last, err := d.storage.LastIndex()
	if err != nil {
		return nil, fmt.Errorf("group: last entry: %w", err)
	}
	// Entries that the snapshot covers are kept for other members, in memory only.
	if first := s.GetMetadata().GetIndex() + 1; first <= last {
		if im.entries, err = d.storage.Entries(first, last+1, 1<<62); err != nil {
			return nil, fmt.Errorf("group: entries %d to %d: %w", first, last, err)
		}
	}
	for _, u := range d.given {
		for _, e := range u.msg.GetEntries() {
			if err := im.addEntry(e); err != nil {
				return nil, err
			}
		}
	}
	return d.replace(unkept{}, im)
}

// busy reports that a snapshot is on its way to the disk.
func (d *disk) busy() bool {
	for _, u := range d.given {
		if u.msg == nil || !raft.IsEmptySnap(u.msg.GetSnapshot()) {
			return true
		}
	}
	return false
}
