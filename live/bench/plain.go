package bench

import (
	"bufio"
	"encoding/binary"
	"log/slog"
	"net"

	"github.com/asynkron/protoactor-go/actor"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// plainEcho is the least that carries proto.actor over TCP: two systems as they
// come, with its own mailboxes and dispatchers, an address resolver that writes
// protobuf messages in frames, and nothing that a real system needs beside it. No
// check, no bound, no reconnection, no handshake.
func plainEcho(j job, l *loop) error {
	client, server, err := connected(j.meter, j.certs)
	if err != nil {
		return err
	}
	defer closeAll(client, server)
	near, far := newPlain(clientHost, client), newPlain(serverHost, server)
	defer near.close()
	defer far.close()
	echo := actor.PropsFromFunc(func(ctx actor.Context) {
		if msg, ok := ctx.Message().(*wrapperspb.BytesValue); ok {
			ctx.Respond(msg)
		}
	})
	if _, err := far.system.Root.SpawnNamed(echo, "echo"); err != nil {
		return err
	}
	finished := make(chan struct{})
	to := actor.NewPID(serverHost, "echo")
	issue := func(ctx actor.Context) {
		for n, ok := l.next(); ok; n, ok = l.next() {
			body := make([]byte, j.Bytes)
			binary.BigEndian.PutUint32(body, uint32(n))
			ctx.Request(to, &wrapperspb.BytesValue{Value: body})
		}
	}
	j.meter.reset()
	_, err = near.system.Root.SpawnNamed(actor.PropsFromFunc(func(ctx actor.Context) {
		switch msg := ctx.Message().(type) {
		case *actor.Started:
			issue(ctx)
		case *wrapperspb.BytesValue:
			l.done(int(binary.BigEndian.Uint32(msg.Value)))
			if issue(ctx); l.over() {
				close(finished)
			}
		}
	}), "pump")
	if err != nil {
		return err
	}
	return j.wait(finished)
}

// A plain is one system at one end of a connection.
type plain struct {
	system *actor.ActorSystem
	out    *outbox
}

func newPlain(host string, conn net.Conn) *plain {
	system := actor.NewActorSystem(actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
		return slog.New(slog.DiscardHandler)
	}))
	system.ProcessRegistry.Address = host
	p := &plain{system: system, out: newOutbox(conn)}
	system.ProcessRegistry.RegisterAddressResolver(func(pid *actor.PID) (actor.Process, bool) { return p, true })
	go p.out.run()
	go p.receive(conn)
	return p
}

func (p *plain) close() {
	p.out.close()
	p.system.Shutdown()
}

// SendUserMessage frames a message: target, sender's host and name, body, each
// with its length.
func (p *plain) SendUserMessage(pid *actor.PID, msg any) {
	_, msg, sender := actor.UnwrapEnvelope(msg)
	p.out.add(func(buf []byte) []byte {
		buf = appendPart(buf, pid.Id)
		buf = appendPart(buf, sender.GetAddress())
		buf = appendPart(buf, sender.GetId())
		at := len(buf)
		buf = append(buf, 0, 0, 0, 0)
		buf, _ = proto.MarshalOptions{}.MarshalAppend(buf, msg.(proto.Message)) // bytes always encode
		binary.BigEndian.PutUint32(buf[at:], uint32(len(buf)-at-4))
		return buf
	})
	p.out.flush()
}

func appendPart(buf []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(buf, uint32(len(s))), s...)
}

// SendSystemMessage implements actor.Process; none crosses.
func (p *plain) SendSystemMessage(*actor.PID, any) {}

// Stop implements actor.Process; a remote actor cannot be stopped.
func (p *plain) Stop(*actor.PID) {}

// receive delivers until the connection ends.
func (p *plain) receive(conn net.Conn) {
	in := bufio.NewReaderSize(conn, bufferBytes)
	for {
		var parts [3]string
		for i := range parts {
			b, err := readBare(in, nil)
			if err != nil {
				return
			}
			parts[i] = string(b)
		}
		body, err := readBare(in, nil)
		if err != nil {
			return
		}
		msg := &wrapperspb.BytesValue{}
		if err := proto.Unmarshal(body, msg); err != nil {
			return
		}
		target := actor.NewPID(p.system.Address(), parts[0])
		p.system.Root.RequestWithCustomSender(target, msg, actor.NewPID(parts[1], parts[2]))
	}
}

var _ actor.Process = (*plain)(nil)
