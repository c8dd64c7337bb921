package tickets

import (
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// DispatcherOptions are the parameters of a dispatcher; zero fields have the
// defaults given with them.
type DispatcherOptions struct {
	// Collector is the path of the collector.
	Collector string
	// Messages and Bytes bound what may be taken and not delivered: 100,000 messages
	// and 64 MiB of text. What does not fit is refused, never dropped later.
	Messages, Bytes int
	// Batch is how many messages are sent to the collector at once, 200.
	Batch int
	// Linger is how long a batch that is not full waits for more, 50 ms.
	Linger time.Duration
	// Retry is how long the collector may take to answer at first, 200 ms. It doubles
	// up to RetryMax, a minute.
	Retry, RetryMax time.Duration
	// Compact is the length of the journal from which on it is replaced by a
	// snapshot, 1 MiB.
	Compact int64
}

func (o DispatcherOptions) withDefaults() DispatcherOptions {
	orDefault(&o.Messages, 100_000)
	orDefault(&o.Bytes, 64<<20)
	orDefault(&o.Batch, 200)
	orDefault(&o.Linger, 50*time.Millisecond)
	orDefault(&o.Retry, 200*time.Millisecond)
	orDefault(&o.RetryMax, time.Minute)
	orDefault(&o.Compact, 1<<20)
	return o
}

func orDefault[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// A dispatcher takes log messages and returns at once: it answers when a message
// is on its own disk, whether the collector is there or not. It delivers in
// batches, buffers while the collector is away, and refuses what does not fit.
//
// A crash of its host loses only messages that it had not answered for. Each
// message it has answered for reaches the collector at least once; the loss of its
// disk is outside the promise.
type dispatcher struct {
	env     actors.Env
	opts    DispatcherOptions
	journal journaled
	ready   bool // the journal was read

	buffer  []buffered // taken and not delivered, oldest first
	bytes   int
	held    map[LogID]bool // the messages in the buffer
	batch   int            // messages at the front of the buffer that are under way
	batches uint64         // sent so far
	failing time.Duration  // when the batch under way was first sent
	retry   time.Duration  // how long the next attempt waits
	cancel  func()         // of the timer that is set
	linger  bool           // that timer waits for more messages
}

// A buffered message is durable once record is.
type buffered struct {
	message LogMessage
	record  uint64
}

// Timers.
type (
	lingerOver struct{}
	batchLate  struct{ N uint64 }
)

// The first byte of a record of the dispatcher's journal.
const (
	recordTaken     = 1 // one message was taken
	recordDelivered = 2 // so many of the oldest were delivered
)

// NewDispatcher returns the Producer of a dispatcher. Its host also runs its
// journal: see LogTopology.
func NewDispatcher(opts DispatcherOptions) actors.Producer {
	return func(env actors.Env) actor.Actor {
		return &dispatcher{env: env, opts: opts.withDefaults(), journal: journaled{env: env}, held: map[LogID]bool{}, cancel: func() {}}
	}
}

// Receive implements actor.Actor.
func (d *dispatcher) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case journalRecovered:
		d.recover(m)
	case journalSynced:
		d.journal.synced(m)
		d.compact(m.Bytes)
		d.dispatch()
	case LogMessage:
		d.take(ctx, m)
	case LogBatchTaken:
		d.delivered(m)
	case lingerOver:
		d.linger = false
		d.send()
	case batchLate:
		d.late(m)
	case AskBacklog:
		if d.ready {
			ctx.Respond(Backlog{Messages: len(d.buffer)})
		}
	}
}

func (d *dispatcher) recover(m journalRecovered) {
	if err := d.restore(m); err != nil {
		d.env.Halt(fmt.Errorf("dispatcher %s: %w", d.env.Host, err))
	}
	d.ready = true
	if len(d.buffer) > 0 {
		d.env.Note(SawLogRecovered)
	}
	d.dispatch()
}

func (d *dispatcher) restore(m journalRecovered) error {
	if m.Snapshot != nil {
		in := decoder{b: m.Snapshot}
		for range in.count() {
			d.push(in.message(), 0)
		}
		if in.err != nil {
			return fmt.Errorf("snapshot of the buffer: %w", in.err)
		}
	}
	for i, r := range m.Records {
		in := decoder{b: r}
		switch in.uint() {
		case recordTaken:
			d.push(in.message(), 0)
		case recordDelivered:
			d.drop(int(min(in.uint(), uint64(len(d.buffer)))))
		default:
			in.err = errRecord
		}
		if in.err != nil {
			return fmt.Errorf("record %d after the snapshot: %w", i, in.err)
		}
	}
	return nil
}

func (d *dispatcher) push(m LogMessage, record uint64) {
	d.buffer = append(d.buffer, buffered{m, record})
	d.held[m.ID] = true
	d.bytes += len(m.Text)
}

