package group

import (
	"fmt"
	"math"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"go.etcd.io/raft/v3/tracker"
	"google.golang.org/protobuf/proto"

	"github.com/simrun/simrun/actors"
)

// receive gives raft a message of another member.
func (m *Member) receive(p packet) {
	if m.founding {
		return
	}
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
	} else if forget, campaign := m.clock.tick(); campaign && len(m.disk.given) == 0 {
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

// work carries out what raft has ready, until it has nothing more. What must be
// durable before it may be told goes to the keeper; the rest is told at once.
func (m *Member) work() error {
	m.askReads()
	m.proposeAll()
	for m.node.HasReady() {
		rd := m.node.Ready()
		if rd.SoftState != nil {
			m.follow(rd.SoftState)
		}
		m.noteProposed(&rd)
		for _, msg := range rd.Messages {
			var err error
			switch msg.GetTo() {
			case raft.LocalAppendThread:
				m.env.Note(pointSaving)
				err = m.give(m.disk.write(msg, m.clock.now))
			case raft.LocalApplyThread:
				err = m.applyAll(msg)
			default:
				m.send(msg)
			}
			if err != nil {
				return err
			}
		}
		m.reads.answered(m.env.Boot, rd.ReadStates)
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

// give hands something to the keeper.
func (m *Member) give(msg any, err error) error {
	if err == nil {
		m.env.Send(m.keeper, msg)
	}
	return err
}

// kept goes on after what the keeper reports.
func (m *Member) kept(n uint64) error {
	m.env.Note(pointSaved)
	for _, u := range m.disk.kept(n) {
		if u.msg != nil {
			if err := m.stable(u); err != nil {
				return err
			}
		}
		if u.then != nil {
			if err := u.then(); err != nil {
				return err
			}
		}
	}
	if m.owed {
		return m.snapshot(math.MaxInt)
	}
	return nil
}

// stable tells everybody who waits for it that something is durable.
func (m *Member) stable(u unkept) error {
	entries, snapshot := u.msg.GetEntries(), u.msg.GetSnapshot()
	if raft.IsEmptySnap(snapshot) {
		snapshot = nil
	}
	var prev Mark
	if len(entries) > 0 && snapshot == nil {
		prev.Index = entries[0].GetIndex() - 1
		prev.Term, _ = m.disk.storage.Term(prev.Index) // 0 if a snapshot has taken it
	}
	if err := m.disk.fill(snapshot, u.hard, entries); err != nil {
		return fmt.Errorf("group: what was kept: %w", err)
	}
	if u.sync {
		m.clock.wrote(m.clock.now - u.at)
		hard, _, err := m.disk.storage.InitialState()
		if err != nil {
			return fmt.Errorf("group: hard state: %w", err)
		}
		m.env.Note(Synced{ID: m.disk.self.ID, Term: hard.GetTerm(), Vote: hard.GetVote(), Prev: prev, Entries: marksOf(entries)})
	}
	if snapshot != nil {
		if err := m.install(snapshot); err != nil {
			return err
		}
	}
	for _, msg := range u.msg.GetResponses() {
		if msg.GetTo() != m.disk.self.ID {
			m.send(msg)
			continue
		}
		if err := m.node.Step(msg); err != nil {
			return fmt.Errorf("group: own message: %w", err)
		}
	}
	return nil
}

// applyAll carries out committed entries.
func (m *Member) applyAll(msg *raftpb.Message) error {
	for _, e := range msg.GetEntries() {
		if err := m.apply(e); err != nil {
			return err
		}
	}
	for _, r := range msg.GetResponses() {
		if err := m.node.Step(r); err != nil {
			return fmt.Errorf("group: own message: %w", err)
		}
	}
	return nil
}

// send hands a message to the network.
func (m *Member) send(msg *raftpb.Message) {
	host := m.hostOf(msg.GetTo())
	if host == "" {
		return
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
		return
	}
	m.env.Send(m.env.PID(host+"/"+m.cfg.Name), packet{Host: m.env.Host, Boot: m.env.Boot, Raft: b})
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
			m.proposals.applied()
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
	m.term, m.proposals, m.changing = s.GetTerm(), proposals{}, false
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
	if m.proposals.open() > 0 {
		m.env.Note(actors.Sometimes(SawDeposed))
	}
	m.term, m.proposals = 0, proposals{}
	m.machine.Follow()
}

// compact replaces the log by its content when it has become long.
func (m *Member) compact() error {
	if m.disk.bytes < m.cfg.SnapshotBytes || m.disk.busy() {
		return nil
	}
	if err := m.snapshot(m.cfg.Keep); err != nil {
		return err
	}
	return m.give(m.disk.rewrite()) // it may be long with votes, or with what is not committed
}

// snapshot lets the state of now stand for the entries that led to it, and keeps some
// of these for members that are behind. It is for the next snapshot to be sent, and the
// next time that the log is replaced.
func (m *Member) snapshot(keep int) error {
	have, err := m.disk.storage.Snapshot()
	if err != nil {
		return fmt.Errorf("group: own snapshot: %w", err)
	}
	if m.applied.Index <= have.GetMetadata().GetIndex() {
		return nil
	}
	state := groupState{peers: m.peers, machine: m.machine.Snapshot()}
	conf := &raftpb.ConfState{Voters: m.peers.ids()}
	taken, err := m.disk.snapshot(m.applied.Index, conf, state.encode(), keep)
	m.owed = !taken
	return err
}
