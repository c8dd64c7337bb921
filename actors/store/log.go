package store

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/wal"
)

// A logActor owns the disk of its host and is the only actor there that blocks.
// It writes what its owner, another actor of the host, sends, and syncs in groups:
// whatever is queued when a sync begins is covered by it. It halts the host on the
// first error of the disk, because nobody knows then what the disk holds.
type logActor struct {
	env   actors.Env
	owner string // path of the actor that hears of recovery and syncs
	wal   *wal.Log

	flushing bool
	upto     uint64 // LSN of the last record appended
	marks    []Mark // what these records make durable, one a region
	waiting  bool   // for the log to be idle
	saw      once
}

// idleAfter is how long the log has nothing to write before it vouches for what it
// has written.
const idleAfter = 20 * time.Millisecond

// idle is the timer of a log that was at a record.
type idle struct{ upto uint64 }

// newLog is the Producer of the log of a daemon.
func newLog(env actors.Env) actor.Actor {
	return &logActor{env: env, owner: env.Host + "/" + StoreActor, saw: once{note: env.Note}}
}

// Receive implements actor.Actor.
func (l *logActor) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		l.recover()
	case appendEntry:
		l.append(m)
	case flush:
		l.flush()
	case idle:
		l.idle(m)
	case takeSnapshot:
		l.snapshot(m)
	case resetLog:
		l.reset()
	case settleLog:
		l.settle()
	}
}

func (l *logActor) recover() {
	w, found, err := wal.Open(l.env.Disk, l.env.Note)
	if err != nil {
		l.env.Halt(err)
		return
	}
	l.wal = w
	if found.Torn {
		l.saw.mark(SawTornTail)
	}
	l.tell(recoveredLog(found))
}

func (l *logActor) append(m appendEntry) {
	if err := l.wal.Append(m.Payload); err != nil {
		l.env.Halt(err)
		return
	}
	l.upto = m.LSN
	l.mark(m.Mark)
	if !l.flushing {
		l.flushing = true
		l.env.Send(l.env.PID(l.env.Host+"/"+LogActor), flush{})
	}
}

func (l *logActor) mark(m Mark) {
	if m.Seq == 0 {
		return
	}
	for i := range l.marks {
		if l.marks[i].Region == m.Region {
			l.marks[i] = m
			return
		}
	}
	l.marks = append(l.marks, m)
}

func (l *logActor) flush() {
	l.flushing = false
	if err := l.wal.Sync(); err != nil {
		l.env.Halt(err)
		return
	}
	l.persisted()
	l.tell(syncedUpto{LSN: l.upto})
	l.awaitIdle()
}

func (l *logActor) awaitIdle() {
	if !l.waiting {
		l.waiting = true
		l.env.Clock.After(idleAfter, idle{upto: l.upto})
	}
}

// idle vouches for what was synced, unless more has come since: the next record
// does that.
func (l *logActor) idle(m idle) {
	l.waiting = false
	if m.upto != l.upto {
		l.awaitIdle()
		return
	}
	if err := l.wal.Vouch(); err != nil {
		l.env.Halt(err)
	}
}

// persisted notes what the last sync has made durable.
func (l *logActor) persisted() {
	if len(l.marks) > 0 {
		l.env.Note(Persisted{Marks: l.marks})
		l.marks = nil
	}
}

func (l *logActor) snapshot(m takeSnapshot) {
	if err := l.wal.Snapshot(m.State); err != nil {
		l.env.Halt(err)
		return
	}
	l.saw.mark(SawLogSnapshot)
	l.persisted()
	l.tell(syncedUpto{LSN: l.upto})
}

func (l *logActor) reset() {
	if err := l.wal.Wipe(); err != nil {
		l.env.Halt(err)
		return
	}
	l.tell(recoveredLog{})
}

func (l *logActor) settle() {
	if err := l.wal.Settle(); err != nil {
		l.env.Halt(err)
	}
}

func (l *logActor) tell(msg any) { l.env.Send(l.env.PID(l.owner), msg) }
