package store_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// A settled is the fact that a program was given SUCCESS for an operation.
type settled struct {
	ID  store.RequestID
	Key string
}

// load puts n keys through a window and notes each SUCCESS. What ended otherwise
// is not repeated.
func load(n, window int) actors.Program {
	return func(env actors.Env) error {
		w := store.Window{Client: store.NewClient(env), Size: window, Done: func(d *store.Deferred) error {
			if d.Wait().Status == models.Success {
				env.Note(settled{store.RequestID{Client: env.Host, Boot: env.Boot, N: d.ID}, d.Op.Key})
			}
			return nil
		}}
		for i := range n {
			if err := w.Issue(models.Op{Verb: models.Put, Space: "shelf", Key: fmt.Sprint(i), Attrs: []models.Attr{word("x")}}); err != nil {
				return err
			}
		}
		return w.Flush()
	}
}

// R20: when a client is given SUCCESS, every member of the chain has the record on
// disk, whatever happened to the chain meanwhile.
func TestSuccessMeansSyncedByEveryMember(t *testing.T) {
	s := shelf{
		tolerate: 2, partitions: 3, options: store.Options{Daemons: 3}, net: sloppy,
		programs: []actors.Program{load(240, 2)},
	}
	whole, short := 0, 0
	for seed := range uint64(6) {
		r := s.run(t, seed, faults.Fault{At: 600 * time.Millisecond, Kind: faults.PowerLoss, Hosts: []string{"daemon1"}, For: 3 * time.Second})
		members := checkSettled(t, r)
		whole += members[3]
		short += members[2]
	}
	if whole < 100 || short < 10 {
		t.Errorf("%d operations were acknowledged by chains of three, %d by chains that had lost one", whole, short)
	}
}

// checkSettled returns how many operations were settled by chains of each length.
func checkSettled(t *testing.T, r *sim.Result) map[int]int {
	t.Helper()
	type chain struct {
		region  store.RegionID
		version uint64
	}
	type replica struct {
		host   string
		region store.RegionID
		data   uint64
	}
	type record struct {
		chain
		seq uint64
	}
	chains, synced := map[chain][]store.Member{}, map[replica]uint64{}
	records, lengths := map[store.RequestID]record{}, map[int]int{}
	for _, n := range r.Notes {
		switch f := n.Fact.(type) {
		case store.Published:
			for i := range f.Config.Regions {
				g := &f.Config.Regions[i]
				chains[chain{g.ID, g.Version}] = g.Chain
			}
		case store.Persisted:
			for _, m := range f.Marks {
				synced[replica{n.Host, m.Region, m.Data}] = m.Seq
			}
		case store.Committed:
			for i, id := range f.Requests {
				records[id] = record{chain{f.Region, f.Version}, f.Seq - uint64(len(f.Requests)-1-i)}
			}
		case settled:
			rec, ok := records[f.ID]
			if !ok {
				t.Errorf("%v was answered and no head had committed it", f.ID)
			}
			members := chains[rec.chain]
			for _, m := range members {
				if has := synced[replica{m.Host, rec.region, m.Data}]; has < rec.seq {
					t.Errorf("%v is record %d of region %d, and %s has synced up to %d", f.ID, rec.seq, rec.region, m.Host, has)
				}
			}
			lengths[len(members)]++
		}
	}
	return lengths
}

// A stored is the fact that a key was found at the end.
type stored struct{ Key string }

// loaded is a system that is loaded with n keys, which are read back at a time.
func loaded(daemons, tolerate, n int, readAt time.Duration) shelf {
	reader := func(env actors.Env) error {
		env.Clock.Sleep(readAt - env.Clock.Now())
		c := store.NewClient(env)
		for i := range n {
			if read(c, fmt.Sprint(i)).Status == models.Success {
				env.Note(stored{fmt.Sprint(i)})
			}
		}
		return nil
	}
	return shelf{
		tolerate: tolerate, partitions: 4, options: store.Options{Daemons: daemons}, net: sloppy,
		programs: []actors.Program{load(n, 8), reader},
	}
}

// checkStored finds what was acknowledged and is gone, and returns how many
// operations were acknowledged.
func checkStored(t *testing.T, r *sim.Result) int {
	t.Helper()
	there := map[string]bool{}
	for _, f := range factsOf[stored](r) {
		there[f.Key] = true
	}
	acked := factsOf[settled](r)
	for _, f := range acked {
		if !there[f.Key] {
			t.Errorf("seed %d: %s was acknowledged and is gone", r.Plan.Seed, f.Key)
		}
	}
	return len(acked)
}

// R21: what was acknowledged is there after all servers lost power at once,
// however many copies there are of it.
func TestAcknowledgedSurvivesPowerLossOfAll(t *testing.T) {
	const n = 60
	for _, tc := range []struct{ daemons, tolerate int }{{1, 0}, {4, 0}, {4, 1}, {4, 2}, {5, 2}} {
		t.Run(fmt.Sprintf("%d daemons, %d failures", tc.daemons, tc.tolerate), func(t *testing.T) {
			s := loaded(tc.daemons, tc.tolerate, n, 15*time.Second)
			uncertain := 0
			for seed := range uint64(4) {
				at := 400*time.Millisecond + time.Duration(seed)*70*time.Millisecond
				r := s.run(t, seed, faults.Fault{At: at, Kind: faults.PowerLoss, Hosts: []string{faults.All}, For: 200 * time.Millisecond})
				uncertain += n - checkStored(t, r)
			}
			if uncertain == 0 {
				t.Error("no power loss hit an operation")
			}
		})
	}
}

