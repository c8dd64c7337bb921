package live

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/internal/wire"
)

const (
	// queueMax is when the queue of a link is full, in bytes. It takes a frame as long as
	// it is not, so it holds a frame more at most.
	queueMax = 2 * wire.FrameMax
	// writeTimeout bounds one write: a peer that has stopped reading for so long is
	// given up, and the next connection may find a better one.
	writeTimeout = 10 * time.Second
	// flushTimeout bounds the last write of a host that stops.
	flushTimeout = time.Second
	// spareMax is how large a buffer a link keeps that does not need it, and roomyMost for
	// how many batches in a row it keeps a larger one.
	spareMax  = 256 << 10
	roomyMost = 64
	// helloTimeout bounds the time until both ends of a connection know each other.
	helloTimeout = 5 * time.Second
	backoffMin   = 5 * time.Millisecond
	backoffMax   = time.Second
)

// links are the ways out of one boot, by host. Each is made by the first message.
type links struct {
	boot    *boot
	ctx     context.Context // of dialling: outlives the boot while a link is flushed
	cancel  context.CancelFunc
	writers sync.WaitGroup

	mu     sync.Mutex
	byHost map[string]*link // nil once closed
}

func newLinks(b *boot) *links {
	ctx, cancel := context.WithCancel(context.Background())
	return &links{boot: b, ctx: ctx, cancel: cancel, byHost: map[string]*link{}}
}

// resolve is proto.actor's question for the process behind a PID of another host.
func (ls *links) resolve(pid *actor.PID) (actor.Process, bool) {
	if _, ok := ls.boot.host.world.addr(pid.Address); !ok {
		return nil, false
	}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l := ls.byHost[pid.Address]
	if l == nil {
		if ls.byHost == nil {
			return nil, false
		}
		l = &link{boot: ls.boot, to: pid.Address, wake: make(chan struct{}, 1), sendable: map[*actors.MessageType]bool{}}
		ls.byHost[pid.Address] = l
		ls.writers.Go(l.run)
	}
	return &remote{link: l, target: pid.Id}, true
}

// close ends all links. With flush it waits, for a second, until what was queued
// is written.
func (ls *links) close(flush bool) {
	defer ls.cancel()
	ls.mu.Lock()
	all := ls.byHost
	ls.byHost = nil
	ls.mu.Unlock()
	for _, l := range all {
		l.close(flush)
	}
	if !flush {
		return
	}
	written := make(chan struct{})
	go func() {
		ls.writers.Wait()
		close(written)
	}()
	select {
	case <-written:
	case <-time.After(flushTimeout):
	}
}

// A remote is the process of an actor on another host.
type remote struct {
	link   *link
	target string
}

func (r *remote) SendUserMessage(_ *actor.PID, msg any) {
	_, msg, sender := actor.UnwrapEnvelope(msg)
	r.link.send(r.target, sender, msg)
}

func (r *remote) SendSystemMessage(*actor.PID, any) { r.link.boot.host.world.counters.system.Add(1) }

func (r *remote) Stop(pid *actor.PID) { r.SendSystemMessage(pid, nil) }

// A link carries messages to one other host. Senders append to one buffer; a
// goroutine writes whatever has gathered while its last write was under way, so
// the buffer is flushed as soon as the writer is idle, without a timer.
type link struct {
	boot *boot
	to   string
	wake chan struct{} // holds one token when there is something to take

	mu     sync.Mutex
	buf    []byte // frames
	frames uint64 // in buf
	roomy  int    // batches in a row that left most of a large buffer empty
	codec  wire.Codec
	closed bool
	late   lateness // of Options.Fate
	// The types of message that were found to be permitted.
	sendable map[*actors.MessageType]bool
	// The path of the sender of the last message: most senders send many.
	sender     *actor.PID
	senderPath string
}

// send queues one message. It is encoded at once: what the sender does with it
// afterwards is not sent.
func (l *link) send(target string, sender *actor.PID, msg any) {
	mt, ok := actors.MessageOf(msg)
	if !ok {
		panic(fmt.Sprintf("message %T to %s/%s: not registered, so it cannot leave the host", msg, l.to, target))
	}
	w := l.boot.host.world
	counters := &w.counters
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || l.boot.dead() { // what a dead host has not noted it does not say either
		return
	}
	if !l.sendable[mt] {
		if err := w.may.check(l.boot.host.name, mt); err != nil {
			panic(fmt.Sprintf("to %s/%s: %v", l.to, target, err))
		}
		l.sendable[mt] = true
	}
	if len(l.buf) >= queueMax { // before it is encoded: what is lost should cost nothing
		counters.overflow.Add(1)
		return
	}
	before := len(l.buf)
	out, err := l.codec.AppendMessage(l.buf, target, l.pathOf(sender), mt, msg)
	switch {
	case errors.Is(err, wire.ErrLength):
		counters.oversize.Add(1)
		l.log().Warn("message too large", "to", target, "error", err)
		return
	case err != nil:
		panic(fmt.Sprintf("to %s/%s: %v", l.to, target, err))
	}
	l.buf = out
	l.frames++
	if w.opts.Fate != nil {
		l.meetFate(before, mt.Name)
	}
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *link) pathOf(sender *actor.PID) string {
	if sender == nil {
		return ""
	}
	if sender != l.sender {
		l.sender, l.senderPath = sender, sender.Address+"/"+sender.Id
	}
	return l.senderPath
}

func (l *link) log() *slog.Logger {
	return l.boot.host.world.opts.Log.With("host", l.boot.host.name, "link", l.to)
}

