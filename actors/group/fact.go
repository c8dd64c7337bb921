package group

import (
	"hash/fnv"

	"go.etcd.io/raft/v3/raftpb"

	"github.com/simrun/simrun/actors"
)

// A Mark names an entry of the log of raft.
type Mark struct {
	Index, Term uint64
	Hash        uint64 // of its kind and bytes
	Change      bool   // it changes the membership
}

func markOf(e *raftpb.Entry) Mark {
	h := fnv.New64a()
	h.Write([]byte{byte(e.GetType())})
	h.Write(e.GetData())
	return Mark{Index: e.GetIndex(), Term: e.GetTerm(), Hash: h.Sum64(), Change: e.GetType() != raftpb.EntryNormal}
}

func marksOf(entries []*raftpb.Entry) []Mark {
	out := make([]Mark, len(entries))
	for i, e := range entries {
		out[i] = markOf(e)
	}
	return out
}

// Facts for env.Note. ID is the member's identity in raft.
type (
	// Recovered: what a member found on its disk when it started. A wiped one found
	// damage, and begins with an empty log and a new identity.
	Recovered struct {
		ID, Boot   uint64
		Term, Vote uint64
		Snapshot   Mark // without a hash; zero if there is none
		Entries    []Mark
		Wiped      bool
	}
	// Founded: a member is about to begin the group, with these members. Unless it goes
	// down on the way, that is its entry 1, of term 1.
	Founded struct {
		ID    uint64
		Peers []Peer
	}
	// Synced: this is durable now: the hard state, and the entries, which replace those
	// from the first of them on. Prev is the entry before the first.
	Synced struct {
		ID         uint64
		Term, Vote uint64
		Prev       Mark // without a hash
		Entries    []Mark
	}
	// Voted: a vote is about to be sent.
	Voted struct{ ID, Term, For uint64 }
	// Elected: a member won an election.
	Elected struct{ ID, Term uint64 }
	// Proposed: the leader put commands, or a change of the members, in its log.
	// They are not on its disk yet.
	Proposed struct {
		ID      uint64
		Entries []Mark
	}
	// Applied: a committed entry was applied.
	Applied struct {
		ID   uint64
		Mark Mark
	}
	// Installed: a snapshot of the leader replaced the state and the log.
	Installed struct {
		ID       uint64
		Snapshot Mark // without a hash
	}
	// Changed: the group has these members from the entry of this index on.
	Changed struct {
		ID    uint64
		Index uint64
		Peers []Peer
	}
)

// States that a campaign should reach.
const (
	SawTornTail      = "group.torn-tail"      // a restart cut off a torn write
	SawCorrupt       = "group.corrupt"        // a member wiped its damaged log
	SawReplaced      = "group.replaced"       // a wiped member was replaced
	SawSnapshotSent  = "group.snapshot-sent"  // a member was so far behind that it got a snapshot
	SawSnapshotAgain = "group.snapshot-again" // a snapshot got lost and was sent again
	SawDeposed       = "group.deposed"        // a leader lost its place with commands in flight
	SawReadLost      = "group.read-lost"      // a read was refused because the leader changed
	SawReadEarly     = "group.read-early"     // a read reached a leader that had not committed anything yet
	SawOldBoot       = "group.old-boot"       // a message of an earlier boot or identity was dropped
	SawFull          = "group.full"           // a command was refused for want of room
	SawDedupe        = "group.dedupe-hit"     // a publication of NewConfigs came again and was not carried out again
	SawFollowerRead  = "group.follower-read"  // a member of NewConfigs that does not lead answered a fetch
)

// Points at which a crash is interesting: something is about to be written, and
// others may know of it; it is on the disk, and nobody was told.
const (
	pointSaving = actors.Point("group.saving")
	pointSaved  = actors.Point("group.saved")
)

func init() {
	actors.Facts("group",
		Recovered{}, Founded{}, Synced{}, Voted{}, Elected{}, Proposed{}, Applied{}, Installed{}, Changed{})
}
