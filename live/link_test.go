package live

import (
	"testing"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/internal/wire"
)

type load struct{ Bytes []byte }

func init() { actors.Message("live.load", load{}) }

// A full queue counts even what could not be sent at all as what did not fit.
func TestWhatAFullQueueDropsIsNotEncoded(t *testing.T) {
	w := &World{}
	mt, _ := actors.MessageOf(load{})
	l := &link{
		boot: &boot{host: &host{name: "h", world: w}, ended: make(chan struct{})}, wake: make(chan struct{}, 1),
		sendable: map[*actors.MessageType]bool{mt: true},
	}
	for range 10 {
		l.send("a", nil, load{make([]byte, 1<<20)})
	}
	if c := w.Counts(); l.frames != 8 || c.Overflow != 2 || len(l.buf) > queueMax+wire.FrameMax {
		t.Errorf("%d frames of %d bytes are queued: %+v", l.frames, len(l.buf), c)
	}
	l.send("a", nil, load{make([]byte, wire.FrameMax)})
	if c := w.Counts(); c.Overflow != 3 || c.Oversize != 0 {
		t.Errorf("%+v", c)
	}
}

func TestLinkGivesUpTheBufferOfABurst(t *testing.T) {
	l := &link{wake: make(chan struct{}, 1)}
	var spare []byte
	sizes := []int{queueMax, queueMax}
	for range roomyMost + 3 {
		sizes = append(sizes, 100)
	}
	for _, size := range sizes {
		l.buf = append(l.buf, make([]byte, size)...)
		l.frames = 1
		l.wake <- struct{}{}
		spare, _, _ = l.take(spare)
		if len(spare) != size {
			t.Fatalf("took %d bytes of %d", len(spare), size)
		}
	}
	if kept := cap(spare) + cap(l.buf); kept > spareMax {
		t.Errorf("an idle link keeps %d bytes", kept)
	}
}
