package group

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/wal"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/sim"
)

// withFaults runs a scenario with these faults and returns its notes.
func withFaults(t *testing.T, s sim.Scenario, seed uint64, schedule ...faults.Fault) []sim.Note {
	t.Helper()
	p := sim.NewPlan(s, seed)
	p.Faults = schedule
	r := sim.Run(s, p)
	if r.Verdict != sim.Pass {
		t.Fatalf("seed %d: %v %s: %v", seed, r.Verdict, r.Check, r.Err)
	}
	return r.Notes
}

// adds adds 1 so many times, with a pause after each.
func adds(n int, pause time.Duration) func(env actors.Env, hosts []string) error {
	return func(env actors.Env, hosts []string) error {
		for i := range n {
			ask(env, hosts, add{N: uint64(i)})
			env.Clock.Sleep(pause)
		}
		env.Clock.Sleep(3 * time.Second) // so that every member catches up
		for _, host := range hosts {
			if got := ask(env, []string{host}, look{}); got.Total < uint64(n*(n-1)/2) {
				return fmt.Errorf("%s has %+v", host, got)
			}
		}
		return nil
	}
}

// TestAWipedMemberIsReplaced: its host comes back under a new identity, the old one is
// removed before the new one is added, and the new one gets everything, by a
// snapshot where the log is short.
func TestAWipedMemberIsReplaced(t *testing.T) {
	for _, cfg := range []Config{{}, {SnapshotBytes: 2000, Keep: 1}} {
		s := testGroup(3, cfg, calm, adds(40, 50*time.Millisecond))
		notes := withFaults(t, s, 1, faults.Fault{Kind: faults.Wipe, Hosts: []string{"m2"}, At: time.Second, For: 100 * time.Millisecond})
		ids := map[uint64]bool{}
		var sizes []int
		snapshot := false
		for _, n := range notes {
			switch f := n.Fact.(type) {
			case Recovered:
				if n.Host == "m2" {
					ids[f.ID] = true
				}
			case Changed:
				if n.Host == "m0" {
					sizes = append(sizes, len(f.Peers))
				}
			case Installed:
				snapshot = snapshot || n.Host == "m2" && f.Snapshot.Index > 1
			}
		}
		if len(ids) != 2 || !slices.Equal(sizes, []int{2, 3}) {
			t.Errorf("m2 had %d identities, the group these sizes: %v", len(ids), sizes)
		}
		if cfg.Keep > 0 && !snapshot {
			t.Error("m2 got no snapshot")
		}
	}
}

// TestAFounderWithoutItsDiskFoundsNoSecondGroup: it joins the one there is.
func TestAFounderWithoutItsDiskFoundsNoSecondGroup(t *testing.T) {
	s := testGroup(3, Config{}, calm, adds(40, 50*time.Millisecond))
	founded := 0
	for _, n := range withFaults(t, s, 2, faults.Fault{Kind: faults.Wipe, Hosts: []string{"m0"}, At: time.Second, For: 100 * time.Millisecond}) {
		if _, ok := n.Fact.(Founded); ok {
			founded++
		}
	}
	if founded != 1 {
		t.Errorf("%d groups were founded", founded)
	}
}

// TestADamagedLogIsWipedAndATornOneIsKept: bit rot in what was synced costs the member
// its identity, a power loss does not.
func TestADamagedLogIsWipedAndATornOneIsKept(t *testing.T) {
	for kind, want := range map[faults.Kind]int{faults.Rot: 2, faults.PowerLoss: 1} {
		s := testGroup(3, Config{}, calm, adds(40, 50*time.Millisecond))
		schedule := []faults.Fault{{Kind: faults.PowerLoss, Hosts: []string{"m1"}, At: 1100 * time.Millisecond, For: 50 * time.Millisecond}}
		if kind == faults.Rot {
			schedule = append([]faults.Fault{{Kind: faults.Rot, Hosts: []string{"m1"}, At: time.Second}}, schedule...)
		}
		ids := map[uint64]bool{}
		for _, n := range withFaults(t, s, 3, schedule...) {
			if f, ok := n.Fact.(Recovered); ok && n.Host == "m1" {
				ids[f.ID] = true
			}
		}
		if len(ids) != want {
			t.Errorf("%v: m1 had %d identities, want %d", kind, len(ids), want)
		}
	}
}

// TestTheOnlyMemberKeepsADamagedLog: it stops, and does not found another group that
// knows nothing of what was decided.
func TestTheOnlyMemberKeepsADamagedLog(t *testing.T) {
	s := testGroup(1, Config{}, calm, func(env actors.Env, hosts []string) error {
		for i := range 40 {
			_, err := env.Request(env.PID(hosts[0]+"/sum"), add{N: uint64(i)}, 100*time.Millisecond)
			if err != nil && !errors.Is(err, actors.ErrTimeout) {
				return err
			}
			env.Clock.Sleep(50 * time.Millisecond)
		}
		return nil
	})
	founded, recovered, damaged := 0, 0, 0
	for _, n := range withFaults(t, s, 3,
		faults.Fault{Kind: faults.Rot, Hosts: []string{"m0"}, At: time.Second},
		faults.Fault{Kind: faults.PowerLoss, Hosts: []string{"m0"}, At: 1100 * time.Millisecond, For: 50 * time.Millisecond},
	) {
		switch n.Fact.(type) {
		case Founded:
			founded++
		case Recovered:
			recovered++
		case wal.Damage:
			damaged++
		}
	}
	if founded != 1 || recovered != 1 || damaged == 0 {
		t.Errorf("damaged %d times, it founded %d groups and came back with %d logs", damaged, founded, recovered)
	}
}

