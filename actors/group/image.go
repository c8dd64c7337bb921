package group

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"
)

// An image is what a member has on its disk, or what one record of the log adds to
// it. A later hard state replaces an earlier one, a snapshot replaces everything
// but the identity and the hard state, and entries replace those from the first
// of their indexes on.
type image struct {
	self     Peer // zero in a record that says nothing of it
	hard     *raftpb.HardState
	snapshot *raftpb.Snapshot
	entries  []*raftpb.Entry
}

// Parts of an encoded image. Each is a byte that names it, and its bytes.
const (
	partSelf     = 'I'
	partHard     = 'H'
	partSnapshot = 'S'
	partEntry    = 'E'
)

// encode returns the bytes of a record, or of the state of the whole log.
func (im *image) encode() ([]byte, error) {
	var out []byte
	if im.self.ID != 0 {
		out = appendBytes(append(out, partSelf), appendPeer(nil, im.self))
	}
	add := func(part byte, m proto.Message) error {
		b, err := proto.Marshal(m)
		out = appendBytes(append(out, part), b)
		return err
	}
	var errs []error
	if im.hard != nil {
		errs = append(errs, add(partHard, im.hard))
	}
	if im.snapshot != nil {
		errs = append(errs, add(partSnapshot, im.snapshot))
	}
	for _, e := range im.entries {
		errs = append(errs, add(partEntry, e))
	}
	return out, errors.Join(errs...)
}

// add puts what a record says on top of the image.
func (im *image) add(record []byte) error {
	for len(record) > 0 {
		part := record[0]
		b, rest, err := readBytes(record[1:])
		if err == nil {
			err = im.addPart(part, b)
		}
		if err != nil {
			return fmt.Errorf("group record: part %q: %w", part, err)
		}
		record = rest
	}
	return nil
}

func (im *image) addPart(part byte, b []byte) (err error) {
	switch part {
	case partSelf:
		im.self, _, err = readPeer(b)
		return err
	case partHard:
		im.hard = &raftpb.HardState{}
		return proto.Unmarshal(b, im.hard)
	case partSnapshot:
		im.snapshot, im.entries = &raftpb.Snapshot{}, nil
		return proto.Unmarshal(b, im.snapshot)
	case partEntry:
		e := &raftpb.Entry{}
		if err := proto.Unmarshal(b, e); err != nil {
			return err
		}
		return im.addEntry(e)
	}
	return errors.New("unknown")
}

// addEntry appends an entry; those from its index on have been overwritten.
func (im *image) addEntry(e *raftpb.Entry) error {
	first := im.snapshot.GetMetadata().GetIndex() + 1
	if e.GetIndex() < first || e.GetIndex() > first+uint64(len(im.entries)) {
		return fmt.Errorf("entry %d after entries %d to %d", e.GetIndex(), first, first+uint64(len(im.entries))-1)
	}
	im.entries = append(im.entries[:e.GetIndex()-first], e)
	return nil
}

// A groupState is the data of a snapshot of raft: the members and the machine.
type groupState struct {
	peers   peers
	machine []byte
}

func (s groupState) encode() []byte {
	b := binary.AppendUvarint(nil, uint64(len(s.peers)))
	for _, p := range s.peers {
		b = appendPeer(b, p)
	}
	return append(b, s.machine...)
}

func decodeGroupState(b []byte) (groupState, error) {
	n, b, err := readUvarint(b)
	var s groupState
	for i := uint64(0); i < n && err == nil; i++ {
		var p Peer
		p, b, err = readPeer(b)
		s.peers = append(s.peers, p)
	}
	if err != nil {
		return groupState{}, fmt.Errorf("group snapshot: members: %w", err)
	}
	s.machine = slices.Clone(b)
	return s, nil
}
