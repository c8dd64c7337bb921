package store

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"

	"github.com/simrun/simrun/models"
)

// mixedUp serves every request after a delay of its own, and then once more.
func mixedUp(seed uint64, regions int) func(*clientWorld, string, any) {
	rnd := rand.New(rand.NewPCG(seed, 0))
	return func(w *clientWorld, to string, msg any) {
		switch m := msg.(type) {
		case Poll:
			w.after(time.Millisecond, Configuration{Config: oneRegion(1, 1, regions)}, nil)
		case Request:
			for range 2 {
				w.after(time.Duration(rnd.Int64N(int64(300*time.Millisecond))), answer(m), nil)
			}
		}
	}
}

func keyOf(n int) string { return fmt.Sprintf("key%d", n) }

// TestTokenIdentifiesItsOperation: replies come in any order and twice, and each
// operation gets its own. R5, R10.
func TestTokenIdentifiesItsOperation(t *testing.T) {
	props := gopter.NewProperties(gopter.DefaultTestParametersWithSeed(1))
	props.Property("any order of waits gives the same results", prop.ForAll(
		func(seed uint64, n int) string {
			_, c := newClientWorld(ClientOptions{}, mixedUp(seed, 3))
			var open []*Deferred
			for i := range n {
				open = append(open, c.AsyncGet("s", keyOf(i)))
			}
			for _, i := range rand.New(rand.NewPCG(seed, 1)).Perm(n) {
				r := open[i].Wait()
				if got := string(valueOf(r, "key").Str); r.Status != models.Success || got != keyOf(i) {
					return fmt.Sprintf("operation %d on %s got %v of %q", open[i].ID, keyOf(i), r.Status, got)
				}
			}
			if _, status := c.Loop(0); status != models.NonePending {
				return fmt.Sprintf("after all waits Loop says %v", status)
			}
			return ""
		}, gen.UInt64(), gen.IntRange(1, 40)))
	props.TestingRun(t)
}

// TestLoopAndWaitFollowTheirModel mixes issues, waits and loops with random
// timeouts. Each operation is handed out exactly once by one of them, and a
// timeout changes nothing. R13, R16, R17.
func TestLoopAndWaitFollowTheirModel(t *testing.T) {
	props := gopter.NewProperties(gopter.DefaultTestParametersWithSeed(1))
	props.Property("each operation is handed out once", prop.ForAll(
		func(seed uint64, steps []int) string {
			_, c := newClientWorld(ClientOptions{}, mixedUp(seed, 3))
			rnd := rand.New(rand.NewPCG(seed, 2))
			pending := map[*Deferred]bool{}
			var order []*Deferred
			timeout := func() time.Duration { return time.Duration(rnd.Int64N(int64(100 * time.Millisecond))) }
			for _, step := range steps {
				switch step {
				case 0, 1:
					d := c.AsyncGet("s", keyOf(len(order)))
					pending[d], order = true, append(order, d)
				case 2:
					d, status := c.Loop(timeout())
					switch {
					case status == models.NonePending && len(pending) == 0:
					case status == models.Timeout && len(pending) > 0:
					case status == models.Success && pending[d] && d.Wait().Status == models.Success:
						delete(pending, d)
					default:
						return fmt.Sprintf("Loop says %v with %d pending", status, len(pending))
					}
				case 3:
					if len(order) == 0 {
						continue
					}
					d := order[rnd.IntN(len(order))]
					r := d.WaitFor(timeout())
					switch {
					case r.Status == models.Timeout && pending[d]:
					case r.Status == models.Success && string(valueOf(r, "key").Str) == d.Op.Key:
						delete(pending, d)
					default:
						return fmt.Sprintf("wait for %d says %v", d.ID, r.Status)
					}
				}
			}
			for len(pending) > 0 {
				d, status := c.Loop(0)
				if status != models.Success || !pending[d] {
					return fmt.Sprintf("Loop says %v with %d pending", status, len(pending))
				}
				delete(pending, d)
			}
			return ""
		}, gen.UInt64(), gen.SliceOf(gen.IntRange(0, 3))))
	props.TestingRun(t)
}

// TestLoopFollowsCompletion: Loop hands out in the order of completion, which is
// not that of issue. R13.
func TestLoopFollowsCompletion(t *testing.T) {
	_, c := newClientWorld(ClientOptions{}, func(w *clientWorld, to string, msg any) {
		switch m := msg.(type) {
		case Poll:
			w.after(0, Configuration{Config: oneRegion(1, 1, 1)}, nil)
		case Request:
			w.after(time.Duration(10-m.ID.N)*time.Millisecond, answer(m), nil)
		}
	})
	for i := range 5 {
		c.AsyncGet("s", keyOf(i))
	}
	var got []uint64
	for {
		d, status := c.Loop(0)
		if status == models.NonePending {
			break
		}
		got = append(got, d.ID)
	}
	if want := []uint64{5, 4, 3, 2, 1}; !slices.Equal(got, want) {
		t.Errorf("handed out %v, completed %v", got, want)
	}
}

