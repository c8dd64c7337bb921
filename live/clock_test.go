package live

import (
	"testing"
	"time"
)

// What is due after a host's death or was called off is kept by nobody: a timer of an
// hour would keep a dead host in memory for as long.
func TestTimersThatAreOverAreForgotten(t *testing.T) {
	_, b := startBoot(t)
	pending := func() int {
		b.timers.mu.Lock()
		defer b.timers.mu.Unlock()
		return len(b.timers.pending)
	}
	box := &mailbox{boot: b, path: "a", held: true}
	c := &clock{boot: b, box: box, path: "h/a"}
	for range 3 {
		c.After(time.Hour, "called off")()
	}
	if n := pending(); n != 0 {
		t.Errorf("%d timers wait that were called off", n)
	}
	c.After(0, "due")
	for end := time.Now().Add(20 * time.Second); pending() > 0 || box.UserMessageCount() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d timers wait after they were due, %d messages", pending(), box.UserMessageCount())
		}
	}
	c.After(time.Hour, "for the dead")
	var left []*timer
	b.timers.mu.Lock()
	for x := range b.timers.pending {
		left = append(left, x)
	}
	b.timers.mu.Unlock()
	b.die(false)
	c.After(time.Hour, "of the dead")
	if len(left) != 1 || left[0].clock.Stop() {
		t.Errorf("a timer of a dead host goes on, of %d", len(left))
	}
	if n := pending(); n != 0 {
		t.Errorf("%d timers of a dead host wait", n)
	}
}

// Now counts from the start of this life of the host, however old the World is.
func TestClockCountsFromItsBoot(t *testing.T) {
	w, b := startBoot(t)
	first := &clock{boot: b, path: "h/a"}
	time.Sleep(time.Until(b.started.Add(20 * time.Millisecond)))
	if now := first.Now(); now < 20*time.Millisecond {
		t.Errorf("the clock says %v at least 20ms after the boot", now)
	}
	if err := w.Crash("h"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := w.Restart("h", false); err != nil {
		t.Fatal(err)
	}
	next := &clock{boot: w.hosts["h"].current(), path: "h/a"}
	if now := next.Now(); now < 0 || now > time.Since(began) {
		t.Errorf("the clock of the next life says %v after %v", now, time.Since(began))
	}
}
