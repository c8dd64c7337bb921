package live

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// waiting is a connection in a handshake, and its other end.
func waiting(t *testing.T, ctx context.Context, all turns) (*waitingConn, net.Conn) {
	here, there := net.Pipe()
	t.Cleanup(func() { _, _ = here.Close(), there.Close() })
	return &waitingConn{Conn: here, turns: all, ctx: ctx}, there
}

// says writes and does not wait until it is read.
func says(conn net.Conn) { go func() { _, _ = conn.Write([]byte("x")) }() }

func TestHandshakesComputeInTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := make(turns, 1)
		first, a := waiting(t, t.Context(), all)
		second, b := waiting(t, t.Context(), all)
		says(a)
		says(b)
		var buf [8]byte
		if _, err := first.Read(buf[:]); err != nil {
			t.Fatal(err)
		}
		took := make(chan error, 1)
		go func() {
			_, err := second.Read(buf[:])
			took <- err
		}()
		time.Sleep(3 * time.Millisecond) // in which the first one computes
		synctest.Wait()
		if len(took) != 0 {
			t.Fatal("two have the only turn")
		}
		began := time.Now()
		go func() { _, _ = first.Read(buf[:]) }() // waits for the other end: no need for a turn
		if err := <-took; err != nil {
			t.Fatal(err)
		}
		if rest := time.Since(began); rest != 3*time.Millisecond {
			t.Errorf("a rest of %v", rest)
		}
		time.Sleep(time.Hour)
		second.end()
		time.Sleep(restMax + time.Millisecond)
		if len(all) != 0 {
			t.Error("an hour of waiting for a processor is followed by a long rest")
		}
	})
}

func TestHandshakeThatWaitsTooLongForItsTurnEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		all := make(turns, 1)
		all <- struct{}{}
		ctx, cancel := context.WithTimeout(t.Context(), helloTimeout)
		defer cancel()
		conn, other := waiting(t, ctx, all)
		says(other)
		var buf [8]byte
		if _, err := conn.Read(buf[:]); !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		conn.end()
		if len(all) != 1 {
			t.Error("it gave up a turn that it did not have")
		}
	})
}
