package sim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
)

// A numbered message is sent every millisecond, so what a fault does to the stream
// of them shows what the fault does.
type numbered struct{ N int }

// An arrival is the fact that a host received a number; Now and Wall are what its
// clocks say.
type arrival struct {
	N    int
	From string
	Now  time.Duration
	Wall time.Time
	Boot uint64
}

func init() { actors.Message("simtest.numbered", numbered{}) }

const streamLength = 100

// streams has every one of the hosts send a stream to every other.
func streams(hosts ...string) Scenario {
	var defs []actors.Host
	for _, name := range hosts {
		defs = append(defs, actors.Host{
			Name: name,
			Actors: []actors.ActorDef{{Name: "sink", New: func(env actors.Env) actor.Actor {
				return actor.ReceiveFunc(func(ctx actor.Context) {
					if m, ok := ctx.Message().(numbered); ok {
						env.Note(arrival{m.N, ctx.Sender().Address, env.Clock.Now(), env.Clock.Wall(), env.Boot})
					}
				})
			}}, {Name: "source", New: func(env actors.Env) actor.Actor {
				n := 0
				return actor.ReceiveFunc(func(ctx actor.Context) {
					switch ctx.Message().(type) {
					case *actor.Started, tock:
						for _, to := range hosts {
							if to != env.Host && n > 0 {
								ctx.Request(env.PID(to+"/sink"), numbered{n})
							}
						}
						if n++; n <= streamLength {
							env.Clock.After(time.Millisecond, tock{})
						}
					}
				})
			}}},
		})
	}
	defs = append(defs, actors.Host{Name: "clock", Programs: mainOf(func(env actors.Env) error {
		env.Clock.Sleep(time.Second)
		return nil
	})})
	return scenarioOf("test/streams", defs...)
}

type tock struct{}

// A seen is one arrival with its place and time.
type seen struct {
	arrival
	at time.Duration
}

// streamsUnder runs the streams with the faults, one a line, and returns what each
// host saw.
func streamsUnder(t *testing.T, net faults.Net, text string, hosts ...string) (map[string][]seen, *Result) {
	t.Helper()
	s := streams(hosts...)
	p := planOf(7)
	p.Net = net
	for line := range strings.Lines(text) {
		f, err := faults.ParseFault(line[:len(line)-1])
		if err != nil {
			t.Fatal(err)
		}
		p.Faults = append(p.Faults, f)
	}
	r := Run(s, p)
	if r.Verdict != Pass {
		t.Fatalf("%v %s: %v", r.Verdict, r.Check, r.Err)
	}
	out := map[string][]seen{}
	for _, n := range r.Notes {
		if a, ok := n.Fact.(arrival); ok {
			out[n.Host] = append(out[n.Host], seen{a, n.At})
		}
	}
	return out, r
}

// numbersFrom lists what came from a host, in the order of arrival.
func numbersFrom(list []seen, host string) (numbers []int) {
	for _, s := range list {
		if s.From == host {
			numbers = append(numbers, s.N)
		}
	}
	return numbers
}

func upTo(n int) (all []int) {
	for i := 1; i <= n; i++ {
		all = append(all, i)
	}
	return all
}

var steady = faults.Net{DelayMin: 500 * time.Microsecond, DelayMax: 500 * time.Microsecond}

func within(at, from, to time.Duration) bool { return at > from && at < to }

func TestPauseFreezesAHostAndLosesNothing(t *testing.T) {
	got, _ := streamsUnder(t, steady, "20ms pause b for 30ms\n", "a", "b")
	for _, s := range got["b"] {
		if within(s.at, 20*time.Millisecond, 50*time.Millisecond) {
			t.Fatalf("b received %d at %v, when it was paused", s.N, s.at)
		}
	}
	if n := numbersFrom(got["b"], "a"); !slices.Equal(n, upTo(streamLength)) {
		t.Errorf("b received %v", n)
	}
	// Its own timer waits too, its clock does not.
	for _, s := range got["a"] {
		if within(s.at, 21*time.Millisecond, 50*time.Millisecond) {
			t.Fatalf("a received %d at %v from b, which was paused", s.N, s.at)
		}
	}
	if last := got["b"][len(got["b"])-1]; last.Now != last.at {
		t.Errorf("at %v the clock of b says %v", last.at, last.Now)
	}
}