// TestAMemberThatIsCutOffAnswersNoRead: a read there fails, though nobody tells the
// member that it leads no longer.
func TestAMemberThatIsCutOffAnswersNoRead(t *testing.T) {
	s := testGroup(3, Config{}, calm, func(env actors.Env, hosts []string) error {
		ask(env, hosts, add{N: 1})
		env.Clock.Sleep(2 * time.Second) // into the cut
		for i := range 20 {
			reply, err := env.Request(env.PID("m0/sum"), look{}, 3*time.Second)
			if err != nil {
				return errors.New("a read was not answered at all")
			}
			if got := reply.(total); got.OK {
				return fmt.Errorf("read %d in a minority answered %+v", i, got)
			}
			env.Clock.Sleep(50 * time.Millisecond)
		}
		env.Clock.Sleep(30 * time.Second) // until it is over
		if got := ask(env, hosts, look{}); got.Total != 1 {
			return fmt.Errorf("in the end there is %+v", got)
		}
		return nil
	})
	withFaults(t, s, 4, faults.Fault{
		Kind: faults.Partition, Hosts: []string{"m0", "user"}, Others: []string{"m1", "m2"}, At: time.Second, For: 20 * time.Second,
	})
}

// TestProposalsInFlightAreBounded: what does not fit is refused at once.
func TestProposalsInFlightAreBounded(t *testing.T) {
	refused := 0
	s := testGroup(1, Config{InFlight: 2}, calm, func(env actors.Env, hosts []string) error {
		ask(env, hosts, add{N: 99})
		to := env.PID("m0/sum")
		for i := range 5 {
			env.Send(to, add{N: uint64(i)})
		}
		env.Clock.Sleep(time.Second)
		refused = 6 - int(ask(env, hosts, look{}).Adds)
		return nil
	})
	pass(t, s, 5)
	if refused < 1 || refused > 3 {
		t.Errorf("of 5 commands at once %d were refused", refused)
	}
}

// TestAnImageIsReadAsItWasWritten: the log says the same after a restart; what is no
// record is refused.
func TestAnImageIsReadAsItWasWritten(t *testing.T) {
	p := Peer{ID: identityOf("m1", 7), Host: "m1", Boot: 7}
	state := groupState{peers: peers{}.with(p).with(Peer{ID: 5, Host: "m0", Boot: 1}), machine: []byte("state")}
	got, err := decodeGroupState(state.encode())
	if err != nil || !slices.Equal(got.peers, state.peers) || string(got.machine) != "state" {
		t.Errorf("read %+v, %v", got, err)
	}
	b, err := (&image{self: p}).encode()
	if err != nil {
		t.Fatal(err)
	}
	im := &image{}
	if err := im.add(b); err != nil || im.self != p {
		t.Errorf("read %+v, %v", im.self, err)
	}
	for cut := 1; cut < len(b); cut++ {
		if err := (&image{}).add(b[:cut]); err == nil {
			t.Errorf("a record of %d of %d bytes was read", cut, len(b))
		}
	}
	if err := (&image{}).add(binary.AppendUvarint([]byte{'?'}, 0)); err == nil {
		t.Error("a part of an unknown kind was read")
	}
}

// TestTheSameSeedGivesTheSameTraceInParallel: elections are drawn from the seed, not
// from the library's own source.
func TestTheSameSeedGivesTheSameTraceInParallel(t *testing.T) {
	s := testGroup(3, Config{Tick: 20 * time.Millisecond}, calm, adds(10, 100*time.Millisecond))
	schedule := []faults.Fault{
		{Kind: faults.Crash, Hosts: []string{"m0"}, At: 600 * time.Millisecond, For: 300 * time.Millisecond},
		{Kind: faults.Isolate, Hosts: []string{"m1"}, At: 900 * time.Millisecond, For: 500 * time.Millisecond},
	}
	hashes := make([][2]uint64, 16)
	var wg sync.WaitGroup
	for again := range 2 {
		for seed := range hashes {
			wg.Go(func() {
				p := sim.NewPlan(s, uint64(seed))
				p.Faults = schedule
				hashes[seed][again] = sim.Run(s, p).TraceHash
			})
		}
	}
	wg.Wait()
	distinct := map[uint64]bool{}
	for seed, h := range hashes {
		distinct[h[0]] = true
		if h[0] != h[1] {
			t.Errorf("seed %d gave %x and %x", seed, h[0], h[1])
		}
	}
	if len(distinct) < len(hashes) {
		t.Errorf("%d seeds gave %d traces", len(hashes), len(distinct))
	}
}