// TestTenThousandOutstanding: each is delivered once, and the tables are empty
// afterwards. R15.
func TestTenThousandOutstanding(t *testing.T) {
	const n = 10000
	w, c := newClientWorld(ClientOptions{}, mixedUp(7, 8))
	for i := range n {
		c.AsyncGet("s", keyOf(i))
	}
	seen := map[uint64]bool{}
	for range n {
		d, status := c.Loop(0)
		if status != models.Success || seen[d.ID] || string(valueOf(d.Wait(), "key").Str) != d.Op.Key {
			t.Fatalf("%v after %d operations", status, len(seen))
		}
		seen[d.ID] = true
	}
	a := w.actor.(*client)
	if len(a.ops)+len(a.retry)+a.bytes+len(c.open) != 0 || a.ready.first() != nil {
		t.Errorf("left behind: %d operations, %d retries, %d bytes, %d deferred", len(a.ops), len(a.retry), a.bytes, len(c.open))
	}
	w.run(time.Hour)
	if w.now != time.Hour || w.events.Len() != 0 {
		t.Errorf("an idle client still sets timers")
	}
}

// TestIssueNeverBlocks: against servers that never answer. R8.
func TestIssueNeverBlocks(t *testing.T) {
	w, c := newClientWorld(ClientOptions{}, func(*clientWorld, string, any) {})
	for i := range 1000 {
		c.AsyncGet("s", keyOf(i))
	}
	if w.now != 0 {
		t.Errorf("1,000 issues took %v", w.now)
	}
}

// TestThrottledIsDefinite: what is beyond the limit is refused at once, and never
// sent. N10.
func TestThrottledIsDefinite(t *testing.T) {
	sent := map[uint64]bool{}
	w, c := newClientWorld(ClientOptions{Outstanding: 3}, func(w *clientWorld, to string, msg any) {
		switch m := msg.(type) {
		case Poll:
			w.after(0, Configuration{Config: oneRegion(1, 1, 1)}, nil)
		case Request:
			sent[m.ID.N] = true
			w.after(time.Second, answer(m), nil)
		}
	})
	for i := range 5 {
		c.AsyncGet("s", keyOf(i))
	}
	for i := range 2 {
		if d, _ := c.Loop(0); d.ID != uint64(4+i) || d.Wait().Status != models.Throttled || w.now != 0 {
			t.Errorf("operation %d: %v at %v", d.ID, d.Wait().Status, w.now)
		}
	}
	for range 3 {
		if d, _ := c.Loop(0); d.Wait().Status != models.Success {
			t.Errorf("operation %d: %v", d.ID, d.Wait().Status)
		}
	}
	if sent[4] || sent[5] || len(sent) != 3 {
		t.Errorf("sent %v", sent)
	}
	if d := c.AsyncGet("s", "again"); d.Wait().Status != models.Success {
		t.Errorf("room was not given back: %v", d.Wait().Status)
	}
}

// TestRequestIsRepeatedUnchanged: the same id to the same daemon at growing
// intervals, until the first answer. R31.
func TestRequestIsRepeatedUnchanged(t *testing.T) {
	var at []time.Duration
	w, c := newClientWorld(ClientOptions{Retry: 100 * time.Millisecond}, func(w *clientWorld, to string, msg any) {
		switch m := msg.(type) {
		case Poll:
			w.after(0, Configuration{Config: oneRegion(1, 1, 1)}, nil)
		case Request:
			if m.ID != (RequestID{Client: "c0", Boot: 1, N: 1}) || to != "daemon1/store" {
				t.Errorf("%+v to %s", m.ID, to)
			}
			at = append(at, w.now)
			if len(at) == 5 {
				w.after(time.Millisecond, answer(m), nil)
			}
		}
	})
	if r := c.Get("s", "k"); r.Status != models.Success {
		t.Fatal(r.Status)
	}
	w.run(time.Minute)
	ms := time.Millisecond
	if want := []time.Duration{0, 100 * ms, 300 * ms, 700 * ms, 1500 * ms}; !slices.Equal(at, want) {
		t.Errorf("sent at %v, want %v", at, want)
	}
}

