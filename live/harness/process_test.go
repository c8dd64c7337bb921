//go:build linux

package harness_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/examples/register"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/live/harness"
	"github.com/simrun/simrun/scenarios"
	"github.com/simrun/simrun/sim"
)

// asProcess is set in the environment of this test when it is a host, or a run of its
// own that somebody means to kill.
const asProcess = "HARNESS_PROCESS"

func TestMain(m *testing.M) {
	switch what := os.Getenv(asProcess); what {
	case "":
		os.Exit(m.Run())
	case "host":
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		if err := harness.Host(ctx, processScenarios()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	default: // the folder of a run
		s := napping()
		if _, err := harness.Run(context.Background(), s, sim.NewPlan(s, 1), harness.Options{Dir: what, Process: startHost}); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// startHost starts this test again, as a host.
func startHost() *exec.Cmd {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = append(os.Environ(), asProcess+"=host")
	return cmd
}

// processScenarios are all that run as processes here.
func processScenarios() []sim.Scenario {
	return append(scenarios.All(), register.Scenario(register.Durable), napping(), ends("exits"), ends("panics"), ends("mumbles"), counting(), atOnce(), stepwise())
}

// named gives a scenario a name of its own: a process finds it by that.
func named(name string, s sim.Scenario) sim.Scenario {
	s.Name = "harness/" + name
	return s
}

type unregistered struct{ N int }

// ends is a server that ends in some way when it is asked.
func ends(how string) sim.Scenario {
	return named(how, system(program("c0", ask), server(receiver(func(env actors.Env, ctx actor.Context) {
		if _, ok := ctx.Message().(ping); !ok {
			return
		}
		switch how {
		case "exits":
			fmt.Println("good", "bye")
			os.Exit(7)
		case "panics":
			panic("boom")
		case "mumbles":
			env.Note(unregistered{})
		}
	}))))
}

// napping is two hosts that leave their process ids on their disks and wait for ever.
func napping() sim.Scenario {
	nap := func(env actors.Env) error {
		if err := env.Disk.WriteFile("pid", []byte(strconv.Itoa(os.Getpid()))); err != nil {
			return err
		}
		env.Clock.Sleep(time.Hour)
		return nil
	}
	return named("napping", system(program("c0", nap), program("c1", nap)))
}

type (
	counted struct{ N int }
	lived   struct{ Boot uint64 }
)

func init() { actors.Facts("harness_test", counted{}, lived{}) }

// counting is a client that says which of its operations it carries out, and in which
// of its lives.
func counting() sim.Scenario {
	s := named("counting", system(actors.Host{Name: "c0"}, server(silent)))
	s.Profile = faults.Profile{Servers: []string{"server"}, Clients: []string{"c"}}
	s.Workload = sim.Workload{
		Generate: func(*faults.Draw, sim.Knobs) (ops []sim.Op) {
			for n := range 30 {
				ops = append(ops, sim.Op{Client: "c0", N: n + 1, Do: scenarios.Sleep{For: 20 * time.Millisecond}})
			}
			return ops
		},
		Parse: parseSleep,
		Client: func(env actors.Env, rec *linearizability.Recorder) func(sim.Op) error {
			env.Note(lived{env.Boot})
			return func(op sim.Op) error {
				env.Note(counted{op.N})
				env.Clock.Sleep(op.Do.(scenarios.Sleep).For)
				return nil
			}
		},
	}
	return s
}

func parseSleep(text string) (fmt.Stringer, error) {
	d, err := time.ParseDuration(strings.TrimPrefix(text, "sleep "))
	return scenarios.Sleep{For: d}, err
}

// bothWays runs a plan in one process and as processes.
func bothWays(t *testing.T, s sim.Scenario, p sim.Plan, check func(t *testing.T, r *sim.Result)) {
	for name, start := range map[string]func() *exec.Cmd{"together": nil, "processes": startHost} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := harness.Run(t.Context(), s, p, harness.Options{Faults: true, Process: start})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%v, %s: %v; faults %v, %d notes, %v", r.Verdict, r.Check, r.Err, r.Stats.Faults, len(r.Notes), r.Stats.Virtual)
			check(t, r)
		})
	}
}

func mustPass(t *testing.T, r *sim.Result) {
	if r.Verdict != sim.Pass {
		t.Errorf("%v, %s: %v", r.Verdict, r.Check, r.Err)
	}
}

// The scenarios that issue 5 names; LIVE_LONG=1 has them all.
func TestScenariosPassInBothWays(t *testing.T) {
	t.Parallel()
	names := []string{"store/calm"}
	if os.Getenv("LIVE_LONG") != "" {
		names = append(names, "store/unwaited", "store/window", "store/friends", "store/chaos", "store/power-loss", "tickets/plain", "tickets/hybrid", "primes/plain")
	}
	for _, name := range names {
		s := catalogued(t, name)
		t.Run(name, func(t *testing.T) {
			bothWays(t, s, harness.Plan(s, 1, true, false), func(t *testing.T, r *sim.Result) {
				mustPass(t, r)
				if r.Stats.Messages == 0 || len(r.Notes) == 0 {
					t.Errorf("%+v", r.Stats)
				}
			})
		})
	}
}

