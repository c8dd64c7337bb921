package live

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/internal/wire"
)

// accept gives each connection to the boot that is alive; while the host is down
// it closes them, as an operating system does for a process that has gone.
func (h *host) accept() {
	var pace pace
	for {
		conn, err := h.listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if silent, ok := h.refusals.line(time.Now()); ok {
				h.world.opts.Log.Warn("accept", "host", h.name, "error", err, "unlogged", silent)
			}
			time.Sleep(backoffMin) // out of file descriptors, most likely
			continue
		}
		conn = h.world.conn(h.name, conn)
		b := h.current()
		if b == nil || !b.conns.add(conn) {
			_ = conn.Close()
			continue
		}
		b.displace(b.admitted.arrive(conn))
		go b.serve(conn)
		if rest := pace.rest(time.Now()); rest > 0 {
			time.Sleep(rest)
		}
	}
}

// displace closes a connection that has to make room, if there is one.
func (b *boot) displace(conn net.Conn) {
	if conn != nil {
		b.host.world.counters.crowded.Add(1)
		_ = conn.Close()
	}
}

// serve receives until the connection ends. Whatever is wrong with what comes in
// costs the peer this connection and nothing else.
func (b *boot) serve(conn net.Conn) {
	r := &receiver{
		boot:    b,
		replies: fmt.Sprintf("%s%d.", replyPrefix, b.number),
		types:   map[string]*actors.MessageType{},
	}
	defer func() {
		b.admitted.leave(conn, r.peer)
		b.conns.remove(conn)
		_ = conn.Close()
	}()
	err := r.run(conn)
	if err == nil || b.dead() || errors.Is(err, net.ErrClosed) {
		return
	}
	b.host.world.counters.refused.Add(1)
	if silent, ok := b.host.refusals.line(time.Now()); ok {
		b.host.world.opts.Log.Warn("connection refused", "host", b.host.name, "from", r.host, "address", conn.RemoteAddr(), "error", err, "unlogged", silent)
	}
}

// A receiver reads one connection and delivers what it carries.
type receiver struct {
	boot    *boot
	host    string // of the peer; "" for a stranger
	peer    *peer  // nil for a stranger
	codec   wire.Codec
	replies string // prefix of the reply addresses of this Boot
	types   map[string]*actors.MessageType
	// The sender of the last message: most senders send many. A PID may be shared
	// within a host.
	senderPath string
	sender     *actor.PID
}

// run returns nil when the peer has closed the connection or it broke.
func (r *receiver) run(conn net.Conn) error {
	in, err := r.handshake(conn)
	if err != nil || in == nil {
		return err
	}
	for {
		f, err := in.next()
		if err != nil {
			return badStream(err)
		}
		if err := r.take(f); err != nil {
			return err
		}
	}
}

// handshake finds out who the peer is. It returns nil and no error when there is
// nobody left to talk to.
func (r *receiver) handshake(conn net.Conn) (*intake, error) {
	ctx, cancel := context.WithTimeout(context.Background(), helloTimeout)
	defer cancel()
	deadline, _ := ctx.Deadline()
	_ = conn.SetDeadline(deadline)
	stream, proven := conn, ""
	if creds := r.boot.host.creds; creds != nil {
		turn := &waitingConn{Conn: conn, turns: r.boot.host.world.turns, ctx: ctx}
		secure := tls.Server(turn, creds.accepting)
		err := secure.Handshake()
		if turn.end(); err != nil {
			return nil, err
		}
		id, err := identityOf(secure.ConnectionState().PeerCertificates[0])
		if err != nil {
			return nil, err
		}
		stream, proven = secure, id.Host
	}
	in := newIntake(stream)
	hello, err := readHello(in)
	if err != nil {
		return nil, err
	}
	if proven != "" && hello.Host != proven {
		return nil, fmt.Errorf("host %s says that it is %.40q", proven, hello.Host)
	}
	if _, ok := r.boot.host.world.addr(hello.Host); !ok {
		return nil, fmt.Errorf("host %.40q is not of this system", hello.Host)
	}
	p, out := r.boot.admitted.introduce(conn, hello.Host)
	if r.boot.displace(out); p == nil {
		return nil, nil
	}
	r.host, r.peer = hello.Host, p
	if err := r.boot.sayHello(stream); err != nil {
		return nil, nil
	}
	if t, ok := conn.(*net.TCPConn); ok {
		_ = t.SetKeepAliveConfig(keepAlive) // a connection that has ended says so at the next read
	}
	in.admit()
	return in, nil
}