// TestNewChainEndsPendingOperations: what was in flight to a chain that is no more
// ends with Reconfigure and is not sent again; what comes later goes to the new
// chain; the old chain's late answer is nobody's. R31, M49.
func TestNewChainEndsPendingOperations(t *testing.T) {
	var sent []Request
	w, c := newClientWorld(ClientOptions{}, func(w *clientWorld, to string, msg any) {
		switch m := msg.(type) {
		case Poll:
			if m.Epoch < 2 {
				w.after(0, Configuration{Config: oneRegion(1+m.Epoch, 1+m.Epoch, 1)}, nil)
			}
		case Request:
			sent = append(sent, m)
			switch m.Version {
			case 1:
				w.after(time.Millisecond, Stale{ID: m.ID, Version: 2, Refused: 1}, nil)
				w.after(300*time.Millisecond, answer(m), nil)
			case 2:
				w.after(400*time.Millisecond, answer(m), nil)
			}
		}
	})
	w.run(150 * time.Millisecond) // the first configuration is here, and another poll may be made
	if s := c.Put("s", "k"); s != models.Reconfigure {
		t.Fatalf("put: %v", s)
	}
	if r := c.Get("s", "k"); r.Status != models.Success {
		t.Fatalf("get: %v", r.Status)
	}
	for _, m := range sent {
		if m.ID.N != m.Version {
			t.Errorf("operation %d was sent to version %d", m.ID.N, m.Version)
		}
	}
	if !slices.Contains(w.notes, any(SawReconfigure)) {
		t.Errorf("not noted: %v", w.notes)
	}
}

// TestResubmitKeepsTheId: under the explicit policy the operation goes to the new
// chain under its old id, and the old chain's answer does not count. M47.
func TestResubmitKeepsTheId(t *testing.T) {
	w, c := newClientWorld(ClientOptions{Resubmit: true}, func(w *clientWorld, to string, msg any) {
		switch m := msg.(type) {
		case Poll:
			if m.Epoch < 2 {
				w.after(0, Configuration{Config: oneRegion(1+m.Epoch, 1+m.Epoch, 1)}, nil)
			}
		case Request:
			if m.ID.N != 1 {
				t.Errorf("sent as %d", m.ID.N)
			}
			r := answer(m)
			if m.Version == 1 {
				w.after(time.Millisecond, Stale{ID: m.ID, Version: 2, Refused: 1}, nil)
				r.Result = models.Result{Status: models.CmpFail}
				w.after(10*time.Millisecond, r, nil)
				return
			}
			w.after(100*time.Millisecond, r, nil)
		}
	})
	w.run(150 * time.Millisecond)
	if r := c.Get("s", "k"); r.Status != models.Success {
		t.Error(r.Status)
	}
}

// TestUnknownSpaceIsRefusedUnsent: but only after the coordinator was asked again.
func TestUnknownSpaceIsRefusedUnsent(t *testing.T) {
	polls := 0
	_, c := newClientWorld(ClientOptions{}, func(w *clientWorld, to string, msg any) {
		switch msg.(type) {
		case Poll:
			polls++
			w.after(0, Configuration{Config: oneRegion(1, 1, 1)}, nil)
		default:
			t.Errorf("sent %+v", msg)
		}
	})
	if s := c.Put("nowhere", "k"); s != models.UnknownSpace || polls < 2 {
		t.Errorf("%v after %d polls", s, polls)
	}
}

// TestOlderBootsReplyIsDropped: an answer to the incarnation before the crash
// completes nothing of this one.
func TestOlderBootsReplyIsDropped(t *testing.T) {
	w, c := newClientWorld(ClientOptions{}, func(w *clientWorld, to string, msg any) {
		switch m := msg.(type) {
		case Poll:
			w.after(0, Configuration{Config: oneRegion(1, 1, 1)}, nil)
		case Request:
			old := answer(m)
			old.ID.Boot, old.Result = 0, models.Result{Status: models.NotFound}
			w.after(time.Millisecond, old, nil)
			w.after(2*time.Millisecond, answer(m), nil)
		}
	})
	if r := c.Get("s", "k"); r.Status != models.Success {
		t.Error(r.Status)
	}
	if !slices.Contains(w.notes, any(SawOlderBootDropped)) {
		t.Errorf("not noted: %v", w.notes)
	}
}

// TestWindowBoundsWhatIsOutstanding: and shows every status once. R28, R29.
func TestWindowBoundsWhatIsOutstanding(t *testing.T) {
	for _, size := range []int{1, 2, 0} {
		_, c := newClientWorld(ClientOptions{}, mixedUp(3, 2))
		n, limit := 3000, size
		if size == 0 {
			limit = DefaultWindow
		}
		seen, most := map[uint64]bool{}, 0
		w := Window{Client: c, Size: size, Done: func(d *Deferred) error {
			seen[d.ID] = true
			return nil
		}}
		for i := range n {
			if err := w.Issue(models.Op{Verb: models.Get, Space: "s", Key: keyOf(i)}); err != nil {
				t.Fatal(err)
			}
			most = max(most, i+1-len(seen))
		}
		if err := w.Flush(); err != nil || len(seen) != n || most != limit {
			t.Errorf("window %d: %d of %d seen, at most %d outstanding, %v", size, len(seen), n, most, err)
		}
	}
}
