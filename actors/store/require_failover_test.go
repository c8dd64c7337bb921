package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// resumeWithin is how long writes may stand still after a failure: until the
// silence of a daemon is noticed, its lease is over and the others know.
const resumeWithin = 2 * time.Second

// R33: after as many daemons have failed as the space tolerates, writes go on
// within a bound, and every operation comes to some end.
func TestWritesResumeAfterFailures(t *testing.T) {
	type ended struct {
		Status models.Status
		At     time.Duration
	}
	const failAt, until = time.Second, 12 * time.Second
	writer := func(env actors.Env) error {
		c := store.NewClient(env)
		for i := 0; env.Clock.Now() < until; i++ {
			d := c.AsyncPut("shelf", fmt.Sprint(i%10), word("x"))
			if r := d.WaitFor(resumeWithin); r.Status == models.Timeout {
				return fmt.Errorf("put %d has not ended after %v", i, resumeWithin)
			}
			env.Note(ended{d.Wait().Status, env.Clock.Now()})
		}
		return nil
	}
	for _, tc := range []struct {
		tolerate int
		fail     []string
	}{
		{1, []string{"daemon1"}}, {1, []string{"daemon2"}}, {1, []string{"daemon3"}},
		{2, []string{"daemon1", "daemon2"}}, {2, []string{"daemon1", "daemon3"}}, {2, []string{"daemon2", "daemon3"}},
	} {
		for _, kind := range []faults.Kind{faults.Crash, faults.PowerLoss, faults.Isolate} {
			s := shelf{tolerate: tc.tolerate, partitions: 4, net: faults.Net{DelayMin: delay, DelayMax: delay}, programs: []actors.Program{writer}}
			r := s.run(t, 1, faults.Fault{At: failAt, Kind: kind, Hosts: tc.fail, For: until})
			last, gap, after := failAt, time.Duration(0), 0
			for _, e := range factsOf[ended](r) {
				if e.Status != models.Success || e.At < failAt {
					continue
				}
				gap = max(gap, e.At-last)
				last = e.At
				after++
			}
			if gap > resumeWithin || after < 50 || gap < 100*time.Millisecond {
				t.Errorf("%v of %v with f = %d: longest time without SUCCESS %v, %d afterwards", kind, tc.fail, tc.tolerate, gap, after)
			}
		}
	}
}

// R31: an operation under way to a chain that is no more ends with RECONFIGURE, and
// the library does not send it to another one: in the trace of the run, all
// requests of an operation are for one version of one region and for one daemon,
// and after its end there are none.
func TestNothingIsResubmitted(t *testing.T) {
	type ended struct {
		N      uint64
		Status models.Status
	}
	s := shelf{tolerate: 1, partitions: 4, net: sloppy, programs: []actors.Program{func(env actors.Env) error {
		c := store.NewClient(env)
		w := store.Window{Client: c, Size: 8, Done: func(d *store.Deferred) error {
			env.Note(ended{d.ID, d.Wait().Status})
			return nil
		}}
		for i := range 200 {
			if err := w.Issue(models.Op{Verb: models.Put, Space: "shelf", Key: fmt.Sprint(i), Attrs: []models.Attr{word("x")}}); err != nil {
				return err
			}
		}
		return w.Flush()
	}}}
	reconfigured, repeated := 0, 0
	for seed := range uint64(3) {
		requests := map[string]string{} // operation, to what its requests were
		over := map[string]bool{}
		crash := faults.Fault{At: 600 * time.Millisecond, Kind: faults.Crash, Hosts: []string{"daemon1"}, For: 5 * time.Second}
		r := sim.Trace(s.scenario(), s.plan(seed, crash), func(e trace.Event) {
			switch {
			case e.Kind == trace.Send && e.Msg == "store.request" && e.Host == "c0":
				id, target := requestOf(t, e)
				if over[id] {
					t.Errorf("seed %d: operation %s was sent after its end", seed, id)
				}
				switch old := requests[id]; old {
				case "":
				case target:
					repeated++
				default:
					t.Errorf("seed %d: operation %s was sent to %s and to %s", seed, id, old, target)
				}
				requests[id] = target
			case e.Kind == trace.Note && strings.HasSuffix(e.Msg, ".ended"):
				var n uint64
				if _, err := fmt.Sscanf(e.Text, "{N:%d", &n); err != nil {
					t.Fatalf("note %q: %v", e.Text, err)
				}
				over[fmt.Sprint(n)] = true
			}
		})
		if r.Verdict != sim.Pass || len(requests) == 0 || len(over) != 200 {
			t.Fatalf("seed %d: %v %v; %d operations sent, %d ended", seed, r.Verdict, r.Err, len(requests), len(over))
		}
		for _, e := range factsOf[ended](r) {
			if e.Status == models.Reconfigure {
				reconfigured++
			}
		}
	}
	if reconfigured == 0 || repeated == 0 {
		t.Errorf("%d operations ended with RECONFIGURE, %d requests were repeated", reconfigured, repeated)
	}
}

// requestOf reads the operation of a request, and to which daemon and version of
// which region it goes.
func requestOf(t *testing.T, e trace.Event) (id, target string) {
	t.Helper()
	var n, boot, lowest, version uint64
	var region int
	text := strings.Replace(e.Text, "Client:c0 ", "", 1)
	if _, err := fmt.Sscanf(text, "{ID:{Boot:%d N:%d} Lowest:%d Region:%d Version:%d", &boot, &n, &lowest, &region, &version); err != nil {
		t.Fatalf("request %q: %v", e.Text, err)
	}
	return fmt.Sprint(n), fmt.Sprintf("%s region %d version %d", e.Peer, region, version)
}

// R29: a window shows what failed, so a program can repeat it, and after the flush
// everything is stored.
func TestWindowShowsWhatFailed(t *testing.T) {
	const n = 150
	type failed struct{ Key string }
	s := shelf{tolerate: 1, partitions: 4, net: sloppy, programs: []actors.Program{func(env actors.Env) error {
		c := store.NewClient(env)
		shown := map[*store.Deferred]int{}
		var again []models.Op
		w := store.Window{Client: c, Size: 8, Done: func(d *store.Deferred) error {
			shown[d]++
			if d.Wait().Status != models.Success {
				env.Note(failed{d.Op.Key})
				again = append(again, d.Op)
			}
			return nil
		}}
		for i := range n {
			again = append(again, models.Op{Verb: models.Put, Space: "shelf", Key: fmt.Sprint(i), Attrs: []models.Attr{word("x")}})
		}
		issued := 0
		for len(again) > 0 {
			round := again
			again = nil
			for _, op := range round {
				if err := w.Issue(op); err != nil {
					return err
				}
				issued++
			}
			if err := w.Flush(); err != nil {
				return err
			}
		}
		for d, times := range shown {
			if times != 1 {
				return fmt.Errorf("operation %d was shown %d times", d.ID, times)
			}
		}
		if len(shown) != issued {
			return fmt.Errorf("%d operations issued, %d shown", issued, len(shown))
		}
		for i := range n {
			if r := read(c, fmt.Sprint(i)); r.Status != models.Success {
				return fmt.Errorf("%d: %v", i, r)
			}
		}
		return nil
	}}}
	r := s.run(t, 1, faults.Fault{At: 600 * time.Millisecond, Kind: faults.Crash, Hosts: []string{"daemon1"}, For: 3 * time.Second})
	if len(factsOf[failed](r)) == 0 {
		t.Error("no operation failed")
	}
}
