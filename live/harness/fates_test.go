//go:build linux

package harness_test

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/live/harness"
	"github.com/simrun/simrun/scenarios"
	"github.com/simrun/simrun/sim"
)

// got is the fact that a numbered message has come.
type got struct{ N int }

func init() { actors.Facts("harness_test", got{}) }

// sent is the point that a client of numbered reaches with each message.
const sent = "harness.sent"

// numbered is a client that sends as many numbered messages to a server, with a pause
// after each; if there is one, it begins when the server has answered. It is over when the
// server has got the last one, or some, and then none for a while.
func numbered(name string, count int, pause time.Duration) sim.Scenario {
	s := named(name, system(
		actors.Host{Name: "c0"},
		actors.Host{
			Name: "server",
			Actors: []actors.ActorDef{{Name: "actor", New: func(env actors.Env) actor.Actor {
				arrived, last := 0, "no"
				return actor.ReceiveFunc(func(ctx actor.Context) {
					switch msg := ctx.Message().(type) {
					case ping:
						if arrived++; msg.N == count-1 {
							last = "yes"
						}
						env.Note(got{msg.N})
					case *pong:
						ctx.Respond(&pong{N: arrived, Host: last})
					}
				})
			}}},
			Programs: []actors.ProgramDef{{Name: "wait", Run: func(env actors.Env) error {
				for arrived, changed := 0, env.Clock.Now(); ; env.Clock.Sleep(silence / 10) {
					reply, err := env.Request(env.PID("server/actor"), &pong{}, 0)
					if err != nil {
						return err
					}
					r := reply.(*pong)
					if r.N != arrived {
						arrived, changed = r.N, env.Clock.Now()
					}
					quiet := env.Clock.Now() - changed
					if r.Host == "yes" && quiet > silence || arrived > 0 && quiet > 10*silence {
						return nil
					}
				}
			}}},
		},
	))
	s.Workload = sim.Workload{
		Generate: func(*faults.Draw, sim.Knobs) (ops []sim.Op) {
			for n := range count {
				ops = append(ops, sim.Op{Client: "c0", N: n + 1, Do: scenarios.Sleep{For: pause}})
			}
			return ops
		},
		Parse: parseSleep,
		Client: func(env actors.Env, _ *linearizability.Recorder) func(sim.Op) error {
			connected := pause == 0
			return func(op sim.Op) error {
				if !connected { // a fault is to meet messages, and no connection that begins
					connected = true
					if _, err := env.Request(env.PID("server/actor"), &pong{}, 0); err != nil {
						return err
					}
				}
				env.Note(actors.Point(sent))
				env.Send(env.PID("server/actor"), ping{op.N - 1})
				if pause > 0 {
					env.Clock.Sleep(pause)
				}
				return nil
			}
		},
	}
	s.Profile.Span = time.Minute // until everything heals, unless the programs end before
	return s
}

const (
	atOnceMany, bySteps = 400, 90
	// silence is longer than a message of these tests is late; nothing else may come after
	// the last one. If that is lost, ten times as long is the end.
	silence = 250 * time.Millisecond
)

func atOnce() sim.Scenario   { return numbered("at-once", atOnceMany, 0) }
func stepwise() sim.Scenario { return numbered("step-by-step", bySteps, 5*time.Millisecond) }

// fourWays runs a plan in one process and in processes, plainly and with TLS, all at the
// same time.
func fourWays(t *testing.T, s sim.Scenario, p sim.Plan, withFaults bool, check func(t *testing.T, r *sim.Result)) {
	t.Helper()
	ways := []struct {
		name  string
		start func() *exec.Cmd
		certs string
		*sim.Result
		error
	}{
		{name: "together"}, {name: "processes", start: startHost},
		{name: "together, TLS", certs: "certs"}, {name: "processes, TLS", start: startHost, certs: "certs"},
	}
	var runs sync.WaitGroup
	for i := range ways {
		way := &ways[i]
		o := harness.Options{Faults: withFaults, Process: way.start}
		if way.certs != "" {
			o.Certs = filepath.Join(t.TempDir(), way.certs)
		}
		runs.Go(func() { way.Result, way.error = harness.Run(t.Context(), s, p, o) })
	}
	runs.Wait()
	for _, way := range ways {
		t.Run(way.name, func(t *testing.T) {
			if way.error != nil {
				t.Fatal(way.error)
			}
			mustPass(t, way.Result)
			check(t, way.Result)
		})
	}
}

// manners are occurrences of sent of which the faults of links differ in their manner,
// which is drawn for each fault.
var manners = []int{12, 13}

// arrivals are the numbers that have come, in their order, and when.
func arrivals(r *sim.Result) (numbers []int, at []time.Duration) {
	for _, n := range r.Notes {
		if f, ok := n.Fact.(got); ok {
			numbers, at = append(numbers, f.N), append(at, n.At)
		}
	}
	return numbers, at
}

