package tickets

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"

	"github.com/simrun/simrun/models"
)

var shortLimits = TrackerLimits{TTL: 10 * time.Second, Lease: 4 * time.Second, Tickets: 5, Text: 20}

// do applies a command and fails the test if the status is another.
func do(t *testing.T, s *trackerState, c command, want Status) Ticket {
	t.Helper()
	got, status := s.apply(c)
	if status != want {
		t.Fatalf("%+v: %v, want %v", c, status, want)
	}
	return got
}

// R63: states go forward, what is final stays, and to say it again is fine.
func TestFinalTicketsStay(t *testing.T) {
	s := newTrackerState(shortLimits)
	a := do(t, s, command{Verb: create, Key: "a"}, OK)
	if a.State != models.TicketInProgress {
		t.Fatalf("a new ticket is %v", a.State)
	}
	do(t, s, command{Verb: progress, Ticket: a.ID, Percent: 40}, OK)
	do(t, s, command{Verb: complete, Ticket: a.ID, Text: "done"}, OK)
	do(t, s, command{Verb: complete, Ticket: a.ID, Text: "done"}, OK)
	do(t, s, command{Verb: complete, Ticket: a.ID, Text: "else"}, Conflict)
	do(t, s, command{Verb: fail, Ticket: a.ID, Text: "done"}, Conflict)
	got := do(t, s, command{Verb: progress, Ticket: a.ID, Percent: 90}, OK)
	if want := (Ticket{ID: a.ID, State: models.TicketFinished, Text: "done", Percent: 40}); got != want {
		t.Errorf("late progress: %+v, want %+v", got, want)
	}
	do(t, s, command{Verb: complete, Ticket: 99, Text: "x"}, NotFound)
	do(t, s, command{Verb: progress, Ticket: 99}, NotFound)
	if again := do(t, s, command{Verb: create, Key: "a"}, OK); again.ID != a.ID || again.Text != "done" {
		t.Errorf("the same key again: %+v", again)
	}
}

// The TTL counts from the end of the job and not from its beginning, to the nanosecond;
// a lease counts from the last renewal.
func TestTimesCountFromTheirBeginning(t *testing.T) {
	s := newTrackerState(shortLimits)
	a := do(t, s, command{Verb: create, Key: "a"}, OK).ID
	b := do(t, s, command{Verb: create, Key: "b"}, OK).ID
	at := func(d time.Duration) { do(t, s, command{Verb: tick, At: d}, OK) }
	state := func(id ID) models.TicketState {
		got, _ := s.query(id, "")
		return got.State
	}
	do(t, s, command{Verb: renew, Tickets: []ID{a, 77}, At: 3 * time.Second}, OK)
	at(4*time.Second - 1)
	if state(b) != models.TicketInProgress {
		t.Error("b is lost before its lease is over")
	}
	at(4 * time.Second)
	if got, _ := s.query(b, ""); got.State != models.TicketFailed || got.Text != models.TicketLost {
		t.Errorf("b: %+v, want it lost", got)
	}
	do(t, s, command{Verb: complete, Ticket: a, Text: "late", At: 6 * time.Second}, OK)
	at(14*time.Second - 1)
	if state(a) != models.TicketFinished || state(b) != models.TicketFailed {
		t.Error("forgotten too soon")
	}
	at(16*time.Second - 1)
	if state(a) != models.TicketFinished || state(b) != models.NoTicket {
		t.Errorf("after the TTL of b: a %v, b %v", state(a), state(b))
	}
	at(16 * time.Second)
	if _, status := s.query(a, ""); status != NotFound {
		t.Error("a is there after its TTL")
	}
	at(2 * time.Second)
	if s.now != 16*time.Second {
		t.Errorf("time went back to %v", s.now)
	}
	if c := do(t, s, command{Verb: create, Key: "a"}, OK); c.ID <= b {
		t.Errorf("%v is used again", c.ID)
	}
}

// R67: one ticket too many is refused, and so is a text that is too long; neither
// leaves anything behind.
func TestTrackerRefusesWhatItHasNoRoomFor(t *testing.T) {
	s := newTrackerState(shortLimits)
	for i := range 5 {
		do(t, s, command{Verb: create, Key: fmt.Sprint(i)}, OK)
	}
	before := s.snapshot()
	do(t, s, command{Verb: create, Key: "one more"}, Full)
	do(t, s, command{Verb: create, Key: "a key of more than twenty bytes"}, TooLarge)
	do(t, s, command{Verb: complete, Ticket: 1, Text: "a text of more than twenty bytes"}, TooLarge)
	if !bytes.Equal(before, s.snapshot()) {
		t.Error("what was refused has changed something")
	}
	do(t, s, command{Verb: complete, Ticket: 3, Text: "x"}, OK)
	do(t, s, command{Verb: tick, At: time.Minute}, OK)
	do(t, s, command{Verb: tick, At: 2 * time.Minute}, OK)
	do(t, s, command{Verb: create, Key: "room again"}, OK)
}

