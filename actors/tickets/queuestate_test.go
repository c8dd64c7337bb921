package tickets

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"

	"github.com/simrun/simrun/models"
)

func jobNamed(name string) task { return task{Job: Job{Name: name, Work: time.Second}, Ticket: 7} }

// A queue that is full refuses, and one that has the job already does not.
func TestFullQueueRefuses(t *testing.T) {
	q := newQueueState(QueueLimits{Jobs: 2, Name: 10}, 1)
	for _, c := range []struct {
		name  string
		want  Status
		fresh bool
	}{{"a", OK, true}, {"b", OK, true}, {"c", Full, false}, {"a", OK, false}, {"a name too long", TooLarge, false}} {
		if got, fresh := q.enqueue(jobNamed(c.name)); got != c.want || fresh != c.fresh {
			t.Errorf("%s: %v, fresh %v; want %v, %v", c.name, got, fresh, c.want, c.fresh)
		}
	}
	d, _ := q.lease(0)
	if got, _ := q.enqueue(jobNamed("c")); got != Full {
		t.Errorf("a job that a worker holds takes no room: %v", got)
	}
	if q.done(d.Task.Job.Name, d.Token) != OK {
		t.Fatal("not settled")
	}
	if got, _ := q.enqueue(jobNamed("c")); got != OK {
		t.Errorf("there is room: %v", got)
	}
}

// A token is good until its lease runs out, or its job is given back, and never again.
func TestStaleTokensAreRefused(t *testing.T) {
	q := newQueueState(QueueLimits{Lease: time.Second, Deliveries: 9}, 1)
	q.enqueue(jobNamed("a"))
	first, _ := q.lease(0)
	q.renew("a", first.Token, 900*time.Millisecond)
	if got := q.expired(1900*time.Millisecond - 1); len(got) > 0 {
		t.Fatalf("%v ran out before its time", got)
	}
	for _, it := range q.expired(1900 * time.Millisecond) {
		q.again(it)
	}
	if got := q.done("a", first.Token); got != Stale {
		t.Errorf("the token of a lease that ran out: %v", got)
	}
	second, ok := q.lease(2 * time.Second)
	if !ok || second.Token == first.Token {
		t.Fatalf("handed out again: %v, %+v", ok, second)
	}
	if got := q.release("a", first.Token, false); got != Stale {
		t.Errorf("the first token gives back the second lease: %v", got)
	}
	if got := q.done("a", second.Token); got != OK {
		t.Errorf("the present token: %v", got)
	}
	if got := q.done("a", second.Token); got != Stale {
		t.Errorf("the same token again: %v", got)
	}
}

// A job that no worker can do is handed out so many times and then to be buried, also
// if the queue restarts on the way. What nobody tried counts for nothing.
func TestPoisonIsBuriedAfterItsDeliveries(t *testing.T) {
	q := newQueueState(QueueLimits{Deliveries: 3}, 1)
	q.enqueue(jobNamed("a"))
	log := [][]byte{enqueuedRecord(jobNamed("a"))}
	for i := range 3 {
		d, _ := q.lease(0)
		log = append(log, nameRecord(jobDelivered, "a"))
		if d.Dead != "" {
			t.Fatalf("given up after %d deliveries", i)
		}
		if i == 1 {
			q.release("a", d.Token, true)
			log = append(log, nameRecord(jobReleased, "a"))
			d, _ = q.lease(0)
			log = append(log, nameRecord(jobDelivered, "a"))
		}
		q.release("a", d.Token, false)
	}
	restarted := newQueueState(QueueLimits{Deliveries: 3}, 2)
	for _, record := range log {
		if err := restarted.replay(record); err != nil {
			t.Fatal(err)
		}
	}
	restarted.recovered()
	for _, q := range []*queueState{q, restarted} {
		d, ok := q.lease(0)
		if !ok || d.Dead == "" {
			t.Errorf("boot %d: %+v, want it to be buried", q.boot, d)
		}
		if q.done("a", d.Token) != OK || len(q.jobs) != 0 {
			t.Errorf("boot %d: it is not buried", q.boot)
		}
	}
}

// A queue does what its model says, and one that is restored has the same jobs in the
// same order.
func TestQueueObeysItsModel(t *testing.T) {
	props := gopter.NewProperties(gopter.DefaultTestParametersWithSeed(1))
	props.Property("the model follows every event", prop.ForAll(func(seed int64) string {
		const limit = 3
		d := rand.New(rand.NewPCG(uint64(seed), 9))
		q := newQueueState(QueueLimits{Jobs: 4, Lease: 5 * time.Second, Deliveries: limit}, 1)
		model := map[string]models.Job{}
		var held []delivery
		now := time.Duration(0)
		apply := func(name string, op models.JobOp) error {
			next, err := models.ApplyJob(model[name], op, limit, true)
			model[name] = next
			return err
		}
		for range 200 {
			var err error
			now += time.Duration(d.Int64N(int64(2 * time.Second)))
			switch name := fmt.Sprint(d.IntN(6)); d.IntN(6) {
			case 0:
				if status, _ := q.enqueue(jobNamed(name)); status == OK {
					err = apply(name, models.JobOp{Verb: models.JobEnqueue})
				}
			case 1:
				if l, ok := q.lease(now); ok {
					held = append(held, l)
					err = apply(l.Task.Job.Name, models.JobOp{Verb: models.JobLease, Token: l.Token.N, Dead: l.Dead != ""})
				}
			case 2, 3, 4:
				if len(held) == 0 {
					continue
				}
				l := held[d.IntN(len(held))] // perhaps one that is settled, or has run out
				name := l.Task.Job.Name
				op, status := models.JobOp{Verb: models.JobAck, Token: l.Token.N}, OK
				switch d.IntN(3) {
				case 0:
					status = q.done(name, l.Token)
				case 1:
					op.Verb, status = models.JobNack, q.release(name, l.Token, false)
				default:
					op.Verb, status = models.JobReturn, q.release(name, l.Token, true)
				}
				before := model[name]
				if err = apply(name, op); (err == nil) != (status == OK) {
					return fmt.Sprintf("%+v on %+v: the queue says %v, the model %v", op, before, status, err)
				}
				err = nil
			default:
				for _, it := range q.expired(now) {
					err = apply(it.task.Job.Name, models.JobOp{Verb: models.JobExpire, Token: it.token.N})
					q.again(it)
				}
			}
			if err != nil {
				return err.Error()
			}
			if len(q.jobs) > 4 || len(q.ready)+len(q.leased) != len(q.jobs) {
				return fmt.Sprintf("%d jobs, %d ready, %d leased", len(q.jobs), len(q.ready), len(q.leased))
			}
		}
		state := q.snapshot()
		restored := newQueueState(q.limits, 2)
		if err := restored.restore(state); err != nil || !bytes.Equal(restored.snapshot(), state) {
			return fmt.Sprintf("restored differs: %v", err)
		}
		return ""
	}, gen.Int64()))
	props.TestingRun(t)
}
