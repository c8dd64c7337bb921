package group

import (
	"fmt"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"go.etcd.io/raft/v3/tracker"
	"google.golang.org/protobuf/proto"

	"github.com/simrun/simrun/actors"
)

// receive gives raft a message of another member.
func (m *Member) receive(p packet) {
	if p.Boot < m.heard[p.Host] {
		m.env.Note(actors.Sometimes(SawOldBoot))
		return
	}
	msg := &raftpb.Message{}
	if err := proto.Unmarshal(p.Raft, msg); err != nil {
		m.env.Log.Error("message of a member", "host", p.Host, "err", err)
		return
	}
	if msg.GetTo() != m.disk.self.ID {
		m.env.Note(actors.Sometimes(SawOldBoot))
		return
	}
	m.heard[p.Host], m.hosts[msg.GetFrom()] = p.Boot, p.Host
	switch msg.GetType() {
	case raftpb.MsgApp, raftpb.MsgHeartbeat, raftpb.MsgSnap:
		if msg.GetTerm() >= m.node.BasicStatus().GetTerm() {
			m.clock.reset()
		}
	}
	// What raft refuses comes from members that are no more.
	_ = m.node.Step(msg)
}

// tick counts time.
func (m *Member) tick() {
	m.env.Clock.After(m.cfg.Tick, tick{})
	m.clock.now++
	if m.node.BasicStatus().RaftState == raft.StateLeader {
		m.clock.reset()
		m.node.Tick()
		m.resendSnapshots()
	} else if forget, campaign := m.clock.tick(); campaign {
		// Without a configuration raft refuses, as it should.
		_ = m.node.Campaign()
	} else if forget {
		_ = m.node.ForgetLeader()
	}
	m.reads.expire(m.clock.now - 2*m.cfg.Election)
	if m.clock.now%max(m.cfg.Election/2, 1) == 0 {
		m.sayJoin()
	}
}

// work carries out what raft has ready, until it has nothing more.
func (m *Member) work() error {
	m.askReads()
	for m.node.HasReady() {
		rd := m.node.Ready()
		if rd.SoftState != nil {
			m.follow(rd.SoftState)
		}
		m.noteProposed(&rd)
		if err := m.save(&rd); err != nil {
			return err
		}
		m.send(rd.Messages)
		if !raft.IsEmptySnap(rd.Snapshot) {
			if err := m.install(rd.Snapshot); err != nil {
				return err
			}
		}
		for _, e := range rd.CommittedEntries {
			if err := m.apply(e); err != nil {
				return err
			}
		}
		m.reads.answered(m.env.Boot, rd.ReadStates)
		m.node.Advance(rd)
		m.lead()
		m.reads.serve(m.applied.Index)
	}
	return m.compact()
}

// noteProposed tells what the leader put in its log.
func (m *Member) noteProposed(rd *raft.Ready) {
	if s := m.node.BasicStatus(); s.RaftState == raft.StateLeader && len(rd.Entries) > 0 {
		m.env.Note(Proposed{ID: m.disk.self.ID, Entries: marksOf(rd.Entries)})
	}
}

// save makes durable what must be before anything else is done.
func (m *Member) save(rd *raft.Ready) error {
	var prev Mark
	if len(rd.Entries) > 0 && raft.IsEmptySnap(rd.Snapshot) {
		prev.Index = rd.Entries[0].GetIndex() - 1
		prev.Term, _ = m.disk.storage.Term(prev.Index) // 0 if a snapshot has taken it
	}
	synced, err := m.disk.save(rd)
	if err != nil || !synced {
		return err
	}
	m.env.Note(Synced{
		ID: m.disk.self.ID, Term: m.disk.hard.GetTerm(), Vote: m.disk.hard.GetVote(), Prev: prev, Entries: marksOf(rd.Entries),
	})
	return nil
}

