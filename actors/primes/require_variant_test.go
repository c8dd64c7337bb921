package primes

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
)

// Requirements on the balancer and on the variants of the service.

// R117: the balancer spreads evenly, and sends nothing to servers that are down for
// longer than it takes to notice.
func TestBalancerSpreadsEvenlyAndDropsDeadServers(t *testing.T) {
	const down, up = 2 * time.Second, 4 * time.Second
	r := trial{options: Options{Timing: quick}, programs: []actors.Program{func(env actors.Env) error {
		for env.Clock.Now() < 6*time.Second {
			_, _ = connOf(env).Poll("none", "")
			env.Clock.Sleep(3 * time.Millisecond)
		}
		return nil
	}}}.run(t, 1, faults.Fault{At: down, Kind: faults.Crash, Hosts: []string{"sv2"}, For: up - down})
	notice := 5 * quick.Health
	for _, c := range []struct {
		from, to time.Duration
		servers  int
	}{{200 * time.Millisecond, down, 3}, {down + notice, up, 2}, {up + notice, 6 * time.Second, 3}} {
		sent := map[string]int{}
		for _, n := range factsOf[Picked](r) {
			if n.At >= c.from && n.At < c.to {
				sent[n.Fact.(Picked).Server]++
			}
		}
		least, most := 1<<30, 0
		for _, n := range sent {
			least, most = min(least, n), max(most, n)
		}
		if len(sent) != c.servers || most-least > 1 || most < 50 {
			t.Errorf("from %v to %v: %v, want as many to each of %d", c.from, c.to, sent, c.servers)
		}
	}
}

// R112: with affinity the cookie takes polls to the server that has the response; its
// end is a clean failure, after which the client submits again. Without affinity, polls
// miss.
func TestPollsFollowTheCookie(t *testing.T) {
	o := Options{Timing: quick, Store: Local, Affinity: true}
	trial{options: o, programs: []actors.Program{func(env actors.Env) error {
		for range 10 {
			if r := finished(env, submitted(env, 1, 10)); r.Payload != "17" {
				return fmt.Errorf("a poll with the cookie is answered %+v", r)
			}
		}
		sum, err := libraryOf(env, 2*time.Second).SumPrime(forever, 1, 100_000)
		if err != nil || sum != 454_396_537 {
			return fmt.Errorf("%d, %v", sum, err)
		}
		return nil
	}}}.run(t, 1)

	slow := o
	slow.Timing.Slice = 200 * time.Millisecond
	r := trial{options: slow, programs: []actors.Program{func(env actors.Env) error {
		env.Clock.Sleep(300 * time.Millisecond)
		env.Note(actors.Point("submit"))
		if sum, err := libraryOf(env, 2*time.Second).SumPrime(forever, 1, 10); err != nil || sum != 17 {
			return fmt.Errorf("%d, %v", sum, err)
		}
		return nil
	}}}.run(t, 1, faults.Fault{At: 400 * time.Millisecond, Kind: faults.Crash, Hosts: []string{"sv1"}, For: 20 * time.Second})
	gone := 0
	for _, n := range factsOf[Told](r) {
		if n.Fact.(Told).Code == Unavailable {
			gone++
		}
	}
	if gone == 0 || len(factsOf[Created](r)) != 2 {
		t.Errorf("the owner of the response went; %d polls were told so, and %d entries made", gone, len(factsOf[Created](r)))
	}

	o.Affinity = false
	misses := 0
	trial{options: o, programs: []actors.Program{func(env actors.Env) error {
		r := submitted(env, 1, 10)
		for range 10 {
			if _, code := polled(env, r); code == NotFound {
				misses++
			}
		}
		return nil
	}}}.run(t, 1)
	if misses == 0 {
		t.Error("without affinity every poll finds the response all the same")
	}
}

// R111: a store in memory keeps as many entries as it has room for, gives up the oldest,
// and loses all in a crash, after which the client library has the sum computed again.
func TestStoreInMemoryIsBoundedAndItsLossHeals(t *testing.T) {
	o := Options{Timing: quick, Limits: Limits{Entries: 3}}
	r := trial{options: o, programs: []actors.Program{func(env actors.Env) error {
		for range 10 {
			finished(env, submitted(env, 1, 10))
			if n := tell(env, Census{}).(Count).Entries; n > 3 {
				return fmt.Errorf("%d entries are kept in a store with room for 3", n)
			}
		}
		env.Note(actors.Point("crash"))
		if sum, err := libraryOf(env, 2*time.Second).SumPrime(forever, 1, 10); err != nil || sum != 17 {
			return fmt.Errorf("%d, %v", sum, err)
		}
		return nil
	}}}.run(t, 1, faults.Fault{Point: "crash", Nth: 1, Host: "c0", Kind: faults.Crash, Hosts: []string{StoreHost}, For: time.Second})
	if n := len(factsOf[Evicted](r)); n != 7 {
		t.Errorf("%d entries were given up, want 7", n)
	}
	if n := len(factsOf[StoreBegan](r)); n != 2 {
		t.Errorf("the store has begun %d times, want twice", n)
	}
}

