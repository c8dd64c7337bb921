package group

import (
	"fmt"
	"math"

	"github.com/asynkron/protoactor-go/actor"
	"go.etcd.io/raft/v3"

	"github.com/simrun/simrun/actors"
)

// A Member is the handle of a machine on its group. It is used in the steps of its
// actor only.
type Member struct {
	env     actors.Env
	cfg     Config
	make    func(env actors.Env, m *Member) Machine
	machine Machine

	disk  *disk
	node  *raft.RawNode
	peers peers // as of the last entry that was applied
	// applied is the last entry that the machine has seen.
	applied Mark
	clock   electionClock
	roll    roll              // of those without a group
	reads   reads             // asked for and not answered
	heard   map[string]uint64 // the last boot that every host was heard of in
	hosts   map[uint64]string // where identities were heard from

	self      *actor.PID
	keeper    *actor.PID
	founding  bool           // what begins the group is on its way to the disk
	owed      bool           // a snapshot of entries that are not kept yet
	flushing  bool           // a flush is on its way
	term      uint64         // in which the machine leads; 0 if it does not
	proposals proposals      // of that term
	changing  bool           // a change of the members was proposed in that term and is not applied
	sentAt    map[uint64]int // tick in which a snapshot was sent to a member
}

// New returns the producer of a member's actor. Every host of the group has one, of
// the same configuration. It panics if the configuration has no name or no members.
func New(cfg Config, machine func(env actors.Env, m *Member) Machine) actors.Producer {
	cfg = cfg.withDefaults()
	return func(env actors.Env) actor.Actor {
		return &Member{env: env, cfg: cfg, make: machine}
	}
}

// Receive implements actor.Actor.
func (m *Member) Receive(ctx actor.Context) {
	switch msg := ctx.Message().(type) {
	case *actor.Started:
		m.self = ctx.Self()
		m.keeper = m.env.Spawn(ctx, "disk", newKeeper(m.self, len(m.cfg.Members) == 1))
	case opened:
		if err := m.start(msg); err != nil {
			m.env.Halt(err)
		}
	default:
		if m.node != nil { // the others will say it again
			m.handle(ctx)
		}
	}
	m.flushSoon()
}

func (m *Member) handle(ctx actor.Context) {
	switch msg := ctx.Message().(type) {
	case packet:
		m.receive(msg)
	case join:
		m.enrol(msg)
	case tick:
		m.tick()
	case flush:
		m.flushing = false
		if err := m.work(); err != nil {
			m.env.Halt(err)
		}
	case kept:
		if err := m.kept(msg.N); err != nil {
			m.env.Halt(err)
		}
	default:
		m.machine.Receive(ctx)
	}
}

// start goes on with what is on the disk.
func (m *Member) start(found opened) error {
	m.heard, m.hosts, m.sentAt = map[string]uint64{}, map[uint64]string{}, map[uint64]int{}
	disk, im, err := newDisk(found)
	if err != nil {
		return err
	}
	m.disk = disk
	m.env.Note(Recovered{
		ID: disk.self.ID, Boot: m.env.Boot, Term: disk.hard.GetTerm(), Vote: disk.hard.GetVote(),
		Snapshot: snapshotMark(im.snapshot), Entries: marksOf(im.entries), Wiped: found.Wiped,
	})
	m.machine = m.make(m.env, m)
	snapshot, err := disk.storage.Snapshot()
	if err != nil {
		return fmt.Errorf("group: own snapshot: %w", err)
	}
	if !raft.IsEmptySnap(snapshot) {
		if err := m.restore(snapshot); err != nil {
			return err
		}
	}
	m.clock = electionClock{rand: m.env.Rand, ticks: m.cfg.Election}
	m.clock.reset()
	m.reads.note = m.env.Note
	if err := m.startRaft(); err != nil {
		return err
	}
	m.env.Clock.After(m.cfg.Tick, tick{})
	m.sayJoin()
	if len(m.peers) == 1 && m.belongs() {
		return m.node.Campaign() // there is nobody to wait for
	}
	return nil
}

// startRaft has raft begin with what is in the storage.
func (m *Member) startRaft() (err error) {
	m.node, err = raft.NewRawNode(&raft.Config{
		ID:      m.disk.self.ID,
		Storage: m.disk.storage,
		Applied: m.applied.Index,
		// Ticks are those of leaders alone: see electionClock.
		HeartbeatTick:             1,
		ElectionTick:              m.cfg.Election,
		MaxSizePerMsg:             m.cfg.MessageBytes,
		MaxInflightMsgs:           64,
		MaxUncommittedEntriesSize: math.MaxUint64, // InFlight is the bound
		AsyncStorageWrites:        true,
		CheckQuorum:               true,
		PreVote:                   true,
		DisableProposalForwarding: true,
		Logger:                    raftLogger{m.env.Log},
	})
	if err != nil {
		return fmt.Errorf("group: member %x: %w", m.disk.self.ID, err)
	}
	return nil
}

// Propose has the group apply a command, soon or never: if this member loses its
// place before the command is committed, nobody knows. It returns false, and nothing
// will happen, unless this member leads and there is room. The command is not copied.
func (m *Member) Propose(command []byte) bool {
	if m.term == 0 || m.node.BasicStatus().RaftState != raft.StateLeader {
		return false
	}
	if m.proposals.open() >= m.cfg.InFlight {
		m.env.Note(actors.Sometimes(SawFull))
		return false
	}
	m.proposals.add(command)
	m.flushSoon()
	return true
}

// Leads reports whether the machine was told Lead and not yet Follow.
func (m *Member) Leads() bool { return m.term != 0 }

// Leader returns the host that this member believes to lead, "" if it knows none.
func (m *Member) Leader() string {
	if m.node == nil {
		return ""
	}
	return m.hostOf(m.node.BasicStatus().Lead)
}

// hostOf returns the host of an identity, "" if it is not known.
func (m *Member) hostOf(id uint64) string {
	if p, ok := m.peers.byID(id); ok {
		return p.Host
	}
	return m.hosts[id]
}

// flushSoon has a flush follow what is in the mailbox already.
func (m *Member) flushSoon() {
	if m.flushing || m.node == nil || !m.node.HasReady() && !m.reads.due() && !m.proposals.due() {
		return
	}
	m.flushing = true
	m.env.Send(m.self, flush{})
}