func TestPauseAtAPointFreezesWhatComesAfterIt(t *testing.T) {
	var before, after time.Duration
	s := diskScenario(func(env actors.Env) error {
		env.Clock.Sleep(time.Millisecond)
		before = env.Clock.Now()
		env.Note(actors.Point("here"))
		after = env.Clock.Now()
		return nil
	})
	p := planOf(1)
	p.Faults = faults.Schedule{{Point: "here", Nth: 1, Host: "h", Kind: faults.Pause, For: 40 * time.Millisecond}}
	if r := Run(s, p); r.Verdict != Pass || after-before != 40*time.Millisecond {
		t.Errorf("%v; the point was at %v, and what follows it at %v", r.Verdict, before, after)
	}
}

func TestCrashOfAPausedHostLosesWhatWaited(t *testing.T) {
	got, _ := streamsUnder(t, steady, "20ms pause b for 30ms\n30ms crash b for 5ms\n", "a", "b")
	numbers := numbersFrom(got["b"], "a")
	if len(numbers) < 75 || len(numbers) > 90 || slices.Contains(numbers, 25) {
		t.Errorf("b received %d of %d: %v", len(numbers), streamLength, numbers)
	}
}

func TestSlowHostTakesFactorTimesItsServiceTime(t *testing.T) {
	// Two streams of one message a millisecond, and each message takes 20 us x 20.
	got, _ := streamsUnder(t, steady, "20ms slow b by 20 for 30ms\n", "a", "b", "c")
	apart := func(from, to time.Duration) time.Duration {
		least := time.Hour
		var last time.Duration
		for _, s := range got["b"] {
			if within(s.at, from, to) && last > 0 {
				least = min(least, s.at-last)
			}
			last = s.at
		}
		return least
	}
	if fast, slow := apart(0, 20*time.Millisecond), apart(21*time.Millisecond, 50*time.Millisecond); fast != 0 || slow != 400*time.Microsecond {
		t.Errorf("two messages that arrive together are received %v apart, and %v by a slow host", fast, slow)
	}
}

func TestRingLeavesEverybodyItsNeighbours(t *testing.T) {
	got, _ := streamsUnder(t, steady, "0s ring a,b,c,d for 50ms\n", "a", "b", "c", "d")
	for _, pair := range []struct {
		from, to string
		sees     bool
	}{{"a", "b", true}, {"a", "c", false}, {"a", "d", true}, {"c", "a", false}, {"b", "d", false}} {
		if early := slices.Contains(numbersFrom(got[pair.to], pair.from), 25); early != pair.sees {
			t.Errorf("%s sees number 25 of %s: %v", pair.to, pair.from, early)
		}
		if !slices.Contains(numbersFrom(got[pair.to], pair.from), 75) {
			t.Errorf("after the ring %s does not see %s", pair.to, pair.from)
		}
	}
}

func TestClogHoldsBackAndThenDeliversAllInOrder(t *testing.T) {
	got, _ := streamsUnder(t, steady, "20ms clog a > b for 30ms\n", "a", "b", "c")
	if n := numbersFrom(got["b"], "a"); !slices.Equal(n, upTo(streamLength)) {
		t.Errorf("b received %v", n)
	}
	for _, s := range got["b"] {
		if s.From == "a" && within(s.at, 21*time.Millisecond, 50*time.Millisecond) {
			t.Fatalf("number %d passed the clog at %v", s.N, s.at)
		}
	}
	if n := numbersFrom(got["a"], "b"); !slices.Equal(n, upTo(streamLength)) || got["a"][30].at > 25*time.Millisecond {
		t.Errorf("the other direction is clogged too: %v", n)
	}
}