// take delivers what a frame carries. A decoder that panics is ours to mend, but
// it costs the peer that found it no more than its connection, and us no more than
// that peer.
func (r *receiver) take(f wire.Frame) (err error) {
	delivering := false
	defer func() {
		if delivering {
			return
		}
		if p := recover(); p != nil {
			err = fmt.Errorf("decoder panic: %v\n%s", p, debug.Stack())
		}
	}()
	m, err := f.Message()
	if err != nil {
		return err
	}
	msg, weight, err := r.decode(m)
	if err != nil {
		return err
	}
	delivering = true
	r.deliver(m.Target, msg, weight+letterBytes)
	return nil
}

// decode makes the message if this peer may send it, and says what it takes in memory.
func (r *receiver) decode(m wire.Message) (msg any, weight int, err error) {
	mt, ok := r.types[string(m.Name)]
	if !ok {
		name := string(m.Name)
		if mt, ok = actors.MessageNamed(name); !ok {
			return nil, 0, fmt.Errorf("message %.40q: not registered", name)
		}
		if err := r.boot.host.world.may.check(r.host, mt); err != nil {
			return nil, 0, err
		}
		r.types[name] = mt
	}
	if err := r.from(m.Sender); err != nil {
		return nil, 0, err
	}
	// Before a byte of it is decoded: a frame may hold a million elements.
	if weight, err = r.codec.Weigh(mt, m.Payload); err != nil {
		return nil, 0, err
	}
	msg, err = r.codec.Decode(mt, m.Payload)
	return msg, weight, err
}

// badStream returns nil for an end of the stream that may happen to an honest
// peer.
func badStream(err error) error {
	var broken *net.OpError
	if errors.As(err, &broken) && broken.Op == "local error" {
		return err // TLS found that the stream was tampered with
	}
	if err == io.EOF || err == io.ErrUnexpectedEOF || broken != nil {
		return nil
	}
	return err
}

// deliver hands one message to its actor or Request, or counts why not.
func (r *receiver) deliver(path []byte, msg any, size int) {
	counters := &r.boot.host.world.counters
	if target := string(path); strings.HasPrefix(target, replyPrefix) {
		r.reply(target, msg)
		return
	}
	box := r.boot.boxes.find(path)
	if box == nil {
		counters.deadLetters.Add(1)
		return
	}
	if r.sender != nil {
		msg = &actor.MessageEnvelope{Message: msg, Sender: r.sender}
	}
	if !box.arrive(msg, r.peer, size) {
		counters.flooded.Add(1)
		return
	}
	counters.received.Add(1)
}

func (r *receiver) reply(target string, msg any) {
	counters := &r.boot.host.world.counters
	process, ok := r.boot.system.ProcessRegistry.GetLocal(target)
	switch {
	case ok:
		process.SendUserMessage(nil, msg)
		counters.received.Add(1)
	case strings.HasPrefix(target, r.replies):
		counters.deadLetters.Add(1) // the Request has given up
	default:
		counters.stale.Add(1)
	}
}

// from makes r.sender the PID of a sender's path; an empty path is nobody.
func (r *receiver) from(path []byte) error {
	switch {
	case len(path) == 0:
		r.sender, r.senderPath = nil, ""
	case string(path) != r.senderPath:
		host, id, ok := strings.Cut(string(path), "/")
		if !ok || host == "" || id == "" {
			return fmt.Errorf("sender %.40q: %w", path, wire.ErrBody)
		}
		r.sender, r.senderPath = actor.NewPID(host, id), string(path)
	}
	return nil
}
