package tickets_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/tickets"
	"github.com/simrun/simrun/faults"
)

// R72: one alarm for each ticket that is overdue, none for the others, whoever leads the
// tracker, and all cleared when the jobs are over.
func TestMonitorRaisesAndClearsAnAlarmForEachOverdueTicket(t *testing.T) {
	for seed := range uint64(10) {
		var overdue []tickets.Alarm
		s := newSite(tickets.HybridSite, func(env actors.Env) error {
			env.Clock.Sleep(time.Second)
			c := tickets.NewClient(env)
			var ids []tickets.ID
			for i := range 6 {
				work := time.Duration(100+i%2*8000) * time.Millisecond
				id := accepted(c, tickets.Job{Name: fmt.Sprint(i), Work: work})
				if ids = append(ids, id); i%2 == 1 {
					overdue = append(overdue, tickets.Alarm{Source: tickets.TrackerActor, Item: id.String()})
				}
			}
			for _, id := range ids {
				if got, ok := c.Watch(id, "", tickets.HybridSite).Wait(time.Minute); !ok || !got.Ticket.State.Final() {
					return fmt.Errorf("%v has not ended: %+v", id, got)
				}
			}
			env.Clock.Sleep(2 * time.Second) // the monitor has asked again
			return nil
		})
		s.options.Worker.Parallel = 6
		s.options.Monitor = &tickets.MonitorOptions{Due: 5 * time.Second, Silent: 20 * time.Second}
		leader := fmt.Sprintf("tracker%d", seed%3+1)
		r := s.run(t, seed, at(3*time.Second, faults.Crash, 2*time.Second, leader))
		raised, on := map[tickets.Alarm]int{}, map[tickets.Alarm]bool{}
		for _, n := range r.Notes {
			switch f := n.Fact.(type) {
			case tickets.AlarmRaised:
				raised[f.Alarm]++
				on[f.Alarm] = true
			case tickets.AlarmCleared:
				delete(on, f.Alarm)
			}
		}
		if len(raised) != len(overdue) || slices.ContainsFunc(overdue, func(a tickets.Alarm) bool { return raised[a] != 1 }) {
			t.Errorf("seed %d: raised %v, want one each of %v", seed, raised, overdue)
		}
		for a := range maps.Keys(on) {
			t.Errorf("seed %d: %v is still on", seed, a)
		}
	}
}

// R72: a tracker without a majority cannot say what is pending, and that is one alarm.
func TestMonitorSaysThatTheTrackerIsSilent(t *testing.T) {
	s := newSite(tickets.HybridSite, func(env actors.Env) error {
		env.Clock.Sleep(15 * time.Second)
		return nil
	})
	s.options.Monitor = &tickets.MonitorOptions{}
	r := s.run(t, 1, at(3*time.Second, faults.Crash, 6*time.Second, "tracker1", "tracker2"))
	raised, cleared := factsOf[tickets.AlarmRaised](r), factsOf[tickets.AlarmCleared](r)
	silent := tickets.Alarm{Source: tickets.TrackerActor}
	if len(raised) != 1 || len(cleared) != 1 || raised[0].Alarm != silent || cleared[0].Alarm != silent {
		t.Errorf("raised %v and cleared %v, want the silence of the tracker", raised, cleared)
	}
}
