package live

import "testing"

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