// times counts how often each number has come.
func times(numbers []int) map[int]int {
	all := map[int]int{}
	for _, n := range numbers {
		all[n]++
	}
	return all
}

// Which messages are lost and doubled follows from the plan, wherever the hosts are and
// whatever the connections; the counters and the actors see the same.
func TestFatesOfMessagesFollowFromThePlan(t *testing.T) {
	t.Parallel()
	s := atOnce()
	var first map[int]int
	for _, seed := range []uint64{1, 1, 2} {
		p := sim.NewPlan(s, seed)
		p.Net = faults.Net{DelayMax: time.Millisecond, Drop: 100, Duplicate: 100, Late: 100, LateMax: 50 * time.Millisecond}
		var same map[int]int
		fourWays(t, s, p, true, func(t *testing.T, r *sim.Result) {
			numbers, _ := arrivals(r)
			now := times(numbers)
			if same == nil {
				same = now
			}
			if !maps.Equal(now, same) {
				t.Errorf("seed %d: other messages were lost or doubled", seed)
			}
			lost, doubled := atOnceMany-len(now), len(numbers)-len(now)
			if int64(lost) != r.Stats.Dropped || int64(doubled) != r.Stats.Duplicated || r.Stats.Sent != atOnceMany || r.Stats.Messages != int64(len(numbers)) {
				t.Errorf("%d lost, %d doubled; counted %+v", lost, doubled, r.Stats)
			}
			if least := atOnceMany / 20; lost < least || doubled < least {
				t.Errorf("%d lost, %d doubled", lost, doubled)
			}
			if slices.IsSorted(numbers) {
				t.Error("no message came after a later one")
			}
		})
		if first == nil {
			first = same
		}
		if alike := maps.Equal(first, same); alike != (seed == 1) {
			t.Errorf("seed %d has the fates of seed 1: %v", seed, alike)
		}
	}
}

func TestNothingIsLostWithoutFaults(t *testing.T) {
	t.Parallel()
	s := atOnce()
	p := sim.NewPlan(s, 1)
	p.Net = faults.Net{DelayMax: time.Second, Drop: 500, Duplicate: 500}
	p.Faults = faults.Schedule{{Kind: faults.Cut, Hosts: []string{"c0"}, Others: []string{"server"}}}
	fourWays(t, s, p, false, func(t *testing.T, r *sim.Result) {
		numbers, _ := arrivals(r)
		if len(numbers) != atOnceMany || !slices.IsSorted(numbers) || len(times(numbers)) != atOnceMany {
			t.Errorf("received %v", numbers)
		}
		if c := r.Stats; c.Sent != atOnceMany || c.Messages != atOnceMany || c.Dropped != 0 || c.Duplicated != 0 {
			t.Errorf("%+v", c)
		}
	})
}

// The actors see what a fault of one message does to one message, and it is counted once.
// One whose message is never sent does nothing.
func TestFaultOfOneMessageMeetsOneMessage(t *testing.T) {
	t.Parallel()
	const later = 100 * time.Millisecond
	s := stepwise()
	for _, f := range []faults.Fault{
		{Kind: faults.DropMessage, Message: "harness.ping", Count: 7, Hosts: []string{"c0"}, Others: []string{"server"}},
		{Kind: faults.Replay, Message: "harness.ping", Count: 7, Hosts: []string{"c0"}, Others: []string{"server"}, For: later},
	} {
		another, back := f, f
		another.Message, back.Hosts, back.Others = "harness.pong", f.Others, f.Hosts
		p := sim.NewPlan(s, 1)
		p.Net, p.Faults = faults.Net{}, faults.Schedule{another, f, back}
		fourWays(t, s, p, true, func(t *testing.T, r *sim.Result) {
			if fired := r.Stats.Faults[f.Kind.String()].Fired; fired != 1 || len(r.Applied) != 1 || r.Applied[0].Text != f.String() {
				t.Errorf("%d times, applied %v", fired, r.Applied)
			}
			numbers, _ := arrivals(r)
			c := times(numbers)
			lost, again := bySteps-len(c), len(numbers)-len(c)
			if f.Kind == faults.DropMessage {
				if lost != 1 || again != 0 || r.Stats.Dropped != 1 {
					t.Errorf("%d lost, %d came again", lost, again)
				}
				return
			}
			if lost != 0 || again != 1 || r.Stats.Duplicated != 1 {
				t.Fatalf("%d lost, %d came again", lost, again)
			}
			for n, often := range c {
				if often == 1 {
					continue
				}
				if first := slices.Index(numbers, n); first < 0 || numbers[first+1] == n {
					t.Errorf("the second one came at once: %v", numbers)
				}
			}
		})
	}
}

