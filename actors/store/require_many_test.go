package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/models"
)

// R15: with ten thousand operations under way to the store, on a network that loses
// and doubles messages, each is delivered once and with its own result.
func TestThousandsOutstandingAreDeliveredOnce(t *testing.T) {
	const n = 10000
	type over struct{ Took time.Duration }
	net := sloppy
	net.Drop = 20
	s := shelf{tolerate: 1, partitions: 16, net: net, programs: []actors.Program{func(env actors.Env) error {
		c := store.NewClient(env)
		for i := range n / 10 {
			c.AsyncPut("shelf", fmt.Sprint(i), number(int64(i)))
		}
		for range n / 10 {
			c.Loop(0)
		}
		began := env.Clock.Now()
		delivered := map[uint64]bool{}
		for i := range n {
			c.AsyncGet("shelf", fmt.Sprint(i%(n/10)))
		}
		for range n {
			d, status := c.Loop(0)
			if status != models.Success || delivered[d.ID] {
				return fmt.Errorf("after %d operations: %v", len(delivered), status)
			}
			delivered[d.ID] = true
			if r := d.Wait(); r.Status != models.Success || fmt.Sprint(attr(r, "count").Int) != d.Op.Key {
				return fmt.Errorf("%v: %v", d.Op, r)
			}
		}
		if _, status := c.Loop(0); status != models.NonePending {
			return fmt.Errorf("at the end: %v", status)
		}
		env.Note(over{env.Clock.Now() - began})
		return nil
	}}}
	r := s.run(t, 1)
	if took := factsOf[over](r)[0].Took; took > 10*time.Second || r.Stats.Dropped == 0 {
		t.Errorf("%d operations took %v; %d messages were lost", n, took, r.Stats.Dropped)
	}
}
