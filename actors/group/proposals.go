package group

import (
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"
)

// underWay is how many batches of commands may be proposed and not yet applied. What
// comes meanwhile goes with the next one. It would not be committed earlier on its own,
// since entries are committed in order, and it would cost every member a message and a
// record. Two keep both the network and the disks busy: one is on its way while the
// other is synced.
const underWay = 2

// proposals are the commands of a leader. Those that come together, or while enough is
// under way, are a batch: one message to every member and one record of its log.
type proposals struct {
	waiting []*raftpb.Entry // not yet given to raft
	batches []int           // commands of each batch under way that are not yet applied
}

// add has a command wait for the next batch.
func (p *proposals) add(command []byte) {
	p.waiting = append(p.waiting, &raftpb.Entry{Data: command})
}

// due reports whether there is a batch to propose.
func (p *proposals) due() bool { return len(p.waiting) > 0 && len(p.batches) < underWay }

// take returns the next batch.
func (p *proposals) take() []*raftpb.Entry {
	out := p.waiting
	p.waiting, p.batches = nil, append(p.batches, len(out))
	return out
}

// applied counts a command of the oldest batch.
func (p *proposals) applied() {
	if len(p.batches) == 0 {
		return
	}
	if p.batches[0]--; p.batches[0] == 0 {
		p.batches = p.batches[1:]
	}
}

// open is how many commands are not yet applied.
func (p *proposals) open() int {
	n := len(p.waiting)
	for _, b := range p.batches {
		n += b
	}
	return n
}

// proposeAll gives raft the next batch. If it refuses, this member does not lead any
// more, or is no member, and nobody knows what becomes of the commands.
func (m *Member) proposeAll() {
	if !m.proposals.due() {
		return
	}
	_ = m.node.Step(&raftpb.Message{
		Type: raftpb.MsgProp.Enum(), From: proto.Uint64(m.disk.self.ID), Entries: m.proposals.take(),
	})
}
