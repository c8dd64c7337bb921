package live_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/live"
)

// FAULTS 4, limits: there are no callback URLs. Whom a message names to be called back is
// a host of the topology or nobody, so nobody can have a host connect to another place.
func TestNobodyIsCalledBackOutsideOfTheTopology(t *testing.T) {
	places := []string{
		"169.254.169.254/latest", "127.0.0.1/x", "127.0.0.1:22/x", "localhost/x", "localhost:80/x", "[::1]:80/x", "0.0.0.0/x",
		"10.0.0.1:80/x", "http://127.0.0.1/x", "metadata.google.internal/x", "file:///etc/passwd", "server:80/x", "SERVER/x", "server./x", "nonhost/x", " server/echo", "server\x00/echo",
	}
	for _, dir := range []string{"", certs(t, rolePairIDs...)} {
		var dialled atomic.Int64
		w := start(t, rolePair(actors.ProgramDef{Name: "p", Run: func(env actors.Env) error {
			for _, place := range places {
				env.Send(env.PID(place), ask{})
			}
			return nil
		}}), live.Options{Certs: dir, Via: func(string, string) string {
			dialled.Add(1)
			return ""
		}})
		if err := w.Wait(within(t, 10*time.Second)); err != nil {
			t.Fatal(err)
		}
		if c := w.Counts(); dialled.Load() != 0 || c.Connects != 0 || c.DeadLetters != uint64(len(places)) {
			t.Errorf("the program: dialled %d times, %+v", dialled.Load(), c)
		}
		// From outside, as the sender that an answer would go to.
		for _, place := range places {
			before := w.Counts()
			conn := dialRaw(t, w.Addr("server"))
			if dir != "" {
				conn = secure(t, conn, dir, "peer")
			}
			write(t, conn, append(helloOf(t, "peer"), frame(t, "echo", place, ask{})...))
			eventually(t, "the answer to "+place+" is nobody's", func() bool {
				c := w.Counts()
				return c.DeadLetters+c.Refused == before.DeadLetters+before.Refused+1
			})
			_ = conn.Close()
		}
		if c := w.Counts(); dialled.Load() != 0 || c.Connects != 0 {
			t.Errorf("dialled %d times, %+v", dialled.Load(), c)
		}
	}
}
