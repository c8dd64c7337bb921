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

// A given is the fact that an operation gave a result.
type given struct{ Result string }

// everyVerb has each verb succeed and fail, on one key, in this order.
var everyVerb = []struct {
	op     models.Op
	status models.Status
}{
	{models.Op{Verb: models.Get}, models.NotFound},
	{models.Op{Verb: models.Del}, models.NotFound},
	{models.Op{Verb: models.SetAdd, Attrs: []models.Attr{tag("a")}}, models.NotFound},
	{models.Op{Verb: models.SetRemove, Attrs: []models.Attr{tag("a")}}, models.NotFound},
	{models.Op{Verb: models.AtomicAdd, Attrs: []models.Attr{number(1)}}, models.NotFound},
	{models.Op{Verb: models.CondPut, Checks: []models.Check{{Attr: "count", Value: models.IntValue(0)}}, Attrs: []models.Attr{number(1)}}, models.NotFound},
	{models.Op{Verb: models.PutIfNotExist, Attrs: []models.Attr{word("new")}}, models.Success},
	{models.Op{Verb: models.PutIfNotExist, Attrs: []models.Attr{word("newer")}}, models.CmpFail},
	{models.Op{Verb: models.Put, Attrs: []models.Attr{number(5)}}, models.Success},
	{models.Op{Verb: models.CondPut, Checks: []models.Check{{Attr: "count", Value: models.IntValue(4)}}, Attrs: []models.Attr{number(9)}}, models.CmpFail},
	{models.Op{Verb: models.CondPut, Checks: []models.Check{{Attr: "count", Value: models.IntValue(5)}}, Attrs: []models.Attr{number(6)}}, models.Success},
	{models.Op{Verb: models.AtomicAdd, Attrs: []models.Attr{number(-2)}}, models.Success},
	{models.Op{Verb: models.AtomicAdd, Attrs: []models.Attr{number(9223372036854775807)}}, models.Overflow},
	{models.Op{Verb: models.SetAdd, Attrs: []models.Attr{tag("a")}}, models.Success},
	{models.Op{Verb: models.SetRemove, Attrs: []models.Attr{tag("b")}}, models.Success},
	{models.Op{Verb: models.Get}, models.Success},
	{models.Op{Verb: models.Del}, models.Success},
	{models.Op{Verb: models.Get}, models.NotFound},
}

// R4, R6: every operation has a form that waits and one that does not, and both
// give the result that the model of the operation has.
func TestBothFormsOfEveryOperationGiveTheSame(t *testing.T) {
	direct := func(c *store.Client, op models.Op) models.Result {
		status := func(s models.Status) models.Result { return models.Result{Status: s} }
		switch op.Verb {
		case models.Get:
			return c.Get(op.Space, op.Key)
		case models.Put:
			return status(c.Put(op.Space, op.Key, op.Attrs...))
		case models.CondPut:
			return status(c.CondPut(op.Space, op.Key, op.Checks, op.Attrs...))
		case models.PutIfNotExist:
			return status(c.PutIfNotExist(op.Space, op.Key, op.Attrs...))
		case models.Del:
			return status(c.Del(op.Space, op.Key))
		case models.SetAdd:
			return status(c.SetAdd(op.Space, op.Key, op.Attrs...))
		case models.SetRemove:
			return status(c.SetRemove(op.Space, op.Key, op.Attrs...))
		default:
			return status(c.AtomicAdd(op.Space, op.Key, op.Attrs...))
		}
	}
	waited := func(c *store.Client, op models.Op) models.Result { return c.Async(op).Wait() }
	looped := func(c *store.Client, op models.Op) models.Result {
		c.Async(op)
		d, _ := c.Loop(0)
		return d.Wait()
	}
	for name, form := range map[string]func(*store.Client, models.Op) models.Result{"direct": direct, "waited": waited, "looped": looped} {
		t.Run(name, func(t *testing.T) {
			s := shelf{tolerate: 1, partitions: 1, net: sloppy, programs: []actors.Program{func(env actors.Env) error {
				c := store.NewClient(env)
				for _, step := range everyVerb {
					op := step.op
					op.Space, op.Key = "shelf", "k"
					env.Note(given{form(c, op).String()})
				}
				return nil
			}}}
			got := factsOf[given](s.run(t, 1))
			var object models.Object
			for i, step := range everyVerb {
				op := step.op
				op.Space, op.Key = "shelf", "k"
				var want models.Result
				object, want = models.Apply(s.space(), object, op)
				if want.Status != step.status || got[i].Result != want.String() {
					t.Errorf("%d. %v: %s, want %v (%v)", i, op, got[i].Result, want, step.status)
				}
			}
		})
	}
}

// R8: issuing takes no time and does not block, although the daemon that serves
// half of the keys has stopped; what was issued for it completes when it is back.
func TestIssuingToAStoppedDaemonTakesNoTime(t *testing.T) {
	const n = 1000
	type took struct{ Issue, All time.Duration }
	s := shelf{partitions: 4, options: store.Options{Daemons: 2}, net: faults.Net{DelayMin: delay, DelayMax: delay},
		programs: []actors.Program{func(env actors.Env) error {
			c := store.NewClient(env)
			env.Clock.Sleep(time.Second - env.Clock.Now())
			began := env.Clock.Now()
			for i := range n {
				c.AsyncPut("shelf", fmt.Sprint(i), word("x"))
			}
			issued := env.Clock.Now()
			for range n {
				if d, status := c.Loop(0); status != models.Success || !d.Done() {
					return fmt.Errorf("loop: %v", status)
				}
			}
			env.Note(took{issued - began, env.Clock.Now() - began})
			return nil
		}},
	}
	r := s.run(t, 1, faults.Fault{At: 900 * time.Millisecond, Kind: faults.Stop, Hosts: []string{"daemon2"}, For: 5 * time.Second})
	got := factsOf[took](r)[0]
	if got.Issue != 0 {
		t.Errorf("%d operations took %v to issue", n, got.Issue)
	}
	if got.All < 4*time.Second {
		t.Errorf("all was done after %v: no operation was for the stopped daemon", got.All)
	}
}

