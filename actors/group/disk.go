package group

import (
	"fmt"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/wal"
)

// A disk is the durable side of a member: its log, and a copy of what is in it for
// raft to read. After an error of any method the owner halts.
type disk struct {
	log     *wal.Log
	storage *raft.MemoryStorage
	self    Peer
	hard    *raftpb.HardState
}

// openDisk recovers what a host has of the group. Without a usable log it begins a
// new one, with a new identity that is durable before anybody hears of it.
func openDisk(env actors.Env) (*disk, Recovered, error) {
	log, rec, err := wal.Open(env.Disk, env.Note)
	if err != nil {
		return nil, Recovered{}, err
	}
	if rec.Torn {
		// Nobody was promised what was not vouched for: see append.
		env.Note(actors.Sometimes(SawTornTail))
		if err := log.Settle(); err != nil {
			return nil, Recovered{}, err
		}
	}
	if rec.Corrupt {
		env.Note(actors.Sometimes(SawCorrupt))
		env.Log.Error("the log is damaged; this member begins anew")
		if err := log.Wipe(); err != nil {
			return nil, Recovered{}, err
		}
		rec = wal.Recovered{}
	}
	im, err := imageOf(rec)
	if err != nil {
		return nil, Recovered{}, err
	}
	d := &disk{log: log, storage: raft.NewMemoryStorage(), hard: im.hard}
	wiped := im.self.ID == 0
	if wiped {
		im.self = Peer{ID: identityOf(env.Host, env.Boot), Host: env.Host, Boot: env.Boot}
		if err := d.append(&image{self: im.self}, true); err != nil {
			return nil, Recovered{}, err
		}
	}
	d.self = im.self
	if d.hard == nil {
		d.hard = &raftpb.HardState{}
	}
	if err := d.fill(im); err != nil {
		return nil, Recovered{}, fmt.Errorf("group: recovered log: %w", err)
	}
	return d, Recovered{
		ID: d.self.ID, Boot: env.Boot, Term: d.hard.GetTerm(), Vote: d.hard.GetVote(),
		Snapshot: snapshotMark(im.snapshot), Entries: marksOf(im.entries), Wiped: wiped,
	}, nil
}

// imageOf puts together what a log holds.
func imageOf(rec wal.Recovered) (*image, error) {
	im := &image{}
	if rec.Snapshot != nil {
		if err := im.add(rec.Snapshot); err != nil {
			return nil, err
		}
	}
	for _, r := range rec.Records {
		if err := im.add(r); err != nil {
			return nil, err
		}
	}
	return im, nil
}

// fill gives raft what was recovered.
func (d *disk) fill(im *image) error {
	if err := d.storage.SetHardState(d.hard); err != nil {
		return err
	}
	if im.snapshot != nil {
		if err := d.storage.ApplySnapshot(im.snapshot); err != nil {
			return err
		}
	}
	return d.storage.Append(im.entries)
}

func snapshotMark(s *raftpb.Snapshot) Mark {
	return Mark{Index: s.GetMetadata().GetIndex(), Term: s.GetMetadata().GetTerm()}
}

// append writes a record. If it must be durable, it is that when append returns,
// and the log says so.
func (d *disk) append(im *image, sync bool) error {
	record, err := im.encode()
	if err != nil {
		return fmt.Errorf("group record: %w", err)
	}
	if err := d.log.Append(record); err != nil || !sync {
		return err
	}
	if err := d.log.Sync(); err != nil {
		return err
	}
	return d.log.Vouch()
}

// save makes durable what raft has ready, and gives it to raft to read. It reports
// whether anything had to be.
func (d *disk) save(rd *raft.Ready) (synced bool, err error) {
	if !raft.IsEmptyHardState(rd.HardState) {
		d.hard = rd.HardState
		if err := d.storage.SetHardState(rd.HardState); err != nil {
			return false, err
		}
	}
	if !raft.IsEmptySnap(rd.Snapshot) {
		if err := d.storage.ApplySnapshot(rd.Snapshot); err != nil {
			return false, err
		}
		if err := d.storage.Append(rd.Entries); err != nil {
			return false, err
		}
		return true, d.rewrite()
	}
	if raft.IsEmptyHardState(rd.HardState) && len(rd.Entries) == 0 {
		return false, nil
	}
	im := &image{entries: rd.Entries}
	if !raft.IsEmptyHardState(rd.HardState) {
		im.hard = rd.HardState
	}
	if err := d.append(im, rd.MustSync); err != nil {
		return false, err
	}
	return rd.MustSync, d.storage.Append(rd.Entries)
}

// rewrite replaces the log by one record of what it leads to.
func (d *disk) rewrite() error {
	im := &image{self: d.self, hard: d.hard}
	s, err := d.storage.Snapshot()
	if err != nil {
		return fmt.Errorf("group: own snapshot: %w", err)
	}
	if !raft.IsEmptySnap(s) {
		im.snapshot = s
	}
	first, err := d.storage.FirstIndex()
	if err != nil {
		return fmt.Errorf("group: first entry: %w", err)
	}
	last, err := d.storage.LastIndex()
	if err != nil {
		return fmt.Errorf("group: last entry: %w", err)
	}
	// Entries that the snapshot covers are kept for other members, in memory only.
	if first = max(first, s.GetMetadata().GetIndex()+1); first <= last {
		if im.entries, err = d.storage.Entries(first, last+1, 1<<62); err != nil {
			return fmt.Errorf("group: entries %d to %d: %w", first, last, err)
		}
	}
	state, err := im.encode()
	if err != nil {
		return fmt.Errorf("group: log image: %w", err)
	}
	return d.log.Snapshot(state)
}

// compact takes a snapshot of the state after an entry, drops the entries that it
// covers but for the last few, and replaces the log.
func (d *disk) compact(applied uint64, conf *raftpb.ConfState, state []byte, keep int) error {
	if _, err := d.storage.CreateSnapshot(applied, conf, state); err != nil {
		return fmt.Errorf("group: snapshot of entry %d: %w", applied, err)
	}
	first, err := d.storage.FirstIndex()
	if err != nil {
		return fmt.Errorf("group: first entry: %w", err)
	}
	if applied > uint64(keep) && applied-uint64(keep) >= first {
		if err := d.storage.Compact(applied - uint64(keep)); err != nil {
			return fmt.Errorf("group: entries up to %d: compact: %w", applied-uint64(keep), err)
		}
	}
	return d.rewrite()
}