func TestSwizzleDelaysAndLosesNothing(t *testing.T) {
	got, _ := streamsUnder(t, steady, "20ms swizzle a,b,c for 40ms\n", "a", "b", "c")
	for _, to := range []string{"a", "b", "c"} {
		late := 0
		for _, s := range got[to] {
			if s.at > time.Duration(s.N)*time.Millisecond+2*time.Millisecond {
				late++
			}
		}
		if len(got[to]) != 2*streamLength || late < 10 {
			t.Errorf("%s received %d messages, %d of them late", to, len(got[to]), late)
		}
	}
}

func TestResetLosesWhatIsOnItsWay(t *testing.T) {
	slow := faults.Net{DelayMin: 10 * time.Millisecond, DelayMax: 10 * time.Millisecond}
	got, _ := streamsUnder(t, slow, "50500us reset a | b\n", "a", "b")
	for to, from := range map[string]string{"b": "a", "a": "b"} {
		want := slices.Concat(upTo(40), upTo(streamLength)[50:])
		if n := numbersFrom(got[to], from); !slices.Equal(n, want) {
			t.Errorf("%s received %v", to, n)
		}
	}
}

func TestDropMessageLosesOneAndCountsItThen(t *testing.T) {
	got, r := streamsUnder(t, steady, "20500us drop-message simtest.numbered#3 a > b\n50ms drop-message no.such#1 a > b\n", "a", "b")
	want := slices.Concat(upTo(22), upTo(streamLength)[23:])
	if n := numbersFrom(got["b"], "a"); !slices.Equal(n, want) {
		t.Errorf("b received %v", n)
	}
	if c := r.Stats.Faults["drop-message"]; c.Fired != 1 || r.Applied[0].From < 22*time.Millisecond {
		t.Errorf("counted %+v: %+v", c, r.Applied)
	}
}

func TestReplayedMessageArrivesAgainWhenItIsOld(t *testing.T) {
	got, r := streamsUnder(t, steady, "20500us replay simtest.numbered#3 a > b for 40ms\n", "a", "b")
	numbers := numbersFrom(got["b"], "a")
	want := slices.Concat(upTo(62), []int{23}, upTo(streamLength)[62:])
	if !slices.Equal(numbers, want) {
		t.Errorf("b received %v", numbers)
	}
	if c := r.Stats.Faults["replay"]; c.Fired != 1 {
		t.Errorf("counted %+v", c)
	}
}

// "all" on both sides is the messages of any two servers to each other: which links
// the fault is about need not be known.
func TestMessageOfAnyServersIsLost(t *testing.T) {
	got, r := streamsUnder(t, steady, "20500us drop-message simtest.numbered#3 all > all\n50ms drop-message no.such#1 a > b\n", "a", "b")
	lost := 2*streamLength - len(numbersFrom(got["b"], "a")) - len(numbersFrom(got["a"], "b"))
	if c := r.Stats.Faults["drop-message"]; c.Fired != 1 || lost != 1 {
		t.Errorf("%d messages were lost, counted %+v", lost, c)
	}
}

func TestClockStepMovesTheWallAndNothingElse(t *testing.T) {
	got, _ := streamsUnder(t, steady, "20ms clock-step b by -1h0m0s\n", "a", "b")
	for _, s := range got["b"] {
		ahead := s.Wall.Sub(wallEpoch) - s.at
		if want := map[bool]time.Duration{true: -time.Hour}[s.at >= 20*time.Millisecond]; ahead != want || s.Now != s.at {
			t.Fatalf("at %v the wall clock is ahead by %v, and Now is %v", s.at, ahead, s.Now)
		}
	}
}

func TestOffsetIsAHostsOwnAndBounded(t *testing.T) {
	net := steady
	net.Offset = time.Minute
	got, _ := streamsUnder(t, net, "", "a", "b")
	a, b := got["a"][0].Wall.Sub(wallEpoch), got["b"][0].Wall.Sub(wallEpoch)
	if a == b || max(a.Abs(), b.Abs()) > net.Offset+time.Second {
		t.Errorf("the wall clocks are ahead by %v and %v", a, b)
	}
}