// drop forgets the n oldest messages.
func (d *dispatcher) drop(n int) {
	for _, b := range d.buffer[:n] {
		delete(d.held, b.message.ID)
		d.bytes -= len(b.message.Text)
	}
	d.buffer = append([]buffered(nil), d.buffer[n:]...)
}

// take answers once the message is durable. A message that is held already gets
// the answer of the first copy, for which it may have to wait too.
func (d *dispatcher) take(ctx actor.Context, m LogMessage) {
	if !d.ready {
		ctx.Respond(LogRefused{ID: m.ID})
		return
	}
	from := ctx.Sender()
	if d.held[m.ID] {
		for _, b := range d.buffer {
			if b.message.ID == m.ID {
				d.journal.when(b.record, func() { d.answer(from, m.ID) })
				return
			}
		}
	}
	if len(d.buffer) >= d.opts.Messages || d.bytes+len(m.Text) > d.opts.Bytes {
		d.env.Note(LogOverflow{ID: m.ID})
		d.env.Note(SawLogOverflow)
		ctx.Respond(LogRefused{ID: m.ID})
		return
	}
	e := encoder{}
	e.uint(recordTaken)
	e.message(m)
	d.journal.append(e.b, func() { d.answer(from, m.ID) })
	d.push(m, d.journal.appended)
}

func (d *dispatcher) answer(to *actor.PID, id LogID) {
	d.env.Note(LogOwed{ID: id})
	if to != nil {
		d.env.Send(to, LogTaken{ID: id})
	}
}

// dispatch sends a batch if there is enough for one, or waits a little for more.
func (d *dispatcher) dispatch() {
	if !d.ready || d.batch > 0 {
		return
	}
	switch n := d.deliverable(); {
	case n >= d.opts.Batch:
		d.stopTimer()
		d.send()
	case n > 0 && !d.linger:
		d.linger = true
		d.cancel = d.env.Clock.After(d.opts.Linger, lingerOver{})
	}
}

func (d *dispatcher) stopTimer() {
	d.cancel()
	d.linger = false
}

// deliverable is how many of the oldest messages are durable, up to a batch. What
// is not durable is not sent: it may be unknown to the dispatcher after a crash.
func (d *dispatcher) deliverable() int {
	n := 0
	for n < min(len(d.buffer), d.opts.Batch) && d.buffer[n].record <= d.journal.durable {
		n++
	}
	return n
}

// send sends a new batch.
func (d *dispatcher) send() {
	if d.batch > 0 {
		return
	}
	if d.batch = d.deliverable(); d.batch == 0 {
		return
	}
	if d.batch >= 100 {
		d.env.Note(SawLargeBatch)
	}
	d.batches++
	d.failing, d.retry = d.env.Clock.Now(), d.opts.Retry
	d.transmit()
}

// transmit sends the batch under way and sets the time of the next attempt, which
// is not the same for all dispatchers when the collector comes back.
func (d *dispatcher) transmit() {
	b := LogBatch{From: d.env.Host + "/" + DispatcherActor, Boot: d.env.Boot, N: d.batches}
	for _, m := range d.buffer[:d.batch] {
		b.Messages = append(b.Messages, m.message)
	}
	d.env.Send(d.env.PID(d.opts.Collector), b)
	wait := d.retry/2 + time.Duration(d.env.Rand.Int64N(int64(d.retry/2)+1))
	d.cancel = d.env.Clock.After(wait, batchLate{N: d.batches})
	d.retry = min(2*d.retry, d.opts.RetryMax)
}

func (d *dispatcher) late(m batchLate) {
	if d.batch > 0 && m.N == d.batches {
		d.transmit()
	}
}

// delivered lets go of a batch. That is written down but not waited for: after a
// crash at the wrong moment the collector gets the batch again, and flags it.
func (d *dispatcher) delivered(m LogBatchTaken) {
	if d.batch == 0 || m.Boot != d.env.Boot || m.N != d.batches {
		return // of a batch that was sent twice
	}
	if d.env.Clock.Now()-d.failing >= time.Hour {
		d.env.Note(SawCollectorAway)
	}
	d.stopTimer()
	e := encoder{}
	e.uint(recordDelivered)
	e.uint(uint64(d.batch))
	d.journal.append(e.b, nil)
	d.drop(d.batch)
	d.batch = 0
	d.dispatch()
}

// compact replaces a long journal by the buffer, unless most of it is the buffer.
func (d *dispatcher) compact(length int64) {
	if d.journal.shorter || length < max(d.opts.Compact, 2*int64(d.bytes)) {
		return
	}
	e := encoder{}
	e.uint(uint64(len(d.buffer)))
	for _, b := range d.buffer {
		e.message(b.message)
	}
	d.journal.snapshot(e.b)
}
