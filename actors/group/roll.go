package group

import (
	"fmt"
	"math"

	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/simrun/simrun/actors"
)

// A roll is what a member knows of those that belong to no group.
type roll struct {
	founder uint64          // identity under which the founder last said that it is one of them
	joins   map[string]join // on the founder: of every host, its last
}

// founder is the host that may begin the group.
func (m *Member) founder() string { return m.cfg.Members[0] }

// belongs reports whether this member knows a group that it belongs to.
func (m *Member) belongs() bool {
	_, ok := m.peers.byID(m.disk.self.ID)
	return ok
}

// sayJoin tells all hosts that this member belongs to no group, if that is so.
func (m *Member) sayJoin() {
	if m.belongs() {
		return
	}
	j := join{Host: m.env.Host, Boot: m.disk.self.Boot, ID: m.disk.self.ID, Seen: m.roll.founder}
	for _, host := range m.cfg.Members {
		if host != m.env.Host {
			m.env.Send(m.env.PID(host+"/"+m.cfg.Name), j)
		}
	}
	if m.env.Host == m.founder() {
		m.found()
	}
}

// enrol takes the word of a host that it belongs to no group.
func (m *Member) enrol(j join) {
	if m.term != 0 {
		m.takeIn(j)
		return
	}
	if m.belongs() {
		return
	}
	if j.Host == m.founder() && j.ID != m.roll.founder {
		m.roll.founder = j.ID
		m.sayJoin()
	}
	if m.env.Host == m.founder() && j.Seen == m.disk.self.ID {
		if m.roll.joins == nil {
			m.roll.joins = map[string]join{}
		}
		m.roll.joins[j.Host] = j
		m.found()
	}
}

// found begins the group when every host has said, to this incarnation of the founder's
// log, that it belongs to none. A founder that has lost its disk does not begin a
// second group while one of the others still belongs to the first.
func (m *Member) found() {
	if len(m.peers) > 0 || m.founding || len(m.disk.given) > 0 {
		return
	}
	members := peers{}.with(m.disk.self)
	for _, host := range m.cfg.Members[1:] {
		j, ok := m.roll.joins[host]
		if !ok {
			return
		}
		members = members.with(Peer{ID: j.ID, Host: host, Boot: j.Boot})
	}
	m.roll = roll{}
	if err := m.begin(members); err != nil {
		m.env.Halt(err)
	}
}

// begin makes the first entry of the group, as a snapshot of the machine as it is
// when it is new. Raft takes it from the disk.
func (m *Member) begin(members peers) error {
	state := groupState{peers: members, machine: m.machine.Snapshot()}
	snapshot := &raftpb.Snapshot{
		Data: state.encode(),
		Metadata: &raftpb.SnapshotMetadata{
			Index: proto.Uint64(1), Term: proto.Uint64(1),
			ConfState: &raftpb.ConfState{Voters: members.ids()},
		},
	}
	hard := m.disk.hard
	first := &raftpb.HardState{Term: proto.Uint64(max(hard.GetTerm(), 1)), Vote: proto.Uint64(hard.GetVote()), Commit: proto.Uint64(1)}
	m.disk.hard, m.founding = first, true
	m.env.Note(Founded{ID: m.disk.self.ID, Peers: members})
	u := unkept{sync: true, then: func() error {
		if err := m.disk.fill(snapshot, first, nil); err != nil {
			return fmt.Errorf("group: found: %w", err)
		}
		m.founding = false
		if err := m.restore(snapshot); err != nil {
			return err
		}
		if err := m.startRaft(); err != nil {
			return err
		}
		return m.node.Campaign() // the others wait for a leader
	}}
	return m.give(m.disk.keep(u, &image{hard: first, snapshot: snapshot}))
}

// takeIn has the leader replace the member of a host that began anew: first the old
// one goes, and when that is applied and the host asks again, the new one comes.
func (m *Member) takeIn(j join) {
	if m.changing {
		return
	}
	if _, ok := m.peers.byID(j.ID); ok {
		return // it will hear from its leader
	}
	if old, ok := m.peers.byHost(j.Host); !ok {
		m.propose(raftpb.ConfChangeAddNode, Peer{ID: j.ID, Host: j.Host, Boot: j.Boot})
	} else if j.Boot > old.Boot {
		m.propose(raftpb.ConfChangeRemoveNode, old)
	}
}

// propose has the members change by one.
func (m *Member) propose(kind raftpb.ConfChangeType, p Peer) {
	change := &raftpb.ConfChange{Type: kind.Enum(), NodeId: proto.Uint64(p.ID), Context: appendPeer(nil, p)}
	if m.node.ProposeConfChange(change) != nil {
		return
	}
	m.changing = true
	m.flushSoon()
}

// change applies a change of the members.
func (m *Member) change(e *raftpb.Entry) error {
	cc := &raftpb.ConfChange{}
	if err := proto.Unmarshal(e.GetData(), cc); err != nil {
		return fmt.Errorf("group: entry %d: change of the members: %w", e.GetIndex(), err)
	}
	p, _, err := readPeer(cc.GetContext())
	if err != nil {
		return fmt.Errorf("group: entry %d: change of the members: %w", e.GetIndex(), err)
	}
	if cc.GetType() == raftpb.ConfChangeAddNode {
		m.peers = m.peers.with(p)
		m.env.Note(actors.Sometimes(SawReplaced))
	} else {
		m.peers = m.peers.without(p.ID)
	}
	m.changing = false
	m.env.Note(Changed{ID: m.disk.self.ID, Index: e.GetIndex(), Peers: m.peers})
	if cc.GetType() == raftpb.ConfChangeAddNode {
		// The new member refuses a snapshot that it is no part of, and raft sends the one
		// there is as soon as it knows of the change. Raft counts the entries of this
		// batch as applied when all of them are, so none is dropped yet.
		if err := m.snapshot(math.MaxInt); err != nil {
			return err
		}
	}
	m.node.ApplyConfChange(cc)
	return nil
}
