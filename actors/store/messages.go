package store

import (
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/models"
)

// Names of the actors of a host; a path is host/name.
const (
	CoordinatorHost  = "coord" // and coord2, coord3 if there are more
	CoordinatorActor = "coordinator"
	StoreActor       = "store"
	LogActor         = "log"
	ClientActor      = "client"
)

// A RequestID identifies an operation for ever. Client is the host of the client,
// Boot its incarnation, N counts its operations from 1.
type RequestID struct {
	Client string
	Boot   uint64
	N      uint64
}

// Request asks a daemon to carry out an operation: the head of the region for a
// change, the tail for a Get. The client repeats it, unchanged, to the same
// daemon until a Reply or Stale comes or the configuration changes.
type Request struct {
	ID RequestID
	// Lowest is the lowest N of this client and Boot that is still open; replies
	// to lower ones are no longer needed.
	Lowest  uint64
	Region  RegionID
	Version uint64 // of the region, in the client's configuration
	Op      models.Op
}

// Reply is the outcome of a Request. A Reply whose Version is not that of the
// client's last attempt is ignored by the client.
type Reply struct {
	ID      RequestID
	Region  RegionID
	Version uint64
	Result  models.Result
	// Copies is the number of members that hold what the reply promises; the
	// effective f is one less.
	Copies int
}

// Stale answers a Request that was made for another Version of the region than
// the daemon serves. The request was not carried out at this Version and never
// will be.
type Stale struct {
	ID      RequestID
	Region  RegionID
	Version uint64 // that the daemon has
	Refused uint64 // Version of the request
}

// Poll asks the coordinator for its configuration. It is answered with
// Configuration, to the actor From, if that is newer than Epoch.
type Poll struct {
	From  string // path of the asking actor
	Epoch uint64 // that it has; 0 for none
}

// Configuration publishes a configuration.
type Configuration struct {
	From   string // host of the coordinator
	Config *Config
}

// AddSpace asks the coordinator for a space. It is sent with Env.Request and
// answered at once with SpaceStatus; ask again until Created or Refused is
// definite enough. Asking for a space that exists changes nothing.
type AddSpace struct {
	Space      models.Space
	Durability Durability
}

// SpaceStatus answers AddSpace.
type SpaceStatus struct {
	// Created reports that the space is in the published configuration.
	Created bool
	// Refused says why the space cannot be created now, "" if it can: fewer
	// daemons are registered than it needs, or another space has the name.
	Refused string
	// Copies is how many members its shortest chain has; the effective f is one
	// less.
	Copies int
	// Registered and Needed count daemons.
	Registered, Needed int
}

// StatusRequest asks the coordinator how the system is. It is sent with
// Env.Request and answered with Status.
type StatusRequest struct{}

// Status answers StatusRequest.
type Status struct {
	// Stable reports that every registered daemon is up, has the configuration
	// and has nothing under way, and no chain is shorter than it could be.
	Stable bool
	// Why names what is not stable yet.
	Why    string
	Config *Config
}

// NotLeader answers what was sent to a coordinator that does not lead.
type NotLeader struct {
	Host   string // that was asked
	Leader string // as far as it knows
}

// heartbeat is what a daemon tells the coordinator every Timing.Heartbeat.
type heartbeat struct {
	Host string
	Boot uint64
	Disk uint64
	// Sent is the daemon's Now, given back in the grant.
	Sent  time.Duration
	Epoch uint64 // of the configuration it has
	// Busy reports that something is under way: records without acknowledgement,
	// a transfer, a copy it waits for.
	Busy bool
	// Lost lists the regions of which the configuration believes it to have a
	// copy that it has not.
	Lost []lostCopy
	// Corrupt reports that its log is damaged: it has no copy of anything.
	Corrupt bool
	// Torn reports that its log had a torn end, which may have been a promise.
	Torn bool
}

type lostCopy struct {
	Region RegionID
	Data   uint64
}

// grant answers a heartbeat. Config is set if the daemon's is older.
type grant struct {
	From string // host of the coordinator
	Boot uint64 // of the daemon
	Sent time.Duration
	// Lease counts from Sent; 0 grants nothing.
	Lease  time.Duration
	Config *Config
}

// fence tells a daemon that the named regions will have a configuration with at
// least this Epoch as their Version. Until it has it, the daemon neither reads
// nor accepts nor commits anything in them.
type fence struct {
	From    string // host of the coordinator
	Coord   uint64 // its term
	Epoch   uint64
	Regions []fenced
}

// fenced names a region and the transfer that the daemon, as its source, is to
// complete while the region stands still; 0 for none.
type fenced struct {
	Region   RegionID
	Transfer uint64
}

// fenceAck acknowledges a fence. Handed lists the transfers whose joiner has,
// durably, everything that was ever committed in the region; it may come in a
// second acknowledgement.
type fenceAck struct {
	Host   string
	Boot   uint64
	Coord  uint64
	Epoch  uint64
	Handed []fenced
}

// caughtUp tells the coordinator that a joiner has, durably, everything that the
// source had a moment ago.
type caughtUp struct {
	Host     string
	Boot     uint64
	Region   RegionID
	Transfer uint64
}

