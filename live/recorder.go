package live

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/internal/wire"
)

const (
	// RecordingSuffix ends the name of every file of a recording.
	RecordingSuffix = ".trace"
	// recordBuffer and recordDelay bound what is lost of a recording when the process
	// is killed: so many bytes, or what is younger.
	recordBuffer = 64 << 10
	recordDelay  = 50 * time.Millisecond
	// contentMax is the longest message whose content is recorded.
	contentMax = 4 << 10
)

// A recorder writes what one boot of a host does to files of package trace, for
// [Options.Record]. A nil recorder records nothing.
//
// The events of one path are in the order in which they happened to it, and each of
// them is of the step of that path that began last. Kept are:
//
//	Start    the boot, in Key, with an empty Path; and each actor or program, with the seed of its Rand in Data
//	Deliver  a message at the step it begins, with its content in Data, or its length in Text if that is too long
//	Resume   a sleep is over, or a Request has no answer in time
//	Timer    a timer of the actor, in Key which one: they are numbered by their After
//	Send     a message, without the content, which the step makes again
//	Sync, Disk  each call of the disk, with its error if it had one
//	Clock    each reading
//	Note     each fact, in Data
//	Fail     what stopped the host
//	Stop, Crash  the end
//	Log      the first of a file that goes on where another one had become too long: the boot, in Key
//
// Key of a message is a hash of its receiver and content, which tells what was sent
// from what was received; a message that was sent twice has one key. The n-th Send to
// a host is the n-th message on the link to it.
//
// With the actors' code that is what a step depends on. Not kept are the answers
// of the disk, which earlier calls decide unless one failed, what goroutines of the
// user's own do, and the order of the steps of different actors that do not wait for
// each other, beyond the times.
type recorder struct {
	world *World
	host  string
	boot  uint64

	mu    sync.Mutex
	to    *segment // nil: the recording has ended
	files int      // so far
	seq   int64
	armed bool // a flush is due
	codec wire.Codec
	spare []byte
}

// startRecorder begins the file of a boot, or returns nil if nothing is recorded.
func (w *World) startRecorder(host string, boot uint64) (*recorder, error) {
	if w.opts.Record == "" {
		return nil, nil
	}
	r := &recorder{world: w, host: host, boot: boot}
	if err := r.begin(trace.Event{Kind: trace.Start, Key: boot}); err != nil {
		return nil, fmt.Errorf("host %s: recording: %w", host, err)
	}
	return r, nil
}

// begin opens the next file, with its first event, once there is room for it.
func (r *recorder) begin(first trace.Event) (err error) {
	opts := &r.world.opts
	if opts.RecordMax > 0 {
		if err := trim(opts.Record, r.host, opts.RecordMax-opts.RecordMax/segmentsMin); err != nil {
			return err
		}
	}
	r.files++
	name := filepath.Join(opts.Record, segmentName(r.host, r.boot, r.files))
	if r.to, err = openSegment(name, trace.Header{Host: r.host, Base: r.world.base}); err != nil {
		return err
	}
	r.add(first)
	return nil
}

// write stamps an event and adds it.
func (r *recorder) write(e trace.Event) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.add(e)
}

// add is write with the lock held. An event with a time keeps it.
func (r *recorder) add(e trace.Event) {
	if r.to == nil {
		return
	}
	r.seq++
	e.Seq, e.Host = r.seq, r.host
	if e.At == 0 {
		e.At = time.Since(r.world.started)
	}
	if err := r.to.out.Write(e); err != nil {
		r.give(err)
		return
	}
	if most := r.world.opts.RecordMax; most > 0 && r.to.size() >= max(most/segmentsMin, recordBuffer) {
		r.turn()
		return
	}
	if !r.armed {
		r.armed = true
		time.AfterFunc(recordDelay, r.flush)
	}
}

// turn goes on in the next file.
func (r *recorder) turn() {
	err := r.to.close()
	if r.to = nil; err == nil {
		err = r.begin(trace.Event{Kind: trace.Log, Key: r.boot, Text: "goes on"})
	}
	if err != nil {
		r.give(err)
	}
}

func (r *recorder) flush() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.armed = false
	if r.to == nil {
		return
	}
	if err := r.to.buf.Flush(); err != nil {
		r.give(err)
	}
}

// give ends a recording that cannot go on: the system matters more.
func (r *recorder) give(err error) {
	if r.to != nil {
		_ = r.to.file.Close()
		r.to = nil
	}
	r.world.opts.Log.Error("recording ends", "host", r.host, "error", err)
}

