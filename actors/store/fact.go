package store

import (
	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/models"
)

// The facts below are noted for checkers.

// Published is the fact that the coordinator has made a configuration durable
// and begins to give it away.
type Published struct{ Config *Config }

// Decided is the fact that the coordinator makes a configuration durable, which it
// publishes then. If it crashes before that, the one before may come back.
type Decided struct{ Config *Config }

// Adopted is the fact that a daemon serves by this configuration from now on.
type Adopted struct {
	Boot   uint64
	Config *Config
}

// A Mark is a place in the log of a region, in the copy that came with the
// transfer Data.
type Mark struct {
	Region RegionID
	Data   uint64
	Seq    uint64
}

// Persisted is the fact that a daemon's log is synced up to these marks.
type Persisted struct{ Marks []Mark }

// Recovered is the fact of what a daemon found on its disk when it started:
// everything that was synced before must be in it. Disk is the number of the disk,
// a new one if it was empty. Copies are those of regions, with the last record of
// each; one that a transfer had only begun to fill has Seq 0. With Corrupt the log
// was damaged, and the daemon makes no use of what is left.
type Recovered struct {
	Boot    uint64
	Disk    uint64
	Corrupt bool
	Copies  []Mark
}

// Committed is the fact that the head of a region answers for everything up to Seq,
// of which Requests, in their order, are news to it: with Success to each of them.
type Committed struct {
	Region   RegionID
	Version  uint64
	Seq      uint64
	Requests []RequestID
}

// Reached is the fact that the tail of a region with more than one member has
// committed everything up to Seq, of which Requests, in their order, are news to it.
type Reached struct {
	Region   RegionID
	Version  uint64
	Seq      uint64
	Requests []RequestID
}

// Replied is the fact that a daemon has answered a request otherwise than Committed
// says. The Result is not to be written to.
type Replied struct {
	ID     RequestID
	Result models.Result
}

// Drained is the fact that a client has nothing outstanding, and what it still
// counts of its budget.
type Drained struct{ Bytes int }

// Served is the fact that a daemon answers from its copy alone, because it holds
// a lease: a read at the tail, or at the head that an operation is impossible.
type Served struct {
	Region  RegionID
	Version uint64
}

// Leased is the fact, noted every now and then, that a daemon holds a lease: by
// this configuration it would answer now, as Served says, for every region of
// which it is the head or the tail, but the Idle ones.
type Leased struct {
	Boot   uint64
	Config *Config
	Idle   []RegionID
	Queues Queues
}

// Queues are the lengths of what a daemon keeps for later; the last two are the
// greatest since it started.
type Queues struct {
	Parked   int // messages for a configuration to come
	Unsynced int // entries of the log that are not durable
	Blocked  int // answers that wait for a commit
	Failed   int // answers kept for repetitions, the most of one client in one region
	Results  int // operations remembered as done, the most of one client in one region
}

// Applied is the fact that a daemon's copy of a region holds the state after Seq.
// Digest is equal in all copies that are equal.
type Applied struct {
	Region RegionID
	Data   uint64
	Seq    uint64
	Digest uint64
}

// States that a campaign of the store must reach.
const (
	SawDedupeHit         actors.Sometimes = "store.dedupe-hit"
	SawTakeover          actors.Sometimes = "store.takeover" // another coordinator leads than before
	SawTornTail          actors.Sometimes = "store.torn-tail"
	SawStaleEpoch        actors.Sometimes = "store.stale-epoch-dropped"
	SawLeaseExpired      actors.Sometimes = "store.lease-expired"
	SawTransferStarted   actors.Sometimes = "store.transfer-started"
	SawTransferFinished  actors.Sometimes = "store.transfer-finished"
	SawTransferAborted   actors.Sometimes = "store.transfer-aborted"
	SawOlderBootDropped  actors.Sometimes = "store.older-boot-dropped"
	SawOlderBootRefused  actors.Sometimes = "store.older-boot-refused"
	SawResent            actors.Sometimes = "store.chain-resent"
	SawDamagedCopy       actors.Sometimes = "store.damaged-copy-found"
	SawHeadReplaced      actors.Sometimes = "store.head-replaced"
	SawLogSnapshot       actors.Sometimes = "store.log-snapshot"
	SawFailureOnInFlight actors.Sometimes = "store.failure-waited-for-commit"
)

// A once notes each state at most one time an incarnation.
type once struct {
	note func(fact any)
	seen []actors.Sometimes
}

func (o *once) mark(state actors.Sometimes) {
	for _, s := range o.seen {
		if s == state {
			return
		}
	}
	o.seen = append(o.seen, state)
	o.note(state)
}

func init() {
	actors.Facts("store",
		Published{}, Decided{}, Adopted{}, Persisted{}, Recovered{}, Committed{}, Reached{}, Replied{}, Drained{}, Served{},
		Leased{}, Applied{})
}
