package sim

import (
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/internal/wire"
)

// A parcel is a message on its way, encoded, or by reference with the hash of its
// content. Parcels are used again once all copies of the message have arrived or
// were dropped.
type parcel struct {
	typ    *actors.MessageType
	body   []byte
	ref    any // WireChecked: the message itself
	sum    uint64
	copies int // on their way
}

func (w *world) newParcel(mt *actors.MessageType) *parcel {
	n := len(w.parcels)
	if n == 0 {
		return &parcel{typ: mt}
	}
	p := w.parcels[n-1]
	w.parcels = w.parcels[:n-1]
	p.typ = mt
	return p
}

// release forgets one copy of a message that has travelled.
func (w *world) release(msg any) {
	p, ok := msg.(*parcel)
	if !ok {
		return
	}
	p.copies = max(p.copies-1, 0) // 0: it was lost before it flew
	if p.copies == 0 {
		p.ref = nil
		w.parcels = append(w.parcels, p)
	}
}

// sentMessage is a message of the running step whose content must be the same at
// the end of the step.
type sentMessage struct {
	msg any
	typ *actors.MessageType
	sum uint64
}

// pack makes what travels of a message. A message that copies itself is returned
// as well, for a duplicate.
func (w *world) pack(msg any) (packed any, again actors.Copier) {
	mt, ok := actors.MessageOf(msg)
	if !ok {
		panic(failure{"unregistered message", fmt.Errorf("%T is sent to another host: register it with actors.Message", msg)})
	}
	w.hash = faults.Mix(w.hash, mt.Hash)
	if c, ok := msg.(actors.Copier); ok && !w.strict {
		return c.CopyMessage(), c
	}
	p := w.newParcel(mt)
	body, err := w.codec.Append(p.body[:0], mt, msg)
	if err != nil {
		panic(failure{"message", err})
	}
	p.body = body
	sum := wire.Hash(body)
	w.hash = faults.Mix(w.hash, sum)
	if c, ok := msg.(actors.Copier); ok {
		w.compareCopy(c, mt, sum)
	}
	if w.strict {
		w.sent = append(w.sent, sentMessage{msg: msg, typ: mt, sum: sum})
	}
	if w.scenario.Wire == WireChecked {
		p.ref, p.sum = msg, sum
	}
	return p, nil
}

// unpack makes the message of what has travelled.
func (w *world) unpack(msg any) any {
	p, ok := msg.(*parcel)
	if !ok {
		return msg
	}
	if p.ref != nil {
		if w.digest(p.ref, p.typ) != p.sum {
			panic(failure{"mutated message", fmt.Errorf("a %s was changed between send and delivery: a message belongs to its receiver", p.typ.Name)})
		}
		return p.ref
	}
	out, err := w.codec.Decode(p.typ, p.body)
	if err != nil {
		panic(failure{"message", err})
	}
	return out
}

// compareCopy refuses a CopyMessage that does not copy what the codec does.
func (w *world) compareCopy(c actors.Copier, mt *actors.MessageType, sum uint64) {
	cp := c.CopyMessage()
	got, ok := actors.MessageOf(cp)
	if !ok || got != mt {
		panic(failure{"message copy", fmt.Errorf("CopyMessage of %s returned a %T", mt.Name, cp)})
	}
	if w.digest(cp, mt) != sum {
		panic(failure{"message copy", fmt.Errorf("CopyMessage of %s does not copy everything", mt.Name)})
	}
}

func (w *world) digest(msg any, mt *actors.MessageType) uint64 {
	body, err := w.codec.Append(w.scratch[:0], mt, msg)
	if err != nil {
		panic(failure{"message", err})
	}
	w.scratch = body
	return wire.Hash(body)
}

// checkLocal registers the content of a message that stays on its host.
func (w *world) checkLocal(msg any) (*actors.MessageType, uint64) {
	mt, ok := actors.MessageOf(msg)
	if !ok {
		if isSystem(msg) {
			return nil, 0
		}
		panic(failure{"unregistered message", fmt.Errorf("%T is sent: register it with actors.Message", msg)})
	}
	w.hash = faults.Mix(w.hash, mt.Hash)
	if _, ok := msg.(actors.Copier); ok && !w.strict {
		return nil, 0
	}
	sum := w.digest(msg, mt)
	w.hash = faults.Mix(w.hash, sum)
	return mt, sum
}

// isSystem reports proto.actor's own user-level messages.
func isSystem(msg any) bool {
	switch msg.(type) {
	case *actor.PoisonPill, *actor.Terminated, *actor.DeadLetterResponse:
		return true
	}
	return false
}

// checkDelivery compares a local message with what was sent.
func (w *world) checkDelivery(it *item) {
	if w.digest(it.msg, it.typ) != it.sum {
		panic(failure{"mutated message", fmt.Errorf("a %s was changed between send and delivery: a message belongs to its receiver", it.typ.Name)})
	}
}

// checkSent compares what the step sent with what it is at the end of the step.
func (w *world) checkSent() {
	sent := w.sent
	w.sent = w.sent[:0]
	for _, s := range sent {
		if w.digest(s.msg, s.typ) != s.sum {
			panic(failure{"mutated message", fmt.Errorf("a %s was changed after it had been sent", s.typ.Name)})
		}
	}
}