// send hands messages to the network.
func (m *Member) send(msgs []*raftpb.Message) {
	for _, msg := range msgs {
		host := m.hostOf(msg.GetTo())
		if host == "" {
			continue
		}
		switch msg.GetType() {
		case raftpb.MsgVoteResp:
			if !msg.GetReject() {
				m.clock.reset()
				m.env.Note(Voted{ID: m.disk.self.ID, Term: msg.GetTerm(), For: msg.GetTo()})
			}
		case raftpb.MsgSnap:
			m.sentAt[msg.GetTo()] = m.clock.now
			m.env.Note(actors.Sometimes(SawSnapshotSent))
		}
		b, err := proto.Marshal(msg)
		if err != nil {
			m.env.Log.Error("message to a member", "host", host, "err", err)
			continue
		}
		m.env.Send(m.env.PID(host+"/"+m.cfg.Name), packet{Host: m.env.Host, Boot: m.env.Boot, Raft: b})
	}
}

// resendSnapshots has raft try again where it waits for a snapshot to arrive: it
// would do so for ever.
func (m *Member) resendSnapshots() {
	m.node.WithProgress(func(id uint64, _ raft.ProgressType, pr tracker.Progress) {
		if pr.State == tracker.StateSnapshot && m.clock.now-m.sentAt[id] >= 2*m.cfg.Election {
			m.sentAt[id] = m.clock.now
			m.env.Note(actors.Sometimes(SawSnapshotAgain))
			m.node.ReportSnapshot(id, raft.SnapshotFailure)
		}
	})
}

// restore takes the state from a snapshot, own or foreign.
func (m *Member) restore(s *raftpb.Snapshot) error {
	state, err := decodeGroupState(s.GetData())
	if err != nil {
		return err
	}
	m.peers, m.applied = state.peers, snapshotMark(s)
	if err := m.machine.Restore(state.machine); err != nil {
		return fmt.Errorf("group: snapshot of entry %d: restore: %w", m.applied.Index, err)
	}
	return nil
}

// install takes over a snapshot of the leader, which is on the disk already.
func (m *Member) install(s *raftpb.Snapshot) error {
	if err := m.restore(s); err != nil {
		return err
	}
	m.env.Note(Installed{ID: m.disk.self.ID, Snapshot: m.applied})
	return nil
}

// apply carries out a committed entry.
func (m *Member) apply(e *raftpb.Entry) error {
	m.applied = markOf(e)
	m.env.Note(Applied{ID: m.disk.self.ID, Mark: m.applied})
	switch {
	case e.GetType() != raftpb.EntryNormal:
		return m.change(e)
	case len(e.GetData()) > 0:
		if m.term != 0 && e.GetTerm() == m.term {
			m.inFlight--
		}
		m.machine.Apply(e.GetIndex(), e.GetData())
	}
	return nil
}

// lead tells the machine that it leads once an entry of the term is applied: the
// first one is the empty entry that every leader begins with.
func (m *Member) lead() {
	s := m.node.BasicStatus()
	if m.term != 0 || s.RaftState != raft.StateLeader || m.applied.Term != s.GetTerm() {
		return
	}
	m.term, m.inFlight, m.changing = s.GetTerm(), 0, false
	m.machine.Lead(m.term)
}

// follow takes a change of who leads.
func (m *Member) follow(s *raft.SoftState) {
	if s.RaftState == raft.StateLeader {
		m.env.Note(Elected{ID: m.disk.self.ID, Term: m.node.BasicStatus().GetTerm()})
	}
	m.reads.fail()
	if m.term == 0 {
		return
	}
	if m.inFlight > 0 {
		m.env.Note(actors.Sometimes(SawDeposed))
	}
	m.term, m.inFlight = 0, 0
	m.machine.Follow()
}

// compact replaces the log by a snapshot when it has become long.
func (m *Member) compact() error {
	if m.disk.log.Bytes() < m.cfg.SnapshotBytes || len(m.peers) == 0 {
		return nil
	}
	have, err := m.disk.storage.Snapshot()
	if err != nil {
		return fmt.Errorf("group: own snapshot: %w", err)
	}
	if have.GetMetadata().GetIndex() >= m.applied.Index {
		return nil
	}
	state := groupState{peers: m.peers, machine: m.machine.Snapshot()}
	conf := &raftpb.ConfState{Voters: m.peers.ids()}
	return m.disk.compact(m.applied.Index, conf, state.encode(), m.cfg.Keep)
}
