package primes

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
)

// Requirements on submissions and polls.

// R100: a submission is answered in less than 200 ms, with the entry stored, whatever
// the job takes.
func TestSubmissionIsAnsweredAtOnceWhateverTheJobTakes(t *testing.T) {
	for _, queue := range []QueueKind{NoQueue, InMemory, Durable} {
		o := Options{Timing: quick, Queue: queue}
		o.Timing.Slice = 5 * time.Second // the job takes minutes
		o.Timing.TTL, o.Timing.Lease = time.Hour, time.Hour
		trial{options: o, net: faults.Net{DelayMin: time.Millisecond, DelayMax: 10 * time.Millisecond, DiskMax: 10 * time.Millisecond}, programs: []actors.Program{func(env actors.Env) error {
			submitted(env, 1, 10) // the servers are up
			began := env.Clock.Now()
			r, err := connOf(env).Submit(1, RangeMax)
			took := env.Clock.Now() - began
			if err != nil || r.Status != InProgress || r.Payload != "" || took >= 200*time.Millisecond {
				return fmt.Errorf("answered %+v, %v after %v", r, err, took)
			}
			if p, code := polled(env, r); code != OK || p.Status != InProgress {
				return fmt.Errorf("at once afterwards a poll is answered %d %+v", code, p)
			}
			return nil
		}}}.run(t, 1)
	}
}

// R101: no id is used twice, by any server or after any restart.
func TestIDsAreNeverUsedTwice(t *testing.T) {
	params := gopter.DefaultTestParametersWithSeed(1)
	params.MinSuccessfulTests = 1_000
	law := gopter.NewProperties(params)
	host, boot := gen.RegexMatch("sv[1-9][0-9]?"), gen.UInt64()
	law.Property("an id says which life of which server gave it", prop.ForAll(func(h string, b, n uint64, h2 string, b2 uint64) bool {
		got, mine := numberOf(newID(h, b, n), h, b)
		_, other := numberOf(newID(h, b, n), h2, b2)
		return mine && got == n && other == (h == h2 && b == b2)
	}, host, boot, gen.UInt64(), host, boot))
	law.TestingRun(t)

	seen := map[string]bool{}
	trial{options: Options{Timing: quick}, programs: []actors.Program{func(env actors.Env) error {
		for range 100 {
			r := submitted(env, 1, 10)
			if seen[r.ID] {
				return fmt.Errorf("id %s is used twice", r.ID)
			}
			seen[r.ID] = true
			env.Clock.Sleep(20 * time.Millisecond)
		}
		return nil
	}}}.run(t, 1,
		faults.Fault{At: 500 * time.Millisecond, Kind: faults.Crash, Hosts: []string{"sv1", "sv2"}, For: 100 * time.Millisecond},
		faults.Fault{At: time.Second, Kind: faults.Wipe, Hosts: []string{"sv3"}, For: 100 * time.Millisecond},
		faults.Fault{At: 1500 * time.Millisecond, Kind: faults.PowerLoss, Hosts: []string{"sv1", "sv2", "sv3"}, For: 100 * time.Millisecond})
}

// R102: every server answers polls about every request, from the reply to its submission
// on.
func TestAnyServerAnswersAnyPoll(t *testing.T) {
	for _, kind := range []StoreKind{Shared, Replicated} {
		trial{options: Options{Timing: quick, Store: kind}, programs: []actors.Program{func(env actors.Env) error {
			for range 6 {
				r := submitted(env, 1, 1000)
				for _, server := range []string{"sv1", "sv2", "sv3"} {
					reply, err := env.Request(env.PID(server+"/"+serverActor), Poll{Client: "c0", ID: r.ID}, 5*time.Second)
					if p, ok := reply.(Response); err != nil || !ok || p.ID != r.ID {
						return fmt.Errorf("%s answers %+v, %v to a poll of %s", server, reply, err, r.ID)
					}
				}
			}
			return nil
		}}}.run(t, 1)
	}
}