// randomCommands draws commands on a few tickets, with times that mostly grow.
func randomCommands(seed int64, n int) []command {
	d := rand.New(rand.NewPCG(uint64(seed), 7))
	var out []command
	at := time.Duration(0)
	for range n {
		at += time.Duration(d.Int64N(int64(3 * time.Second)))
		c := command{Verb: verb(1 + d.IntN(int(tick))), At: at, Ticket: ID(d.IntN(12)), Percent: uint8(d.IntN(120)),
			Key: fmt.Sprint(d.IntN(8)), Text: fmt.Sprint(d.IntN(3))}
		for range d.IntN(4) {
			c.Tickets = append(c.Tickets, ID(d.IntN(12)))
		}
		if d.IntN(10) == 0 {
			c.At -= 5 * time.Second
		}
		out = append(out, c)
	}
	return out
}

// unfinished is what the tracker is to say that is pending, found with a search.
func unfinished(s *trackerState, model map[ID]models.Ticket) []PendingItem {
	var out []PendingItem
	for _, id := range slices.Sorted(maps.Keys(model)) {
		if got, _ := s.query(id, ""); model[id].State == models.TicketInProgress {
			out = append(out, PendingItem{ID: id.String(), Age: s.now - got.Created, Inherited: true})
		}
	}
	return out
}

// The laws of the replicated state: members that apply the same commands agree byte by
// byte, also if one of them was restored from a snapshot on the way; every ticket obeys
// its model; and the memory is bounded.
func TestTrackerLaws(t *testing.T) {
	props := gopter.NewProperties(gopter.DefaultTestParametersWithSeed(1))
	props.Property("a member that was restored agrees with one that was not", prop.ForAll(func(seed int64, cut int) bool {
		commands := randomCommands(seed, 80)
		whole, restored := newTrackerState(shortLimits), newTrackerState(shortLimits)
		for i, c := range commands {
			if i == cut {
				state := restored.snapshot()
				restored = newTrackerState(shortLimits)
				if restored.restore(state) != nil || !bytes.Equal(state, restored.snapshot()) {
					return false
				}
			}
			read, err := decodeCommand(c.encode())
			if err != nil {
				return false
			}
			x, xs := whole.apply(c)
			y, ys := restored.apply(read)
			if x != y || xs != ys {
				return false
			}
		}
		return bytes.Equal(whole.snapshot(), restored.snapshot()) && slices.Equal(whole.pending(99), restored.pending(99))
	}, gen.Int64(), gen.IntRange(0, 79)))
	props.Property("every ticket obeys its model", prop.ForAll(func(seed int64) bool {
		s := newTrackerState(shortLimits)
		model := map[ID]models.Ticket{}
		ok := true
		s.changed = func(c change) {
			op := models.TicketOp{Text: c.text}
			switch {
			case c.from == models.NoTicket:
				op.Verb = models.TicketCreate
				_, known := model[c.id]
				ok = ok && !known
			case c.to == models.NoTicket:
				op.Verb = models.TicketExpire
			case c.text == models.TicketLost:
				op.Verb = models.TicketLose
			case c.to == models.TicketFailed:
				op.Verb = models.TicketFail
			default:
				op.Verb = models.TicketComplete
			}
			next, _ := models.ApplyTicket(model[c.id], op)
			ok = ok && model[c.id].State == c.from && next.State == c.to
			model[c.id] = next
		}
		for _, c := range randomCommands(seed, 120) {
			s.apply(c)
			for id, want := range model {
				if got, _ := s.query(id, ""); got.Value() != want {
					return false
				}
			}
			if !slices.Equal(s.pending(len(model)), unfinished(s, model)) {
				return false
			}
			if !ok || s.tickets.len() > shortLimits.Tickets || len(s.tickets.entries) > shortLimits.Tickets {
				return false
			}
		}
		return true
	}, gen.Int64()))
	props.TestingRun(t)
}

// A snapshot or a command that is cut short or damaged is an error and no panic.
func TestDamagedTrackerBytesAreErrors(t *testing.T) {
	s := newTrackerState(shortLimits)
	for _, c := range randomCommands(3, 60) {
		s.apply(c)
	}
	state := s.snapshot()
	for cut := 1; cut < len(state); cut++ {
		if newTrackerState(shortLimits).restore(state[:cut]) == nil {
			t.Errorf("a snapshot cut to %d of %d bytes is taken", cut, len(state))
		}
	}
	c := command{Verb: renew, Term: 300, N: 7, Tickets: []ID{1, 500}, Key: "key", Text: "text"}
	whole := c.encode()
	for cut := range whole {
		if _, err := decodeCommand(whole[:cut]); err == nil {
			t.Errorf("a command cut to %d of %d bytes is taken", cut, len(whole))
		}
	}
}