// take swaps the queue for an empty buffer once there is something in it. What a
// closed link gives is its last.
func (l *link) take(spare []byte) (batch []byte, frames uint64, last bool) {
	<-l.wake
	// Whoever can run may have more to send. Nobody can when a lone request is
	// sent, and then this takes no time.
	runtime.Gosched()
	l.mu.Lock()
	defer l.mu.Unlock()
	batch, frames = l.buf, l.frames
	if len(batch) >= cap(spare)/4 || cap(spare) <= spareMax {
		l.roomy = 0
	} else if l.roomy++; l.roomy > roomyMost {
		spare = nil // the burst that it was for is over
	}
	l.buf, l.frames = spare[:0], 0
	return batch, frames, l.closed
}

// close ends the link. Without flush what is queued is lost.
func (l *link) close(flush bool) {
	l.mu.Lock()
	l.closed = true
	l.endLate()
	if !flush {
		l.boot.host.world.counters.broken.Add(l.frames)
		l.buf, l.frames = nil, 0
	}
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// run writes until the link is closed. What a failed write held is not sent
// again: some of it may have arrived.
func (l *link) run() {
	counters := &l.boot.host.world.counters
	var conn *outgoing
	defer func() {
		if conn != nil {
			conn.close()
		}
	}()
	var batch []byte
	for {
		var frames uint64
		var last bool
		if batch, frames, last = l.take(batch); frames == 0 {
			if last {
				return
			}
			continue
		}
		if conn == nil || conn.gone.Load() {
			if conn != nil {
				conn.close()
			}
			if conn = l.connect(); conn == nil {
				counters.broken.Add(frames)
				l.close(false) // with what was queued in the meantime
				return
			}
		}
		timeout := writeTimeout
		if last {
			timeout = flushTimeout
		}
		_ = conn.SetWriteDeadline(time.Now().Add(timeout))
		if err := conn.write(batch); err != nil {
			counters.broken.Add(frames)
			conn.close()
			conn = nil
		} else {
			counters.sent.Add(frames)
		}
		if last {
			return
		}
	}
}

// An outgoing connection carries nothing back but a hello.
type outgoing struct {
	net.Conn
	raw   net.Conn // below TLS
	cork  *cork    // on raw, below TLS; nil without
	conns *open[net.Conn]
	gone  atomic.Bool // the peer has closed it
}

// write sends a batch of frames, in one call if that may be.
func (o *outgoing) write(batch []byte) error {
	write := func() error {
		_, err := o.Conn.Write(batch)
		return err
	}
	if o.cork == nil {
		return write()
	}
	return o.cork.gather(write)
}

func (o *outgoing) close() {
	o.conns.remove(o.raw)
	// A farewell of TLS would wait for a peer that does not read. Nobody needs it: a
	// frame tells by itself whether it is whole.
	_ = o.raw.Close()
}

// connect dials until it succeeds, with growing pauses. It returns nil when the
// boot has ended first.
func (l *link) connect() *outgoing {
	ctx := l.boot.links.ctx
	for pause := backoffMin; ; pause = min(2*pause, backoffMax) {
		conn, err := l.dial(ctx)
		if err == nil {
			l.boot.host.world.counters.connects.Add(1)
			return conn
		}
		l.log().Debug("connect", "error", err)
		select {
		case <-time.After(pause/2 + rand.N(pause/2)):
		case <-ctx.Done():
			return nil
		}
	}
}

func (l *link) dial(ctx context.Context) (_ *outgoing, err error) {
	addr, ok := l.boot.host.world.via(l.boot.host.name, l.to)
	if !ok {
		return nil, fmt.Errorf("host %s: no address", l.to)
	}
	ctx, cancel := context.WithTimeout(ctx, helloTimeout)
	defer cancel()
	d := net.Dialer{KeepAliveConfig: keepAlive}
	raw, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	raw = l.boot.host.world.conn(l.boot.host.name, raw)
	if !l.boot.conns.add(raw) {
		return nil, errors.Join(errDown, raw.Close())
	}
	o := &outgoing{Conn: raw, raw: raw, conns: &l.boot.conns}
	defer func() {
		if err != nil {
			o.close()
		}
	}()
	deadline, _ := ctx.Deadline()
	_ = raw.SetDeadline(deadline)
	if creds := l.boot.host.creds; creds != nil {
		o.cork = &cork{Conn: raw}
		secure := tls.Client(o.cork, creds.client(l.to))
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, err
		}
		o.Conn = secure
	}
	if err := l.boot.sayHello(o); err != nil {
		return nil, err
	}
	in := newIntake(o)
	peer, err := readHello(in)
	if err != nil {
		return nil, err
	}
	if peer.Host != l.to {
		return nil, fmt.Errorf("host %s answered at %s, the address of %s", peer.Host, addr, l.to)
	}
	in.admit()
	go func() {
		_, _ = in.next() // whatever comes is not for us: the connection has ended
		o.gone.Store(true)
		_ = raw.Close()
	}()
	return o, nil
}

func (b *boot) sayHello(conn net.Conn) error {
	hello, err := wire.AppendHello(nil, wire.Hello{Host: b.host.name, Boot: b.number})
	if err != nil {
		return err
	}
	_, err = conn.Write(hello)
	return err
}

func readHello(in *intake) (wire.Hello, error) {
	f, err := in.next()
	if err != nil {
		return wire.Hello{}, fmt.Errorf("hello: %w", err)
	}
	return f.Hello()
}