// chain carries records to the successor, or to a joiner if Transfer is set.
// Records are dense and in order; what is in flight is a suffix of the sender's
// log, so it is never longer than that.
type chain struct {
	Region   RegionID
	Version  uint64
	Transfer uint64
	Records  []record
	// Upto is the last sequence number the sender had when it sent, and Committed the
	// last that it knew to be committed.
	Upto      uint64
	Committed uint64
}

// ack tells the predecessor that everything up to Seq is committed.
type ack struct {
	Region  RegionID
	Version uint64
	Seq     uint64
}

// resume asks the predecessor to send everything above Last.
type resume struct {
	Region  RegionID
	Version uint64
	Last    uint64
}

// pull asks the source of a transfer for chunks, from Next on, and for the records
// after them once the snapshot is installed.
type pull struct {
	Host     string
	Region   RegionID
	Version  uint64
	Transfer uint64
	Next     int
	// Again asks for what was sent already: it has not come.
	Again bool
	// Installed reports that the snapshot is complete, and that everything up to
	// Seq is durable.
	Installed bool
	Seq       uint64
}

// chunk is one piece of the snapshot of a region, taken at Seq.
type chunk struct {
	Region   RegionID
	Version  uint64
	Transfer uint64
	N        int
	Seq      uint64
	Objects  []keyed
	// Sessions is the dedupe table, in the last chunk.
	Sessions []session
	Last     bool
}

// appendEntry has the log actor of the same host write a record; Mark says what
// it makes durable.
type appendEntry struct {
	LSN     uint64
	Payload []byte
	Mark    Mark
}

// flush is what the log actor sends itself after the first un-synced record.
type flush struct{}

// syncedUpto tells the owner of the log that every record up to LSN is durable.
type syncedUpto struct {
	LSN uint64
}

// takeSnapshot has the log replaced by a state that covers all records so far.
type takeSnapshot struct {
	State []byte
}

// resetLog has a corrupt log erased; it is answered with an empty recoveredLog.
type resetLog struct{}

// settleLog has the doubt about the end of a log forgotten.
type settleLog struct{}

// recoveredLog is what the log actor found at its start, all of it durable.
type recoveredLog struct {
	Snapshot []byte
	Records  [][]byte
	Torn     bool
	Corrupt  bool
}

func init() {
	actors.Message("store.request", Request{})
	actors.Message("store.reply", Reply{})
	actors.Message("store.stale", Stale{})
	actors.Message("store.poll", Poll{})
	actors.Message("store.configuration", Configuration{})
	actors.Message("store.add-space", AddSpace{})
	actors.Message("store.space-status", SpaceStatus{})
	actors.Message("store.status-request", StatusRequest{})
	actors.Message("store.status", Status{})
	actors.Message("store.not-leader", NotLeader{})
	actors.Message("store.heartbeat", heartbeat{})
	actors.Message("store.grant", grant{})
	actors.Message("store.fence", fence{})
	actors.Message("store.fence-ack", fenceAck{})
	actors.Message("store.caught-up", caughtUp{})
	actors.Message("store.chain", chain{})
	actors.Message("store.ack", ack{})
	actors.Message("store.resume", resume{})
	actors.Message("store.pull", pull{})
	actors.Message("store.chunk", chunk{})
	actors.Message("store.append", appendEntry{})
	actors.Message("store.flush", flush{})
	actors.Message("store.synced", syncedUpto{})
	actors.Message("store.snapshot", takeSnapshot{})
	actors.Message("store.reset-log", resetLog{})
	actors.Message("store.settle-log", settleLog{})
	actors.Message("store.recovered", recoveredLog{})
}

// The copies below share what nobody ever writes to once it is in a message:
// operations, objects, records' values and configurations.

// CopyMessage shares the operation, which is never written to.
func (m Request) CopyMessage() any { return m }

// CopyMessage shares the attributes, which are never written to.
func (m Reply) CopyMessage() any { return m }

// CopyMessage copies the flat message.
func (m Stale) CopyMessage() any { return m }

// CopyMessage copies the flat message.
func (m Poll) CopyMessage() any { return m }

// CopyMessage shares the configuration, which is never written to.
func (m Configuration) CopyMessage() any { return m }

// CopyMessage copies the flat message.
func (m NotLeader) CopyMessage() any { return m }

// CopyMessage shares the list, which is never written to.
func (m heartbeat) CopyMessage() any { return m }

// CopyMessage shares the configuration, which is never written to.
func (m grant) CopyMessage() any { return m }

// CopyMessage shares the list, which is never written to.
func (m fence) CopyMessage() any { return m }

// CopyMessage shares the list, which is never written to.
func (m fenceAck) CopyMessage() any { return m }

// CopyMessage copies the flat message.
func (m caughtUp) CopyMessage() any { return m }

// CopyMessage shares the records, which are never written to.
func (m chain) CopyMessage() any { return m }

// CopyMessage copies the flat message.
func (m ack) CopyMessage() any { return m }

// CopyMessage copies the flat message.
func (m resume) CopyMessage() any { return m }

// CopyMessage copies the flat message.
func (m pull) CopyMessage() any { return m }

// CopyMessage shares the objects and sessions, which are never written to.
func (m chunk) CopyMessage() any { return m }