// R21: what was acknowledged is there after as many daemons as the space tolerates
// lost their disks, at once or, when the first is a member again, one after the
// other until no daemon has the disk that it began with.
func TestAcknowledgedSurvivesLossOfDisks(t *testing.T) {
	const n = 60
	wipe := func(at time.Duration, hosts ...string) faults.Fault {
		return faults.Fault{At: at, Kind: faults.Wipe, Hosts: hosts, For: 300 * time.Millisecond}
	}
	const early, pause = 500 * time.Millisecond, 5 * time.Second
	for _, tc := range []struct {
		name              string
		daemons, tolerate int
		wipes             faults.Schedule
	}{
		{"one of two copies", 3, 1, faults.Schedule{wipe(early, "daemon1")}},
		{"two of three copies", 3, 2, faults.Schedule{wipe(early, "daemon2", "daemon3")}},
		{"two of three copies, with daemons to spare", 5, 2, faults.Schedule{wipe(early, "daemon1", "daemon3")}},
		{"every disk, one after the other", 3, 1, faults.Schedule{
			wipe(early, "daemon1"), wipe(early+pause, "daemon2"), wipe(early+2*pause, "daemon3"),
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := loaded(tc.daemons, tc.tolerate, n, 25*time.Second)
			acked, copies := 0, 0
			for seed := range uint64(4) {
				r := s.run(t, seed, tc.wipes...)
				acked += checkStored(t, r)
				copies += r.Stats.Sometimes[string(store.SawTransferFinished)]
			}
			if acked == 0 || acked == 4*n || copies == 0 {
				t.Errorf("%d of %d operations were acknowledged, and %d times a daemon was given copies", acked, 4*n, copies)
			}
		})
	}
}

// R21: a space that promises copies in memory keeps what was acknowledged when as
// many daemons as it tolerates lose power; the checks of R22 see what it loses when
// all do.
func TestReplicatedSurvivesAsManyPowerLossesAsTolerated(t *testing.T) {
	const n = 150
	for _, tc := range []struct {
		tolerate int
		hosts    []string
	}{
		{1, []string{"daemon1"}}, {1, []string{"daemon2"}}, {1, []string{"daemon3"}},
		{2, []string{"daemon1", "daemon2"}}, {2, []string{"daemon1", "daemon3"}}, {2, []string{"daemon2", "daemon3"}},
	} {
		s := loaded(3, tc.tolerate, n, 15*time.Second)
		s.options.Durability = store.Replicated
		// Syncs take long, so much is in memory only.
		s.net.DiskMin, s.net.DiskMax = 20*time.Millisecond, 60*time.Millisecond
		acked := 0
		for seed := range uint64(4) {
			acked += checkStored(t, s.run(t, seed, faults.Fault{
				At: 900 * time.Millisecond, Kind: faults.PowerLoss, Hosts: tc.hosts, For: 50 * time.Millisecond,
			}))
		}
		if acked == 0 || acked == 4*n {
			t.Errorf("%v: %d of %d operations were acknowledged: no power loss was in the middle", tc.hosts, acked, 4*n)
		}
	}
}

// R19: of two waited writes on two keys, in different regions, whoever sees
// the second sees the first.
func TestWaitedWritesAreSeenInOrderAcrossKeys(t *testing.T) {
	const rounds = 40
	type pair struct{ First, Second int }
	wordOf := func(r models.Result) int {
		n, _ := strconv.Atoi(string(attr(r, "word").Str))
		return n
	}
	writer := func(env actors.Env) error {
		config, err := store.NewAdmin(env, 1).WaitForSpace("shelf", time.Minute)
		if err != nil {
			return err
		}
		if config.RegionOf("shelf", "1st") == config.RegionOf("shelf", "2nd") {
			return fmt.Errorf("both keys are in one region:\n%v", config)
		}
		c := store.NewClient(env)
		for i := range rounds {
			write(c, "1st", fmt.Sprint(i+1))
			write(c, "2nd", fmt.Sprint(i+1))
		}
		return nil
	}
	reader := func(env actors.Env) error {
		c := store.NewClient(env)
		for {
			second := wordOf(read(c, "2nd"))
			first := wordOf(read(c, "1st"))
			env.Note(pair{first, second})
			if second == rounds {
				return nil
			}
		}
	}
	s := shelf{tolerate: 1, partitions: 8, net: sloppy, programs: []actors.Program{writer, reader, reader}}
	close := 0
	for seed := range uint64(4) {
		r := s.run(t, seed,
			faults.Fault{At: 500 * time.Millisecond, Kind: faults.Crash, Hosts: []string{"daemon1"}, For: 300 * time.Millisecond},
			faults.Fault{At: 1500 * time.Millisecond, Kind: faults.PowerLoss, Hosts: []string{"daemon2"}, For: 2 * time.Second})
		for _, p := range factsOf[pair](r) {
			if p.First < p.Second {
				t.Errorf("seed %d: second was %d, and first %d afterwards", seed, p.Second, p.First)
			}
			if p.Second > 0 && p.First == p.Second {
				close++
			}
		}
	}
	if close < 20 {
		t.Errorf("a reader saw the newest of both only %d times", close)
	}
}