// What cuts a link loses messages or holds them up; in both cases it is over when it is
// over.
func TestCutLinkIsSilentUntilItIsMended(t *testing.T) {
	t.Parallel()
	const during = 100 * time.Millisecond
	s := stepwise()
	lossy, held := 0, 0
	for _, nth := range manners {
		p := sim.NewPlan(s, 1)
		p.Net, p.Faults = faults.Net{}, faults.Schedule{{Point: sent, Nth: nth, Host: "c0", Kind: faults.Cut, Hosts: []string{"c0"}, Others: []string{"server"}, For: during}}
		fourWays(t, s, p, true, func(t *testing.T, r *sim.Result) {
			numbers, at := arrivals(r)
			gap, last := time.Duration(0), r.Applied[0].From
			for _, a := range at {
				gap, last = max(gap, a-last), max(last, a)
			}
			if gap < during/2 || numbers[len(numbers)-1] != bySteps-1 ||
				int64(bySteps-len(numbers)) != r.Stats.Dropped {
				t.Errorf("%d of %d messages came, none for %v; %+v", len(numbers), bySteps, gap, r.Stats)
			}
			if r.Stats.Dropped > 0 {
				lossy++
			} else {
				held++
			}
		})
	}
	if lossy == 0 || held == 0 {
		t.Errorf("%d cuts lost messages, %d held them up", lossy, held)
	}
}

// Whether a reset breaks the connection or leaves one end believing in it: it costs what
// was on its way, and nothing that comes later.
func TestResetCostsWhatIsOnItsWay(t *testing.T) {
	t.Parallel()
	s := stepwise()
	for _, nth := range manners {
		p := sim.NewPlan(s, 1)
		p.Net, p.Faults = faults.Net{}, faults.Schedule{{Point: sent, Nth: nth, Host: "c0", Kind: faults.Reset, Hosts: []string{"c0"}, Others: []string{"server"}}}
		fourWays(t, s, p, true, func(t *testing.T, r *sim.Result) {
			numbers, _ := arrivals(r)
			if len(r.Applied) != 1 || len(numbers) == bySteps || numbers[len(numbers)-1] != bySteps-1 {
				t.Errorf("applied %v: %d of %d messages came: %v", r.Applied, len(numbers), bySteps, numbers)
			}
		})
	}
}

// A slow host runs by turns: it does not notice the time between them.
func TestSlowHostRunsByTurns(t *testing.T) {
	t.Parallel()
	const factor, during = 50, 400 * time.Millisecond
	s := stepwise()
	p := sim.NewPlan(s, 1)
	p.Net, p.Faults = faults.Net{}, faults.Schedule{{Point: sent, Nth: 10, Host: "c0", Kind: faults.Slow, Factor: factor, For: during}}
	bothWays(t, s, p, func(t *testing.T, r *sim.Result) {
		mustPass(t, r)
		if t.Name() == "TestSlowHostRunsByTurns/together" {
			if len(r.Applied) > 0 {
				t.Errorf("applied %v", r.Applied)
			}
			return
		}
		numbers, at := arrivals(r)
		if len(r.Applied) != 1 || len(numbers) != bySteps {
			t.Fatalf("applied %v, %d messages came", r.Applied, len(numbers))
		}
		// A turn is 15 ms, and a message takes 5 ms and one or two turns.
		began, turns, steps := r.Applied[0].From, int(during/(factor*300*time.Microsecond)), 0
		for _, a := range at {
			if began < a && a < began+during {
				steps++
			}
		}
		if steps > turns+5 || r.Applied[0].To < began+during {
			t.Errorf("%d messages in %d turns; applied %v", steps, turns, r.Applied)
		}
	})
}

// Issue 5: a scenario with faults passes over TLS as it does without; LIVE_LONG=1 has more
// of them.
func TestScenariosPassWithFaultsOverTLS(t *testing.T) {
	t.Parallel()
	names := []string{"store/calm"}
	if os.Getenv("LIVE_LONG") != "" {
		names = append(names, "store/window", "store/chaos", "group/chaos", "tickets/hybrid", "primes/plain")
	}
	for _, name := range names {
		s := catalogued(t, name)
		p := harness.Plan(s, 1, true, true)
		fourWays(t, s, p, true, func(t *testing.T, r *sim.Result) {
			if len(r.Applied) == 0 || r.Stats.Messages == 0 {
				t.Errorf("%s: applied %v, %+v", name, r.Applied, r.Stats)
			}
		})
	}
}

// Certificates of a run are in the folder that was named, one for each host.
func TestCertificatesOfARunAreItsOwn(t *testing.T) {
	s := system(server(echo), program("c0", pings))
	dir := filepath.Join(t.TempDir(), "certs")
	r, err := harness.Run(t.Context(), s, sim.NewPlan(s, 1), harness.Options{Certs: dir})
	if err != nil {
		t.Fatal(err)
	}
	mustPass(t, r)
	for _, name := range []string{"ca", "server", "c0"} {
		for _, end := range []string{"pem", "key"} {
			if found, err := filepath.Glob(filepath.Join(dir, fmt.Sprintf("%s.%s", name, end))); err != nil || len(found) != 1 {
				t.Errorf("%s.%s: %v, %v", name, end, found, err)
			}
		}
	}
}
