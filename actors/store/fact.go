package store

import "github.com/simrun/simrun/actors"

// The facts below are noted for checkers.

// Published is the fact that the coordinator has made a configuration durable
// and begins to give it away.
type Published struct{ Config *Config }

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

// Committed is the fact that the head of a region is about to answer for
// everything up to Seq, of which Requests, in their order, are news to it.
type Committed struct {
	Region   RegionID
	Version  uint64
	Seq      uint64
	Requests []RequestID
}

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
	SawTornTail          actors.Sometimes = "store.torn-tail"
	SawStaleEpoch        actors.Sometimes = "store.stale-epoch-dropped"
	SawLeaseExpired      actors.Sometimes = "store.lease-expired"
	SawTransferStarted   actors.Sometimes = "store.transfer-started"
	SawTransferFinished  actors.Sometimes = "store.transfer-finished"
	SawTransferAborted   actors.Sometimes = "store.transfer-aborted"
	SawOlderBootDropped  actors.Sometimes = "store.older-boot-dropped"
	SawOlderBootRefused  actors.Sometimes = "store.older-boot-refused"
	SawResent            actors.Sometimes = "store.chain-resent"
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
