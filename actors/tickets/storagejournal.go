package tickets

import (
	"cmp"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/wal"
)

// JournalActor is the name of the journal of a host. It comes before its owner in
// the topology.
const JournalActor = "journal"

// A journal owns the disk of a host and is the only actor there that blocks, so
// that its owner can answer at any time. It appends what the owner sends and syncs
// in groups: whatever is queued when a sync begins is covered by it. A journal that
// is corrupt is emptied, and its owner begins anew. On the first error of the disk
// it halts the host, because nobody knows then what the disk holds.
type journal struct {
	env   actors.Env
	owner string // name of the actor that hears of recovery and syncs
	log   *wal.Log

	appended uint64 // records since the start of the host
	flushing bool
	waiting  bool // for the journal to be idle
}

// What owner and journal say to each other. The owner counts its records from the
// start of the host, as the journal does.
type (
	journalAppend    struct{ Payload []byte }
	journalSnapshot  struct{ State []byte }
	journalFlush     struct{}
	journalRecovered struct {
		Snapshot []byte
		Records  [][]byte
		Lost     bool // the journal was corrupt and is empty now
	}
	journalSynced struct {
		Upto     uint64 // records
		Bytes    int64  // length of the journal, the price of a restart
		Snapshot bool   // it was just replaced by one
	}
	journalIdle struct{ Upto uint64 }
)

func init() {
	actors.Message("tickets.journal-append", journalAppend{})
	actors.Message("tickets.journal-snapshot", journalSnapshot{})
	actors.Message("tickets.journal-flush", journalFlush{})
	actors.Message("tickets.journal-recovered", journalRecovered{})
	actors.Message("tickets.journal-synced", journalSynced{})
}

// journalIdleAfter is how long a journal has nothing to write before it vouches
// for what it has written.
const journalIdleAfter = 20 * time.Millisecond

// newJournal returns the Producer of the journal of the actor owner of the same
// host.
func newJournal(owner string) actors.Producer {
	return func(env actors.Env) actor.Actor { return &journal{env: env, owner: owner} }
}

// Receive implements actor.Actor.
func (j *journal) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		j.recover()
	case journalAppend:
		j.append(m)
	case journalFlush:
		j.flush()
	case journalSnapshot:
		j.must(j.log.Snapshot(m.State))
		j.synced(true)
	case journalIdle:
		j.idle(m)
	}
}

func (j *journal) recover() {
	log, found, err := wal.Open(j.env.Disk, j.env.Note)
	j.must(err)
	j.log = log
	if found.Corrupt {
		j.must(log.Wipe())
	}
	j.tell(j.owner, journalRecovered{Snapshot: found.Snapshot, Records: found.Records, Lost: found.Corrupt})
}

func (j *journal) append(m journalAppend) {
	j.must(j.log.Append(m.Payload))
	j.appended++
	if !j.flushing {
		j.flushing = true
		j.tell(JournalActor, journalFlush{})
	}
}

func (j *journal) flush() {
	j.flushing = false
	j.must(j.log.Sync())
	j.synced(false)
	j.awaitIdle()
}

func (j *journal) synced(snapshot bool) {
	j.tell(j.owner, journalSynced{Upto: j.appended, Bytes: j.log.Bytes(), Snapshot: snapshot})
}

func (j *journal) awaitIdle() {
	if !j.waiting {
		j.waiting = true
		j.env.Clock.After(journalIdleAfter, journalIdle{Upto: j.appended})
	}
}

// idle vouches for what was synced, unless more has come since: the next record
// does that.
func (j *journal) idle(m journalIdle) {
	j.waiting = false
	if m.Upto != j.appended {
		j.awaitIdle()
		return
	}
	j.must(j.log.Vouch())
}

func (j *journal) must(err error) {
	if err != nil {
		j.env.Halt(err)
	}
}

func (j *journal) tell(name string, msg any) { j.env.Send(j.env.PID(j.env.Host+"/"+name), msg) }

// A journaled actor is the owner's side of a journal: it counts records and keeps
// what waits for them to be durable.
type journaled struct {
	env      actors.Env
	appended uint64
	durable  uint64
	shorter  bool // a snapshot is under way
	waiting  []waiter
}

// A waiter is something to do once a record is durable.
type waiter struct {
	record uint64
	do     func()
}

// append sends a record to the journal; do, if not nil, happens once it is
// durable. If the host crashes before that, it never happens.
func (j *journaled) append(payload []byte, do func()) {
	j.appended++
	j.env.Send(j.env.PID(j.env.Host+"/"+JournalActor), journalAppend{Payload: payload})
	if do != nil {
		j.waiting = append(j.waiting, waiter{j.appended, do})
	}
}

// when does something once a record that was appended is durable, perhaps now.
func (j *journaled) when(record uint64, do func()) {
	if record <= j.durable {
		do()
		return
	}
	at, _ := slices.BinarySearchFunc(j.waiting, record+1, func(w waiter, record uint64) int { return cmp.Compare(w.record, record) })
	j.waiting = slices.Insert(j.waiting, at, waiter{record, do})
}

// snapshot replaces all records so far by the state that they lead to.
func (j *journaled) snapshot(state []byte) {
	j.shorter = true
	j.env.Send(j.env.PID(j.env.Host+"/"+JournalActor), journalSnapshot{State: state})
}

// synced does what waited for the records that are durable now.
func (j *journaled) synced(m journalSynced) {
	j.durable = max(j.durable, m.Upto)
	if m.Snapshot {
		j.shorter = false
	}
	n := 0
	for n < len(j.waiting) && j.waiting[n].record <= j.durable {
		n++
	}
	due := j.waiting[:n]
	j.waiting = j.waiting[n:]
	for _, w := range due {
		w.do()
	}
}