func TestKilledServerComesBackWithItsDisk(t *testing.T) {
	t.Parallel()
	s := register.Scenario(register.Durable)
	p := sim.NewPlan(s, 3)
	p.WarmUp, p.Net, p.Faults = 2, faults.Net{}, nil
	for i := range 4 {
		p.Faults = append(p.Faults, faults.Fault{At: time.Duration(i) * 60 * time.Millisecond, Kind: faults.Crash, Hosts: []string{"server"}, For: 20 * time.Millisecond})
	}
	for i := range p.Ops {
		p.Ops[i].N = i/2 + 1
	}
	bothWays(t, s, p, func(t *testing.T, r *sim.Result) {
		mustPass(t, r)
		var boots []uint64
		for _, n := range r.Notes {
			if f, ok := n.Fact.(sim.Down); ok && n.Host == "server" {
				boots = append(boots, f.Boot)
			}
		}
		if len(boots) == 0 || !slices.IsSorted(boots) || len(slices.Compact(boots)) != r.Stats.Faults["crash"].Fired {
			t.Errorf("ended boots %v, faults %v", boots, r.Stats.Faults)
		}
		if len(r.Applied) != len(boots) || r.Applied[0].From < r.Stats.WarmUp {
			t.Errorf("applied %v, warm after %v", r.Applied, r.Stats.WarmUp)
		}
	})
}

// What a client had begun before it died is not begun again.
func TestClientComesBackWithWhatItHadNotBegun(t *testing.T) {
	t.Parallel()
	s := counting()
	p := sim.NewPlan(s, 1)
	p.Faults = faults.Schedule{{At: 100 * time.Millisecond, Kind: faults.Crash, Hosts: []string{"c0"}, For: 50 * time.Millisecond, Programs: true}}
	bothWays(t, s, p, func(t *testing.T, r *sim.Result) {
		mustPass(t, r)
		last, boots := 0, []uint64{}
		for _, n := range r.Notes {
			switch f := n.Fact.(type) {
			case counted:
				if f.N != last+1 && !(len(boots) == 2 && f.N == last+2) {
					t.Errorf("operation %d follows operation %d", f.N, last)
				}
				last = f.N
			case lived:
				boots = append(boots, f.Boot)
			}
		}
		if last != len(p.Ops) || len(boots) != 2 || boots[0] >= boots[1] {
			t.Errorf("%d operations in lives %v", last, boots)
		}
		if r.Stats.Faults["client-crash"].Fired != 1 {
			t.Errorf("faults %v", r.Stats.Faults)
		}
	})
}

func TestPauseHoldsAProcessUp(t *testing.T) {
	t.Parallel()
	const pause = 300 * time.Millisecond
	s := counting()
	p := sim.NewPlan(s, 1)
	p.Faults = faults.Schedule{{At: 100 * time.Millisecond, Kind: faults.Pause, Hosts: []string{"c0"}, For: pause}}
	bothWays(t, s, p, func(t *testing.T, r *sim.Result) {
		mustPass(t, r)
		gap, last := time.Duration(0), time.Duration(0)
		for _, n := range r.Notes {
			if _, ok := n.Fact.(counted); ok {
				if last > 0 {
					gap = max(gap, n.At-last)
				}
				last = n.At
			}
		}
		if paused := r.Stats.Faults["pause"].Fired == 1; paused && gap < pause/2 {
			t.Errorf("the longest time between two operations is %v, the pause was %v", gap, pause)
		} else if t.Name() == "TestPauseHoldsAProcessUp/processes" != paused {
			t.Errorf("faults %v", r.Stats.Faults)
		}
	})
}

func TestProcessThatFailsIsFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		s      sim.Scenario
		check  string
		reason string
	}{
		{ends("exits"), "process", "host server: the process ended: exit status 7\ngood bye"},
		{ends("panics"), "actor panic", "actor server/actor: panic on harness_test.ping: boom"},
		{ends("mumbles"), "process", "fact harness_test.unregistered: encode: harness_test.unregistered is not registered, see actors.Facts"},
	} {
		t.Run(c.s.Name, func(t *testing.T) {
			r, err := harness.Run(t.Context(), c.s, sim.NewPlan(c.s, 1), harness.Options{Process: startHost})
			if err != nil {
				t.Fatal(err)
			}
			if r.Verdict != sim.Violation || r.Check != c.check || !strings.Contains(r.Err.Error(), c.reason) {
				t.Errorf("%v, %s: %v\nwant %s: %s", r.Verdict, r.Check, r.Err, c.check, c.reason)
			}
		})
	}
}

// Whoever kills the run leaves no host behind.
func TestHostsEndWithTheProcessThatStartedThem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := exec.Command("/proc/self/exe")
	run.Env = append(os.Environ(), asProcess+"="+dir)
	said, err := os.Create(filepath.Join(t.TempDir(), "said"))
	if err != nil {
		t.Fatal(err)
	}
	defer said.Close()
	run.Stderr = said
	if err := run.Start(); err != nil {
		t.Fatal(err)
	}
	var pids []int
	for _, host := range []string{"c0", "c1"} {
		file := filepath.Join(dir, host, "program", "pid")
		eventually(t, "host "+host+" has not begun", func() bool {
			text, err := os.ReadFile(file)
			pid, malformed := strconv.Atoi(string(text))
			if err != nil || malformed != nil {
				return false
			}
			pids = append(pids, pid)
			return true
		})
	}
	if err := run.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = run.Wait()
	if words, err := os.ReadFile(said.Name()); err != nil || len(words) > 0 {
		t.Errorf("it said %q, %v", words, err)
	}
	for _, pid := range pids {
		eventually(t, fmt.Sprintf("process %d goes on", pid), func() bool { return !isRunning(pid) })
	}
}

// isRunning reports whether a process is there and no zombie, whose new parent may take
// its time.
func isRunning(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(text), ") Z ")
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !is(); {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
