package harness_test

import (
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/live/harness"
	"github.com/simrun/simrun/sim"
)

// doomed is an oracle that excuses everything once a disk was lost.
type doomed struct {
	excused bool
	lost    string
}

func (d *doomed) Observe(n sim.Note) {
	if _, ok := n.Fact.(sim.DiskLost); ok && d.excused {
		d.lost = "the only copy was destroyed"
	}
}

func (d *doomed) Spares(bool, ...string) bool { return true }

func (d *doomed) Excuse() string { return d.lost }

func (d *doomed) Remains(h linearizability.History) (linearizability.History, []linearizability.OpID) {
	return h, nil
}

// A loss beyond the budget is told when it is known, and not when the limits of the
// phases are over; what nobody excuses is waited for.
func TestExpectedLossIsToldWhenItIsKnown(t *testing.T) {
	for _, c := range []struct {
		name    string
		excused bool
		settle  time.Duration
		verdict sim.Verdict
		check   string
	}{
		{"excused", true, time.Minute, sim.ExpectedLoss, "beyond budget"},
		{"not excused", false, 7 * time.Second, sim.Violation, "liveness"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := system(server(echo), program("c0", func(env actors.Env) error {
				for {
					if err := ask(env); err != nil {
						return err
					}
					env.Clock.Sleep(10 * time.Millisecond)
				}
			}))
			s.Limits.Settle = c.settle
			s.Profile = faults.Profile{Servers: []string{"server"}, Clients: []string{"c"}, Span: 100 * time.Millisecond}
			s.Oracle = func(sim.Knobs) sim.Oracle { return &doomed{excused: c.excused} }
			p := sim.NewPlan(s, 1)
			p.Faults = faults.Schedule{{At: 50 * time.Millisecond, Kind: faults.Destroy, Hosts: []string{"server"}}}
			r, err := harness.Run(t.Context(), s, p, harness.Options{Faults: true, Time: 200 * time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			if r.Verdict != c.verdict || r.Check != c.check || r.Stats.Virtual > c.settle/2 && c.excused {
				t.Errorf("%v, %s: %v, after %v", r.Verdict, r.Check, r.Err, r.Stats.Virtual)
			}
		})
	}
}