func TestJitterMakesTimersLateAndNeverEarly(t *testing.T) {
	net := steady
	net.Jitter = 500
	got, _ := streamsUnder(t, net, "", "a", "b")
	last := got["b"][streamLength-1].at
	if last < streamLength*1100*time.Microsecond || last > streamLength*1500*time.Microsecond+steady.DelayMax {
		t.Errorf("%d timers of 1ms, each up to half late, end at %v", streamLength, last)
	}
}

func TestDestroyedHostStaysAwayWhenEverythingHeals(t *testing.T) {
	got, r := streamsUnder(t, steady, "20ms destroy b\n", "a", "b")
	if n := len(numbersFrom(got["b"], "a")); n > 20 {
		t.Errorf("b received %d messages", n)
	}
	lost := slices.ContainsFunc(r.Notes, func(n Note) bool {
		f, ok := n.Fact.(DiskLost)
		return ok && n.Host == "b" && f == DiskLost{Boot: 1, Why: "destroy"}
	})
	if !lost {
		t.Error("the loss of the disk is not noted")
	}
}

func TestHealEndsWhatIsInEffect(t *testing.T) {
	got, r := streamsUnder(t, steady, "10ms isolate a\n10ms crash c\n10ms pause b\n30ms heal\n60ms isolate a for 10ms\n", "a", "b", "c")
	numbers := numbersFrom(got["b"], "a")
	if slices.Contains(numbers, 25) || !slices.Contains(numbers, 50) || slices.Contains(numbers, 65) || !slices.Contains(numbers, 75) {
		t.Errorf("b received %v from a", numbers)
	}
	if n := got["c"]; len(n) == 0 || n[len(n)-1].Boot != 2 {
		t.Error("c is not started again")
	}
	if fmt.Sprint(r.Applied[0].To) != "30ms" {
		t.Errorf("the first fault ended at %v", r.Applied[0].To)
	}
}

func TestFullLinkDrops(t *testing.T) {
	slow := faults.Net{DelayMin: 10 * time.Millisecond, DelayMax: 10 * time.Millisecond, Capacity: 4}
	got, r := streamsUnder(t, slow, "", "a", "b")
	if n := numbersFrom(got["b"], "a"); len(n) < 35 || len(n) > 45 || !slices.Equal(n[:4], upTo(4)) {
		t.Errorf("b received %v", n)
	}
	if c := r.Stats.Faults["capacity"]; c.Fired < 100 {
		t.Errorf("counted %+v", c)
	}
}

func TestCorruptFramesAreNoticedAndLost(t *testing.T) {
	net := steady
	net.Corrupt = 300
	for seed := range 20 {
		s := streams("a", "b")
		p := planOf(uint64(seed))
		p.Net = net
		r := Run(s, p)
		if c := r.Stats.Faults["corrupt"]; r.Verdict != Pass || c.Fired < 30 || int(r.Stats.Dropped) != c.Fired {
			t.Fatalf("%v %v: %+v corrupt, %d dropped", r.Verdict, r.Err, c, r.Stats.Dropped)
		}
	}
}

func TestFaultsWaitForTheWarmUp(t *testing.T) {
	s := registers("simtest/register", true)
	p := NewPlan(s, 3)
	p.WarmUp = 5
	p.Faults = faults.Schedule{{At: time.Millisecond, Kind: faults.Crash, Hosts: []string{"server"}, For: time.Millisecond}}
	r := Run(s, p)
	returned := 0
	for _, op := range r.History.Operations {
		if len(r.Applied) > 0 && op.Return < r.noteOf(t, r.Applied[0].Text) {
			returned++
		}
	}
	if returned < 5 {
		t.Errorf("%d operations were answered before the first fault: %+v", returned, r.Applied)
	}
}

// noteOf returns when, in the order of events, a fault began.
func (r *Result) noteOf(t *testing.T, text string) int64 {
	t.Helper()
	for _, n := range r.Notes {
		if n.Fact == (FaultBegan{Text: text}) {
			return n.Seq
		}
	}
	t.Fatalf("%s is not noted", text)
	return 0
}