// filled is a tracker with n tickets.
func filled(n int) *trackerState {
	s := newTrackerState(TrackerLimits{Tickets: n + 1})
	for i := range n {
		s.apply(command{Verb: create, Key: fmt.Sprintf("c%d-%d", i%7, i)})
	}
	return s
}

// R65: to find and to change a ticket costs the same among a thousand and among a
// million, but for the caches of the machine, which a busy one has less of. A search would
// cost a thousand times more.
func TestTicketsAreFoundWithoutASearch(t *testing.T) {
	cost := func(n int) time.Duration {
		s := filled(n)
		d := rand.New(rand.NewPCG(1, 2))
		const rounds = 20_000
		best := time.Duration(1 << 62)
		for range 3 {
			began := time.Now()
			for range rounds {
				id := ID(1 + d.IntN(n))
				s.query(id, "")
				s.apply(command{Verb: progress, Ticket: id})
			}
			best = min(best, time.Since(began)/rounds)
		}
		return best
	}
	few, many := cost(1_000), cost(1_000_000)
	t.Logf("a lookup and a renewal among 1,000: %v, among 1,000,000: %v", few, many)
	if many > 200*few {
		t.Errorf("among 1,000 tickets it takes %v, among 1,000,000 %v", few, many)
	}
	s := filled(1000)
	if n := testing.AllocsPerRun(100, func() { s.query(7, "") }); n > 0 {
		t.Errorf("a lookup allocates %v times", n)
	}
}

// R67: when all tickets are replaced within a minute, none goes before its time, and
// the memory for them stays what it was.
func TestWorkingSetRotatesEveryMinuteWithoutLoss(t *testing.T) {
	const live, minutes = 20_000, 5
	s := newTrackerState(TrackerLimits{TTL: 30 * time.Second, Lease: 30 * time.Second, Tickets: live})
	finished := map[ID]time.Duration{}
	s.changed = func(c change) {
		switch {
		case c.to == models.TicketFinished:
			finished[c.id] = s.now
		case c.to == models.TicketFailed:
			t.Fatalf("%v was lost", c.id)
		case c.to == models.NoTicket:
			if s.now-finished[c.id] < 30*time.Second {
				t.Fatalf("%v went after %v", c.id, s.now-finished[c.id])
			}
			delete(finished, c.id)
		}
	}
	// A ticket is in progress for half of its time and can be read for the other half.
	var open []ID
	step := time.Minute / live
	for i := range minutes * live {
		at := time.Duration(i) * step
		got, status := s.apply(command{Verb: create, Key: fmt.Sprint(i), At: at})
		if status != OK {
			t.Fatalf("ticket %d at %v: %v among %d", i, at, status, s.tickets.len())
		}
		open = append(open, got.ID)
		if len(open) > live/2-10 {
			s.apply(command{Verb: complete, Ticket: open[0], Text: "r", At: at})
			open = open[1:]
		}
	}
	if len(s.tickets.entries) > live {
		t.Errorf("memory for %d tickets, want at most %d", len(s.tickets.entries), live)
	}
}

func BenchmarkTrackerLookup(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			s := filled(n)
			runtime.GC()
			runtime.ReadMemStats(&after)
			d := rand.New(rand.NewPCG(1, 2))
			for b.Loop() {
				s.query(ID(1+d.IntN(n)), "")
			}
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/float64(n), "B/ticket")
			runtime.KeepAlive(s)
		})
	}
}

// BenchmarkBareLookup is the floor of BenchmarkTrackerLookup: the same walk over a slice
// of pointers to as much memory. What it costs more with more tickets is the cache.
func BenchmarkBareLookup(b *testing.B) {
	for _, n := range []int{10_000, 100_000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			tickets := make([]*[20]uint64, n)
			for i := range tickets {
				tickets[i] = new([20]uint64)
			}
			d := rand.New(rand.NewPCG(1, 2))
			sum := uint64(0)
			for b.Loop() {
				sum += tickets[d.IntN(n)][10]
			}
			runtime.KeepAlive(sum)
		})
	}
}

// BenchmarkTrackerRotation replaces a working set of a million tickets: every step makes
// one ticket and finishes another, and one expires.
func BenchmarkTrackerRotation(b *testing.B) {
	const live = 1_000_000
	s := newTrackerState(TrackerLimits{TTL: 30 * time.Second, Lease: time.Minute, Tickets: live + live/10})
	step, next, done := time.Minute/live, 0, ID(0)
	turn := func() {
		at := time.Duration(next) * step
		next++
		if _, status := s.apply(command{Verb: create, Key: fmt.Sprint(next), At: at}); status != OK {
			b.Fatal(status)
		}
		if next > live/2 {
			done++
			s.apply(command{Verb: complete, Ticket: done, Text: "result", At: at})
		}
	}
	for range live {
		turn()
	}
	for b.Loop() {
		turn()
	}
	b.ReportMetric(float64(s.tickets.len()), "tickets")
}