// R9: N operations under way together cost two round trips and the time that the
// daemon works on each; one after the other they cost N round trips.
func TestPipeliningCostsServiceNotRoundTrips(t *testing.T) {
	const (
		n       = 200
		service = 100 * time.Microsecond
	)
	type took struct{ Together, Apart time.Duration }
	s := shelf{partitions: 1, options: store.Options{Daemons: 1}, service: service,
		net: faults.Net{DelayMin: delay, DelayMax: delay},
		programs: []actors.Program{func(env actors.Env) error {
			c := store.NewClient(env)
			write(c, "warm", "x")
			began := env.Clock.Now()
			for i := range n {
				c.AsyncPut("shelf", fmt.Sprint(i), word("x"))
			}
			for range n {
				c.Loop(0)
			}
			together := env.Clock.Now() - began
			for i := range n {
				c.Put("shelf", fmt.Sprint(i), word("y"))
			}
			env.Note(took{together, env.Clock.Now() - began - together})
			return nil
		}},
	}
	got := factsOf[took](s.run(t, 1))[0]
	// An operation is a step of the client when it is issued, and one of the daemon;
	// its reply, its Loop and its record in the log are steps beside these.
	if most := 2*(2*delay) + 3*n*service; got.Together > most {
		t.Errorf("%d together took %v, more than %v", n, got.Together, most)
	}
	if got.Apart < n*2*delay {
		t.Errorf("%d apart took %v, less than %d round trips", n, got.Apart, n)
	}
}

// R10: whatever the order of the waits, results and state are the same.
func TestOrderOfWaitsIsIrrelevant(t *testing.T) {
	ops := everyVerb[6:10] // what a key went through, on four keys here
	var want []given
	permutations(len(ops), func(order []int) {
		s := shelf{tolerate: 1, partitions: 4, net: sloppy, programs: []actors.Program{func(env actors.Env) error {
			c := store.NewClient(env)
			var open []*store.Deferred
			results := make([]string, len(ops))
			for i, step := range ops {
				op := step.op
				op.Space, op.Key = "shelf", fmt.Sprint(i)
				open = append(open, c.Async(op))
			}
			for _, i := range order {
				results[i] = open[i].Wait().String()
			}
			for i := range ops {
				env.Note(given{results[i]})
				env.Note(given{read(c, fmt.Sprint(i)).String()})
			}
			if _, status := c.Loop(0); status != models.NonePending {
				return fmt.Errorf("loop after all waits: %v", status)
			}
			return nil
		}}}
		got := factsOf[given](s.run(t, 1))
		if want == nil {
			want = got
		}
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("waits in the order %v gave %v, others %v", order, got, want)
		}
	})
}

// permutations calls f with every order of 0 to n-1.
func permutations(n int, f func([]int)) {
	order := make([]int, 0, n)
	var place func()
	place = func() {
		if len(order) == n {
			f(order)
			return
		}
	next:
		for i := range n {
			for _, j := range order {
				if i == j {
					continue next
				}
			}
			order = append(order, i)
			place()
			order = order[:len(order)-1]
		}
	}
	place()
}

// R16, R17: Loop with nothing outstanding says so at once. A deadline that passes
// changes nothing: the operation completes later, once.
func TestDeadlinesOfLoopAndWaitChangeNothing(t *testing.T) {
	s := shelf{tolerate: 1, partitions: 1, net: faults.Net{DelayMin: delay, DelayMax: delay}, programs: []actors.Program{func(env actors.Env) error {
		c := store.NewClient(env)
		write(c, "k", "x")
		began := env.Clock.Now()
		if _, status := c.Loop(time.Hour); status != models.NonePending || env.Clock.Now() != began {
			return fmt.Errorf("loop with nothing outstanding: %v after %v", status, env.Clock.Now()-began)
		}
		a := c.AsyncPut("shelf", "k", word("a"))
		b := c.AsyncGet("shelf", "other")
		for range 3 {
			if r := a.WaitFor(delay / 10); r.Status != models.Timeout {
				return fmt.Errorf("wait: %v", r)
			}
			if _, status := c.Loop(delay / 10); status != models.Timeout {
				return fmt.Errorf("loop: %v", status)
			}
		}
		handed := map[*store.Deferred]int{}
		for range 2 {
			d, _ := c.Loop(0)
			handed[d]++
		}
		if handed[a] != 1 || handed[b] != 1 || a.Wait().Status != models.Success || b.Wait().Status != models.NotFound {
			return fmt.Errorf("handed out %v: %v, %v", handed, a.Wait(), b.Wait())
		}
		if _, status := c.Loop(0); status != models.NonePending {
			return fmt.Errorf("loop at the end: %v", status)
		}
		return nil
	}}}
	s.run(t, 1)
}
