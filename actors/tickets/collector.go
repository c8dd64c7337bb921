package tickets

import (
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// CollectorOptions are the parameters of a collector; zero fields have the
// defaults given with them.
type CollectorOptions struct {
	// Keep is how many messages stay in the log, the newest ones: 1,000,000. A copy
	// of a message that is no longer kept is not recognised as one.
	Keep int
	// Compact is the length of the journal from which on it is replaced by a
	// snapshot, 16 MiB.
	Compact int64
}

// A collector is the central log. It answers for a batch when all of it is on its
// disk. A message that comes again, because a dispatcher or a client did not hear
// that it had arrived, is kept again and flagged.
type collector struct {
	env     actors.Env
	opts    CollectorOptions
	journal journaled
	ready   bool

	log    []Collected
	first  int // number of log[0]
	synced int // messages of log that are durable
	bytes  int64
	seen   map[LogID]int       // how often a message is in log
	latest map[string]logBatch // the last batch of each dispatcher
}

// A logBatch is one that has come; record says when it is durable.
type logBatch struct{ boot, n, record uint64 }

// NewCollector returns the Producer of a collector. Its host also runs its journal:
// see LogTopology.
func NewCollector(opts CollectorOptions) actors.Producer {
	orDefault(&opts.Keep, 1_000_000)
	orDefault(&opts.Compact, 16<<20)
	return func(env actors.Env) actor.Actor {
		return &collector{env: env, opts: opts, journal: journaled{env: env}, seen: map[LogID]int{}, latest: map[string]logBatch{}}
	}
}

// Receive implements actor.Actor.
func (c *collector) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case journalRecovered:
		c.recover(m)
	case journalSynced:
		c.journal.synced(m)
		c.compact(m.Bytes)
	case LogBatch:
		c.collect(ctx, m)
	case ReadLog:
		c.read(ctx, m)
	}
}

func (c *collector) recover(m journalRecovered) {
	records := m.Records
	if m.Snapshot != nil {
		records = append([][]byte{m.Snapshot}, records...)
	}
	for i, r := range records {
		d := decoder{b: r}
		for range d.count() {
			c.add(d.message())
		}
		if d.err != nil {
			c.env.Halt(fmt.Errorf("collector %s: record %d: %w", c.env.Host, i, d.err))
		}
	}
	c.synced = len(c.log)
	c.ready = true
}

// add appends a message, and flags it if it is there already.
func (c *collector) add(m LogMessage) {
	again := c.seen[m.ID] > 0
	if again {
		c.env.Note(SawLogRedelivered)
	}
	c.seen[m.ID]++
	c.log = append(c.log, Collected{Message: m, Again: again})
	c.bytes += int64(len(m.Text))
	if len(c.log) > c.opts.Keep {
		oldest := c.log[0].Message
		if c.seen[oldest.ID]--; c.seen[oldest.ID] == 0 {
			delete(c.seen, oldest.ID)
		}
		c.bytes -= int64(len(oldest.Text))
		c.log = c.log[1:]
		c.first++
		c.synced = max(0, c.synced-1)
	}
}

// collect writes a batch down and answers when it is durable. The batch that a
// dispatcher sends again while it waits is answered with the first copy.
func (c *collector) collect(ctx actor.Context, m LogBatch) {
	if !c.ready {
		return // it will come again
	}
	from := ctx.Sender()
	if from == nil {
		from = c.env.PID(m.From)
	}
	answer := func() { c.env.Send(from, LogBatchTaken{Boot: m.Boot, N: m.N}) }
	if b := c.latest[m.From]; b.boot == m.Boot && b.n == m.N {
		c.journal.when(b.record, answer)
		return
	}
	e := encoder{}
	e.uint(uint64(len(m.Messages)))
	for _, message := range m.Messages {
		e.message(message)
		c.add(message)
	}
	end := c.first + len(c.log)
	c.journal.append(e.b, func() {
		c.synced = end - c.first
		answer()
	})
	c.latest[m.From] = logBatch{m.Boot, m.N, c.journal.appended}
}

// pageBytes bounds a LogPage.
const pageBytes = 64 << 10

// read answers with what is durable only.
func (c *collector) read(ctx actor.Context, m ReadLog) {
	if !c.ready {
		return
	}
	p := LogPage{From: max(m.From, c.first)}
	size := 0
	for i := p.From - c.first; i < c.synced && size < pageBytes; i++ {
		p.Messages = append(p.Messages, c.log[i])
		size += 32 + len(c.log[i].Message.Text)
	}
	ctx.Respond(p)
}

// compact replaces a long journal by the log, unless most of it is the log.
func (c *collector) compact(length int64) {
	if c.journal.shorter || length < max(c.opts.Compact, 2*c.bytes) {
		return
	}
	e := encoder{}
	e.uint(uint64(len(c.log)))
	for _, m := range c.log {
		e.message(m.Message)
	}
	c.journal.snapshot(e.b)
}