// close writes the end of the file. What actors that have not noticed their death
// still do is not recorded.
func (r *recorder) close(end trace.Event) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.add(end)
	if r.to == nil {
		return
	}
	if err := r.to.close(); err != nil {
		r.world.opts.Log.Error("recording ends", "host", r.host, "error", err)
	}
	r.to = nil
}

// start records that an actor or program begins, and what its Rand is made of.
func (r *recorder) start(path string, seed [2]uint64) {
	if r == nil {
		return
	}
	data := binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, seed[0]), seed[1])
	r.write(trace.Event{Kind: trace.Start, Path: path, Data: string(data)})
}

// send records a message that path is about to send.
func (r *recorder) send(path string, to *actor.PID, msg any) {
	if r == nil || to == nil {
		return
	}
	peer := to.Address + "/" + to.Id
	r.mu.Lock()
	defer r.mu.Unlock()
	name, _, key := r.content(peer, msg)
	r.add(trace.Event{Kind: trace.Send, Path: path, Peer: peer, Msg: name, Key: key})
}

// step records that path begins a step with a message. Target is the address it came
// to, if it is another one.
func (r *recorder) step(path, target string, sender *actor.PID, msg any) {
	if r == nil {
		return
	}
	e := trace.Event{Kind: trace.Deliver, Path: path}
	if sender != nil {
		e.Peer = sender.Address + "/" + sender.Id
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	var content []byte
	e.Msg, content, e.Key = r.content(target, msg)
	if len(content) <= contentMax {
		e.Data = string(content)
	} else {
		e.Text = fmt.Sprintf("%d bytes", len(content))
	}
	r.add(e)
}

// content names and encodes a message, which has no content if it is not registered:
// it then is one of the actor to itself. The bytes are valid until the next call.
func (r *recorder) content(target string, msg any) (name string, content []byte, key uint64) {
	mt, ok := actors.MessageOf(msg)
	if !ok {
		return strings.TrimPrefix(fmt.Sprintf("%T", msg), "*"), nil, 0
	}
	b := append(append(r.spare[:0], target...), 0)
	start := len(b)
	b, err := r.codec.Append(b, mt, msg)
	r.spare = b
	if err != nil {
		return mt.Name, nil, 0
	}
	return mt.Name, b[start:], wire.Hash(b) ^ mt.Hash
}

// timer records that path begins a step with its n-th timer.
func (r *recorder) timer(path string, n uint64, msg any) {
	if r != nil {
		r.write(trace.Event{Kind: trace.Timer, Path: path, Msg: strings.TrimPrefix(fmt.Sprintf("%T", msg), "*"), Key: n})
	}
}

// resume records that path goes on after a blocking call that brought nothing.
func (r *recorder) resume(path, why string) {
	if r != nil {
		r.write(trace.Event{Kind: trace.Resume, Path: path, Text: why})
	}
}

// note records a fact, at the time that its other receivers are told.
func (r *recorder) note(path string, at time.Duration, fact any) {
	if r == nil {
		return
	}
	e := trace.Event{Kind: trace.Note, At: at, Path: path, Msg: fmt.Sprintf("%T", fact)}
	if b, err := wire.AppendFact(nil, fact); err == nil && len(b) < trace.MaxRecord/2 {
		e.Data = string(b)
	} else {
		e.Text = fmt.Sprintf("%+v", fact)
	}
	r.write(e)
}

// fail records what stopped the host, and its kind: the text of one of the errors that
// World.Err has in its chain.
func (r *recorder) fail(err error) {
	e := trace.Event{Kind: trace.Fail, Text: err.Error()}
	for _, kind := range []error{ErrPanic, ErrHalted, ErrMailboxFull} {
		if errors.Is(err, kind) {
			e.Msg = kind.Error()
		}
	}
	r.write(e)
}

// disk records a call of a disk that has returned.
func (r *recorder) disk(path, op string, names []string, err error) {
	if r == nil {
		return
	}
	e := trace.Event{Kind: trace.Disk, Path: path, Text: strings.Join(append([]string{op}, names...), " ")}
	if op == "sync" && err == nil {
		e.Kind, e.Text = trace.Sync, strings.Join(names, " ")
	}
	if err != nil {
		e.Text += ": " + err.Error()
	}
	r.write(e)
}

// clock records a reading: the monotonic clock in nanoseconds since the boot, the
// wall clock since 1970.
func (r *recorder) clock(path, which string, ns int64) {
	if r != nil {
		r.write(trace.Event{Kind: trace.Clock, Path: path, Msg: which, Key: uint64(ns)})
	}
}
