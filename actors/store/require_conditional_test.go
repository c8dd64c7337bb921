package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/models"
)

// R39: nothing comes between the check and the write of a conditional operation:
// of clients that count up one number by comparing it first, every SUCCESS counts.
func TestConditionalWritesAreAtomic(t *testing.T) {
	const clients, each = 3, 15
	type counted struct{ To int64 }
	compete := func(env actors.Env) error {
		c := store.NewClient(env)
		certainly(c, models.Op{Verb: models.PutIfNotExist, Space: "shelf", Key: "n", Attrs: []models.Attr{number(0)}})
		for done := 0; done < each; {
			n := attr(read(c, "n"), "count").Int
			check := []models.Check{{Attr: "count", Value: models.IntValue(n)}}
			switch status := c.CondPut("shelf", "n", check, number(n+1)); status {
			case models.Success:
				done++
				env.Note(counted{n + 1})
			case models.CmpFail:
				env.Note(attempt{Status: status})
			default:
				done++ // nobody knows
			}
		}
		return nil
	}
	programs := []actors.Program{func(env actors.Env) error {
		env.Clock.Sleep(20 * time.Second)
		env.Note(final{read(store.NewClient(env), "n")})
		return nil
	}}
	for range clients {
		programs = append(programs, compete)
	}
	s := shelf{tolerate: 1, partitions: 1, net: sloppy, programs: programs}
	beaten := 0
	for seed := range uint64(5) {
		r := s.run(t, seed, faults.Fault{At: 700 * time.Millisecond, Kind: faults.Crash, Hosts: []string{"daemon1"}, For: time.Second})
		by := map[int64]int{}
		for _, f := range factsOf[counted](r) {
			by[f.To]++
			if by[f.To] > 1 {
				t.Errorf("seed %d: two clients succeeded in counting to %d", seed, f.To)
			}
		}
		if end := attr(factsOf[final](r)[0].Object, "count").Int; int(end) < len(by) {
			t.Errorf("seed %d: %d operations succeeded, and the number is %d", seed, len(by), end)
		}
		beaten += len(factsOf[attempt](r))
	}
	if beaten < 20 {
		t.Errorf("only %d times a client was beaten by another", beaten)
	}
}

// R40: an operation that is refused says why and has no effect, then or later.
func TestRefusedOperationsHaveNoEffect(t *testing.T) {
	put := func(attrs ...models.Attr) models.Op {
		return models.Op{Verb: models.Put, Space: "shelf", Key: "k", Attrs: attrs}
	}
	elsewhere := put(word("x"))
	elsewhere.Space = "nowhere"
	refused := []struct {
		op     models.Op
		status models.Status
	}{
		{elsewhere, models.UnknownSpace},
		{put(models.Attr{Name: "nosuch", Value: models.IntValue(1)}), models.UnknownAttr},
		{put(word("half"), models.Attr{Name: "nosuch", Value: models.IntValue(1)}), models.UnknownAttr},
		{put(word("x"), word("y")), models.DupeAttr},
		{put(models.Attr{Name: "id", Value: models.StringValue("k")}), models.DontUseKey},
		{put(models.Attr{Name: "count", Value: models.StringValue("1")}), models.WrongType},
		{put(number(1), models.Attr{Name: "word", Value: models.IntValue(1)}), models.WrongType},
		{models.Op{Verb: models.AtomicAdd, Space: "shelf", Key: "k", Attrs: []models.Attr{word("x")}}, models.WrongType},
		{models.Op{Verb: models.SetAdd, Space: "shelf", Key: "k", Attrs: []models.Attr{word("x")}}, models.WrongType},
	}
	s := shelf{tolerate: 1, partitions: 1, net: sloppy, programs: []actors.Program{func(env actors.Env) error {
		c := store.NewClient(env)
		certainly(c, put(word("before"), number(3)))
		var open []*store.Deferred
		for _, step := range refused {
			open = append(open, c.Async(step.op))
		}
		for i, step := range refused {
			if r := open[i].Wait(); r.Status != step.status {
				return fmt.Errorf("%v: %v, want %v", step.op, r, step.status)
			}
		}
		env.Clock.Sleep(5 * time.Second)
		env.Note(final{read(c, "k")})
		return nil
	}}}
	r := s.run(t, 1, faults.Fault{At: 3 * time.Second, Kind: faults.PowerLoss, Hosts: []string{faults.All}, For: 100 * time.Millisecond})
	if got, want := factsOf[final](r)[0].Object.String(), `SUCCESS {count: 3, tags: set(string){}, word: "before"}`; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
