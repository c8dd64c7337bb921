package sim

import (
	"bytes"
	"fmt"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/internal/wire"
)

// garble damages a message as it is on the wire and has the receiver's end read
// it: it must notice. A frame that passes all the same would be a bug of the
// framing.
func (w *world) garble(to *endpoint, msg any, key uint64) {
	w.countFault("corrupt")
	if p, ok := msg.(*parcel); ok {
		msg = w.unpack(p)
	}
	mt, ok := actors.MessageOf(msg)
	if !ok {
		return // WireRef carries what no codec knows
	}
	frame, err := w.codec.AppendMessage(nil, to.path, "", mt, msg)
	if err != nil {
		panic(failure{"message", err})
	}
	r := faults.Mix(w.netKey^0x676172626c65, key)
	how := "one bit flipped"
	if r&3 == 0 {
		how = "cut short"
		frame = frame[:faults.Scale(faults.Mix(r, 1), uint64(len(frame)))]
	} else {
		bit := faults.Scale(faults.Mix(r, 1), uint64(len(frame))*8)
		frame[bit/8] ^= 1 << (bit % 8)
	}
	if _, err := wire.NewReader(bytes.NewReader(frame)).Next(); err == nil {
		w.fail(Harness, "corrupt frame", fmt.Errorf("a frame of %d bytes passes with %s", len(frame), how))
	}
}
