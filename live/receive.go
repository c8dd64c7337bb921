package live

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/internal/wire"
)

// connsMax bounds the connections of a host, in both directions together.
const connsMax = 1024

// accept gives each connection to the boot that is alive; while the host is down
// it closes them, as an operating system does for a process that has gone.
func (h *host) accept() {
	for {
		conn, err := h.listener.Accept()
		if err != nil {
			if errors.Is(err, net.ErrClosed) {
				return
			}
			h.world.opts.Log.Warn("accept", "host", h.name, "error", err)
			time.Sleep(backoffMin) // out of file descriptors, most likely
			continue
		}
		b := h.current()
		if b == nil || b.conns.len() >= connsMax || !b.conns.add(conn) {
			_ = conn.Close()
			continue
		}
		go b.serve(conn)
	}
}

// serve receives until the connection ends. Whatever is wrong with what comes in
// costs the peer this connection and nothing else.
func (b *boot) serve(conn net.Conn) {
	defer func() {
		b.conns.remove(conn)
		_ = conn.Close()
	}()
	r := &receiver{
		boot:    b,
		replies: fmt.Sprintf("%s%d.", replyPrefix, b.number),
		types:   map[string]*actors.MessageType{},
	}
	err := r.run(conn)
	if err == nil || b.dead() || errors.Is(err, net.ErrClosed) {
		return
	}
	b.host.world.counters.refused.Add(1)
	b.host.world.opts.Log.Warn("connection refused", "host", b.host.name, "from", r.peer.Host, "error", err)
}

// A receiver reads one connection and delivers what it carries.
type receiver struct {
	boot    *boot
	peer    wire.Hello
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
	in := wire.NewReader(conn)
	_ = conn.SetDeadline(time.Now().Add(helloTimeout))
	peer, err := readHello(in)
	if err != nil {
		return err
	}
	r.peer = peer
	if _, ok := r.boot.host.world.addr(peer.Host); !ok {
		return fmt.Errorf("host %.40q is not of this system", peer.Host)
	}
	if err := r.boot.sayHello(conn); err != nil {
		return nil
	}
	_ = conn.SetDeadline(time.Time{})
	for {
		f, err := in.Next()
		if err != nil {
			return badStream(err)
		}
		m, err := f.Message()
		if err != nil {
			return err
		}
		if err := r.deliver(m); err != nil {
			return err
		}
	}
}

// badStream returns nil for an end of the stream that may happen to an honest
// peer.
func badStream(err error) error {
	var broken net.Error
	if err == io.EOF || err == io.ErrUnexpectedEOF || errors.As(err, &broken) {
		return nil
	}
	return err
}

// deliver hands one message to its actor or Request, or counts why not. An error
// is the peer's fault.
func (r *receiver) deliver(m wire.Message) error {
	counters := &r.boot.host.world.counters
	mt, ok := r.types[string(m.Name)]
	if !ok {
		name := string(m.Name)
		if mt, ok = actors.MessageNamed(name); !ok {
			return fmt.Errorf("message %.40q: not registered", name)
		}
		r.types[name] = mt
	}
	msg, err := r.codec.Decode(mt, m.Payload)
	if err != nil {
		return err
	}
	if err := r.from(m.Sender); err != nil {
		return err
	}
	if target := string(m.Target); strings.HasPrefix(target, replyPrefix) {
		r.reply(target, msg)
		return nil
	}
	box := r.boot.boxes.find(m.Target)
	if box == nil {
		counters.deadLetters.Add(1)
		return nil
	}
	if r.sender != nil {
		msg = &actor.MessageEnvelope{Message: msg, Sender: r.sender}
	}
	if !box.arrive(msg) {
		counters.flooded.Add(1)
		return nil
	}
	counters.received.Add(1)
	return nil
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
