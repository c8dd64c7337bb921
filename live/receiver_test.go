package live

import (
	"strings"
	"testing"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/internal/wire"
)

type (
	allowed   struct{ N int }
	forbidden struct{ N int }
)

func init() {
	actors.Message("live.allowed", allowed{})
	actors.Message("live.forbidden", forbidden{})
}

// received is a frame as it comes in.
func received(t *testing.T, target, sender string, msg any) wire.Frame {
	t.Helper()
	mt, _ := actors.MessageOf(msg)
	var c wire.Codec
	b, err := c.AppendMessage(nil, target, sender, mt, msg)
	if err != nil {
		t.Fatal(err)
	}
	f, err := wire.NewReader(strings.NewReader(string(b))).Next()
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// receiving returns a receiver of what a peer sends to a host, and the mailbox of an
// actor "a" that takes nothing out of it.
func receiving(t *testing.T, host string) (*receiver, *mailbox) {
	t.Helper()
	_, b := startBoot(t)
	box := &mailbox{boot: b, path: "a", held: true}
	b.boxes.add(box)
	return &receiver{boot: b, host: host, peer: &peer{}, replies: "req/7.", types: map[string]*actors.MessageType{}}, box
}

// Each message is held to what the sender's role may send, also after one that was
// permitted, and on both ends.
func TestEveryTypeOfMessageNeedsItsPermission(t *testing.T) {
	r, box := receiving(t, "client")
	w := r.boot.host.world
	w.may = permissions{
		roles: map[string]string{"client": "client", "other": "other", "h": "client"},
		sends: map[string]map[string]bool{"client": {"live.allowed": true}, "other": {}},
	}
	for range 2 {
		if err := r.take(received(t, "a", "", allowed{})); err != nil {
			t.Error(err)
		}
		if err := r.take(received(t, "a", "", forbidden{})); err == nil {
			t.Error("a message that the role does not send is taken after one that it sends")
		}
	}
	other := &receiver{boot: r.boot, host: "other", peer: &peer{}, types: map[string]*actors.MessageType{}}
	if err := other.take(received(t, "a", "", allowed{})); err == nil {
		t.Error("what one role may send is taken from another")
	}
	if n := box.UserMessageCount(); n != 2 {
		t.Errorf("%d messages were delivered, want 2", n)
	}
	l := &link{boot: r.boot, to: "peer", wake: make(chan struct{}, 1), sendable: map[*actors.MessageType]bool{}}
	l.send("a", nil, allowed{})
	defer func() {
		if recover() == nil || l.frames != 1 {
			t.Errorf("%d messages are on their way, want 1", l.frames)
		}
	}()
	l.send("a", nil, forbidden{})
}

// Most senders send many messages, and still each message has the sender that it names.
func TestEveryMessageHasItsOwnSender(t *testing.T) {
	r, box := receiving(t, "client")
	senders := []string{"peer/a", "peer/a", "peer/b", "", "peer/b", "seer/b", "peer/b/c", ""}
	for _, sender := range senders {
		if err := r.take(received(t, "a", sender, allowed{})); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range senders {
		l, _ := box.user.pop()
		_, _, sender := actor.UnwrapEnvelope(l.msg)
		got := ""
		if sender != nil {
			got = sender.Address + "/" + sender.Id
		}
		if got != want {
			t.Errorf("message %d is of %q, want %q", i, got, want)
		}
	}
	for _, sender := range []string{"peer", "peer/", "/a", "/"} {
		if r.take(received(t, "a", sender, allowed{})) == nil {
			t.Errorf("%q is taken for the path of an actor", sender)
		}
	}
}

// A message costs its host what it takes here, however small it is.
func TestWaitingMessageIsChargedToItsHost(t *testing.T) {
	r, box := receiving(t, "client")
	const n = 10
	for range n {
		if err := r.take(received(t, "a", "", allowed{})); err != nil {
			t.Fatal(err)
		}
	}
	if got := r.peer.waiting.Load(); got < n*(letterBytes+8) || got > 2*n*letterBytes {
		t.Errorf("%d bytes are charged for %d messages", got, n)
	}
	for range n {
		if _, _, ok := box.next(); !ok {
			t.Fatal("a message is gone")
		}
	}
	if got := r.peer.waiting.Load(); got != 0 {
		t.Errorf("%d bytes are charged for nothing", got)
	}
}

// A peer may have so many bytes waiting, and one message in any case.
func TestPeerIsChargedUpToItsShare(t *testing.T) {
	p := &peer{}
	if !p.charge(2 * inboxMax) {
		t.Error("a large message does not fit into an empty inbox")
	}
	if p.charge(1) {
		t.Error("a full inbox takes more")
	}
	p.release(2 * inboxMax)
	if !p.charge(inboxMax-1) || !p.charge(1) || p.charge(1) || p.charge(inboxMax) {
		t.Error("an inbox takes another amount than its share")
	}
	if got := p.waiting.Load(); got != inboxMax {
		t.Errorf("%d bytes are charged, want %d", got, inboxMax)
	}
}

// A decoder that panics costs the peer that found it its connection, and nothing else.
func TestPanicOfADecoderIsAnErrorOfItsConnection(t *testing.T) {
	r, _ := receiving(t, "client")
	r.types["live.allowed"] = &actors.MessageType{Name: "live.allowed"} // of no type
	if err := r.take(received(t, "a", "", allowed{})); err == nil || !strings.Contains(err.Error(), "decoder panic") {
		t.Errorf("got %v", err)
	}
}

// What is for nobody is counted by the reason, and processes of the host that are no
// actors are nobody.
func TestMessageForNobodyIsCountedByItsReason(t *testing.T) {
	r, _ := receiving(t, "client")
	heard := &reply{got: make(chan any, 1)}
	if _, ok := r.boot.system.ProcessRegistry.Add(heard, "internal"); !ok {
		t.Fatal("not added")
	}
	for _, c := range []struct {
		target string
		want   Counts
	}{
		{"nobody", Counts{DeadLetters: 1}},
		{"internal", Counts{DeadLetters: 2}},
		{"req/7.1", Counts{DeadLetters: 3}}, // it has given up
		{"req/6.1", Counts{DeadLetters: 3, Stale: 1}},
		{"a", Counts{DeadLetters: 3, Stale: 1, Received: 1}},
	} {
		if err := r.take(received(t, c.target, "", allowed{})); err != nil {
			t.Error(err)
		}
		if got := r.boot.host.world.Counts(); got != c.want {
			t.Errorf("after a message to %s: %+v, want %+v", c.target, got, c.want)
		}
	}
	if len(heard.got) != 0 {
		t.Error("a process that is no actor was reached")
	}
}
