package tickets

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// IndexActor is the name of the index's actor on its host.
const IndexActor = "index"

// The facts of an index.
type (
	// An IndexBegan is the fact that an index serves, with the jobs it has kept.
	IndexBegan struct{ Jobs []string }
	// An Indexed is the fact that the outcome of a job is durable in the index, and
	// listed there from now on.
	Indexed struct {
		Job    string
		Ticket ID
		Failed bool
		Text   string
	}
)

// SawDuplicateCallback is noted by an index that is told the outcome of a job again.
const SawDuplicateCallback actors.Sometimes = "tickets.duplicate-callback"

// NewIndex makes the actor of an index: the stand-in for the database of the site,
// which lists the outcomes of jobs in the order in which they were stored, each once.
// It keeps them on the disk of its host, through the actor JournalActor there, and in
// memory, and has no limit.
func NewIndex() actors.Producer {
	return func(env actors.Env) actor.Actor {
		return &index{env: env, journal: journaled{env: env}, known: map[string]int{}}
	}
}

type index struct {
	env     actors.Env
	journal journaled
	serving bool
	entries []indexEntry
	known   map[string]int // place in entries, by job
	doubled bool
}

// An indexEntry is an outcome, durable once its record is.
type indexEntry struct {
	outcome outcome
	record  uint64 // 0 for one of before the restart
}

// indexSnapshot is the length of the journal at which it is written anew.
const indexSnapshot = 64 << 10

// Receive implements actor.Actor.
func (x *index) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case journalRecovered:
		x.recover(m)
	case journalSynced:
		x.journal.synced(m)
		if m.Bytes > indexSnapshot && !x.journal.shorter {
			x.journal.snapshot(x.snapshot())
		}
	case store:
		if x.serving {
			x.store(m)
		}
	case lookUp:
		if x.serving {
			x.lookUp(m)
		}
	case listJobs:
		if x.serving {
			ctx.Respond(listed{Jobs: x.jobs()})
		}
	}
}

func (x *index) recover(m journalRecovered) {
	d := decoder{b: m.Snapshot}
	for len(d.b) > 0 {
		x.add(decodeOutcome(&d), 0)
	}
	err := d.err
	for _, record := range m.Records {
		if err == nil {
			d := decoder{b: record}
			x.add(decodeOutcome(&d), 0)
			err = d.err
		}
	}
	if err != nil {
		x.env.Halt(err)
	}
	x.serving = true
	x.env.Note(IndexBegan{Jobs: x.jobs()})
}

// add lists an outcome.
func (x *index) add(o outcome, record uint64) {
	x.known[o.Job] = len(x.entries)
	x.entries = append(x.entries, indexEntry{outcome: o, record: record})
}

// store keeps the first outcome of a job and answers with it, to everybody, once it
// is durable.
func (x *index) store(m store) {
	i, again := x.known[m.Outcome.Job]
	if again {
		if !x.doubled {
			x.doubled = true
			x.env.Note(SawDuplicateCallback)
		}
	} else {
		i = len(x.entries)
		o := m.Outcome
		x.journal.append(encodeOutcome(o), func() {
			x.env.Note(Indexed{Job: o.Job, Ticket: o.Ticket, Failed: o.Failed, Text: o.Text})
		})
		x.add(o, x.journal.appended)
	}
	e := x.entries[i]
	x.journal.when(e.record, func() {
		x.env.Send(x.env.PID(m.Back.To), found{Back: m.Back, Outcome: e.outcome})
	})
}

// lookUp answers with what is durable, after waiting for it.
func (x *index) lookUp(m lookUp) {
	i, ok := x.known[m.Job]
	if !ok {
		x.env.Send(x.env.PID(m.Back.To), found{Back: m.Back, Status: NotFound})
		return
	}
	e := x.entries[i]
	x.journal.when(e.record, func() {
		x.env.Send(x.env.PID(m.Back.To), found{Back: m.Back, Outcome: e.outcome})
	})
}

func (x *index) jobs() []string {
	var jobs []string
	for _, e := range x.entries {
		jobs = append(jobs, e.outcome.Job)
	}
	return jobs
}

func (x *index) snapshot() []byte {
	var b []byte
	for _, e := range x.entries {
		b = append(b, encodeOutcome(e.outcome)...)
	}
	return b
}

func encodeOutcome(o outcome) []byte {
	var e encoder
	e.string(o.Job)
	e.uint(uint64(o.Ticket))
	failed := uint64(0)
	if o.Failed {
		failed = 1
	}
	e.uint(failed)
	e.string(o.Text)
	return e.b
}

func decodeOutcome(d *decoder) outcome {
	return outcome{Job: d.string(), Ticket: ID(d.uint()), Failed: d.uint() == 1, Text: d.string()}
}