// R114: a durable queue delivers every job that it took, though it loses its power and
// servers die with jobs. One in memory loses them, and the client library heals that.
func TestDurableQueueLosesNothing(t *testing.T) {
	for _, kind := range []QueueKind{Durable, InMemory} {
		lost := 0
		for seed := range uint64(20) {
			o := Options{Timing: quick, Queue: kind, Servers: 2}
			o.Timing.Slice = 30 * time.Millisecond
			net := faults.Net{DelayMin: time.Millisecond, DelayMax: 10 * time.Millisecond, DiskMin: time.Millisecond, DiskMax: 3 * time.Millisecond}
			r := trial{options: o, net: net, programs: []actors.Program{func(env actors.Env) error {
				for range 8 {
					submitted(env, 1, 10)
				}
				env.Note(actors.Point("queued"))
				if sum, err := libraryOf(env, 3*time.Second).SumPrime(forever, 1, 10); err != nil || sum != 17 {
					return fmt.Errorf("%d, %v", sum, err)
				}
				env.Clock.Sleep(20 * time.Second)
				return nil
			}}}.run(t, seed,
				faults.Fault{Point: "queued", Nth: 1, Host: "c0", Kind: faults.PowerLoss, Hosts: []string{QueueHost}, For: 100 * time.Millisecond},
				faults.Fault{Point: "queued", Nth: 1, Host: "c0", Kind: faults.Crash, Hosts: []string{"sv1"}, For: 2 * time.Second})
			var computed []string
			for _, n := range factsOf[Computed](r) {
				computed = append(computed, n.Fact.(Computed).ID)
			}
			for _, n := range factsOf[Queued](r) {
				if !slices.Contains(computed, n.Fact.(Queued).ID) {
					lost++
				}
			}
		}
		if (lost == 0) != (kind == Durable) {
			t.Errorf("queue %s has lost %d jobs", kind, lost)
		}
	}
}

// R114: a job that nobody can finish is given out a few times and then fails for good.
func TestPoisonedJobEndsFailed(t *testing.T) {
	o := Options{Timing: quick, Queue: Durable, Limits: Limits{Slice: 10, Slices: 3, Deliveries: 3}}
	r := trial{options: o, programs: []actors.Program{func(env actors.Env) error {
		if got := finished(env, submitted(env, 1, 1000)); got.Status != Failed || got.Reason != TooLong || got.Payload != "" {
			return fmt.Errorf("ended as %+v", got)
		}
		if got := finished(env, submitted(env, 1, 10)); got.Payload != "17" {
			return fmt.Errorf("the job after it ended as %+v", got)
		}
		return nil
	}}}.run(t, 1)
	if n := len(factsOf[GaveUp](r)); n != 1 {
		t.Errorf("the job was given up %d times", n)
	}
}

// R115: progress services take all polls.
func TestProgressServicesTakeAllPolls(t *testing.T) {
	r := trial{options: Options{Timing: quick, Progress: 2}, programs: []actors.Program{func(env actors.Env) error {
		for range 10 {
			finished(env, submitted(env, 1, 10))
		}
		return nil
	}}}.run(t, 1)
	hosts := map[string]int{}
	for _, n := range factsOf[Polled](r) {
		hosts[n.Host]++
		if !strings.HasPrefix(n.Host, "pg") {
			t.Fatalf("%s was sent a poll", n.Host)
		}
	}
	if len(hosts) != 2 {
		t.Errorf("polls went to %v, want both services", hosts)
	}
}

// R110: whatever clients do, each of them gets its rate and a burst, and no more; one
// that keeps to the rate is never refused.
func TestThrottleHoldsEveryClientToItsRate(t *testing.T) {
	params := gopter.DefaultTestParametersWithSeed(1)
	params.MinSuccessfulTests = 300
	law := gopter.NewProperties(params)
	law.Property("rate and burst", prop.ForAll(func(gaps []int64, rate, burst int) bool {
		th := &throttle{rate: rate, burst: burst, room: 10}
		now, allowed := time.Duration(0), 0
		price := time.Second / time.Duration(rate)
		polite := time.Duration(0)
		for _, gap := range gaps {
			now += time.Duration(gap) * time.Millisecond
			if th.allow("abuser", now) {
				allowed++
			}
			for polite += price; polite <= now; polite += price {
				if !th.allow("polite", polite) {
					return false
				}
			}
			polite -= price
		}
		return allowed <= burst+int(now/price)
	}, gen.SliceOf(gen.Int64Range(0, 300)), gen.IntRange(1, 50), gen.IntRange(1, 20)))
	law.TestingRun(t)

	th := &throttle{rate: 1, burst: 1, room: 3}
	for i := range 100 {
		th.allow(fmt.Sprint(i), 0)
	}
	if len(th.buckets) > 3 || len(th.order) > 3 {
		t.Errorf("a throttle with room for 3 clients remembers %d", len(th.buckets))
	}
}