// R104, R109: the library blocks and returns the sum, or the reason, over asynchronous
// and synchronous servers alike.
func TestCallReturnsTheSumOrTheReason(t *testing.T) {
	for _, sync := range []bool{false, true} {
		trial{options: Options{Timing: quick, Sync: sync}, programs: []actors.Program{func(env actors.Env) error {
			client := libraryOf(env, 3*time.Second)
			if sum, err := client.SumPrime(forever, 1, 10); err != nil || sum != 17 {
				return fmt.Errorf("[1, 10): %d, %v", sum, err)
			}
			var refused Refusal
			if _, err := client.SumPrime(forever, 10, 1); !errors.As(err, &refused) || refused.Code != BadRequest {
				return fmt.Errorf("[10, 1): %v", err)
			}
			return nil
		}}}.run(t, 1)
	}
}

// R109: a call ends when it is cancelled, also while nobody answers, and says why.
func TestCallEndsWhenItIsCancelled(t *testing.T) {
	trial{options: Options{Timing: quick}, programs: []actors.Program{func(env actors.Env) error {
		client := libraryOf(env, 3*time.Minute)
		env.Clock.Sleep(time.Second)
		began := env.Clock.Now()
		_, err := client.SumPrime(Deadline{Clock: env.Clock, At: began + 500*time.Millisecond}, 1, 10)
		if took := env.Clock.Now() - began; !errors.Is(err, actors.ErrTimeout) || took > 2*time.Second {
			return fmt.Errorf("ended after %v with %v", took, err)
		}
		return nil
	}}}.run(t, 1, faults.Fault{At: 500 * time.Millisecond, Kind: faults.Isolate, Hosts: []string{"lb"}, For: time.Hour})
}

// R110: pauses between polls grow, differ from call to call, and are bounded.
func TestPollsAreSpacedWithBackoffAndJitter(t *testing.T) {
	o := Options{Timing: quick}
	o.Timing.Slice, o.Timing.Lease = time.Minute, time.Hour
	firsts := map[time.Duration]bool{}
	for seed := range uint64(5) {
		r := trial{options: o, programs: []actors.Program{func(env actors.Env) error {
			env.Clock.Sleep(200 * time.Millisecond)
			_, err := libraryOf(env, time.Hour).SumPrime(forever, 1, 10)
			return err
		}}}.run(t, seed)
		var before time.Duration
		for i, n := range factsOf[Asked](r) {
			pause := n.At - before
			before = n.At
			if i == 0 {
				continue
			}
			if i == 1 {
				firsts[pause] = true
			}
			// Half a pause to a whole one, and the 8 ms at most that an answer takes.
			longest := 10 * time.Millisecond
			for range i - 1 {
				longest = min(longest+longest/2, 200*time.Millisecond)
			}
			if pause < longest/2 || pause > longest+8*time.Millisecond {
				t.Fatalf("seed %d: pause %d is %v, want %v to %v", seed, i, pause, longest/2, longest)
			}
		}
	}
	if len(firsts) < 3 {
		t.Errorf("the first pauses of five calls are %v", firsts)
	}
}

// R116: what is refused stores nothing.
func TestRefusedRangesStoreNothing(t *testing.T) {
	r := trial{options: Options{Timing: quick}, programs: []actors.Program{func(env actors.Env) error {
		env.Clock.Sleep(200 * time.Millisecond)
		for _, c := range [][2]int64{{0, 5}, {-1, 5}, {5, 5}, {9, 5}, {1, RangeMax + 1}} {
			_, err := connOf(env).Submit(c[0], c[1])
			var refused Refusal
			if !errors.As(err, &refused) || refused.Code != BadRequest {
				return fmt.Errorf("[%d, %d): %v", c[0], c[1], err)
			}
		}
		if _, err := connOf(env).Poll("sv1-1-1", ""); err == nil || err.(Refusal).Code != NotFound {
			return fmt.Errorf("an id that nobody was given: %v", err)
		}
		return nil
	}}}.run(t, 1)
	if made := factsOf[Created](r); len(made) > 0 {
		t.Errorf("%d entries are stored", len(made))
	}
}
