package primes

import (
	"fmt"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
)

// Requirements on responses and their time to live.

// tell sends a message to the response store and returns the answer.
func tell(env actors.Env, m any) any {
	reply, err := env.Request(env.PID(StoreHost+"/"+storeActor), m, 0)
	if err != nil {
		panic(err)
	}
	return reply
}

// R103: what has ended stays as it is, whatever arrives late.
func TestLateMessagesDoNotChangeWhatHasEnded(t *testing.T) {
	made := create{ID: "sv1-1-1", Server: "sv1", Boot: 1, N: 1, Lowest: 1}
	trial{options: Options{Timing: quick}, programs: []actors.Program{func(env actors.Env) error {
		want := Response{ID: made.ID, Status: Finished, Payload: "17"}
		tell(env, made)
		tell(env, settle{ID: made.ID, Status: Finished, Payload: "17"})
		for _, late := range []any{made, settle{ID: made.ID, Status: Failed, Reason: TooLong}, settle{ID: made.ID, Status: Finished, Payload: "18"}} {
			tell(env, late)
			env.Send(env.PID(StoreHost+"/"+storeActor), renew{ID: made.ID})
			if got := tell(env, read{ID: made.ID}); got != want {
				return fmt.Errorf("after a late %T: %+v", late, got)
			}
		}
		// Nor does it come back when it has expired.
		env.Clock.Sleep(quick.TTL + quick.Sweep)
		older := create{ID: "sv1-0-7", Server: "sv1", Boot: 0, N: 7}
		for _, late := range []create{made, older} {
			if got := tell(env, late).(created); got.OK {
				return fmt.Errorf("%s was made again after it had expired", late.ID)
			}
		}
		return nil
	}}}.run(t, 1)
}

// R106: a response lives for its time to live, from the terminal state on, and not a
// millisecond longer: the default of three minutes, and others.
func TestResponseLivesForItsTimeToLiveAndNoLonger(t *testing.T) {
	for _, ttl := range []time.Duration{DefaultTiming.TTL, time.Second} {
		for _, end := range []settle{{Status: Finished, Payload: "17"}, {Status: Failed, Reason: TooLong}} {
			trial{options: Options{Timing: Timing{TTL: ttl}}, programs: []actors.Program{func(env actors.Env) error {
				tell(env, create{ID: "sv1-1-1", Server: "sv1", Boot: 1, N: 1, Lowest: 1})
				env.Clock.Sleep(time.Minute) // the submission does not count
				end.ID = "sv1-1-1"
				tell(env, end)
				ended := env.Clock.Now() - time.Millisecond // the reply was on its way for one
				for _, c := range []struct {
					after time.Duration
					there bool
				}{{0, true}, {ttl - time.Millisecond, true}, {ttl, false}, {ttl + time.Hour, false}} {
					env.Clock.Sleep(ended + c.after - time.Millisecond - env.Clock.Now()) // it arrives one later
					if got, there := tell(env, read{ID: end.ID}).(Response); there != c.there {
						return fmt.Errorf("%v after the end, with a time to live of %v: %+v", c.after, ttl, got)
					}
				}
				if n := tell(env, Census{}).(Count).Entries; n != 0 {
					return fmt.Errorf("%d entries are kept", n)
				}
				return nil
			}}}.run(t, 1)
		}
	}
}

// R106: what has expired is swept although nobody asks for it, in both kinds of stores.
func TestExpiredResponsesAreSwept(t *testing.T) {
	for _, kind := range []StoreKind{Shared, Replicated} {
		o := Options{Timing: quick, Store: kind}
		trial{options: o, programs: []actors.Program{func(env actors.Env) error {
			for range 10 {
				finished(env, submitted(env, 1, 10))
			}
			env.Clock.Sleep(quick.TTL + 4*quick.Sweep)
			reply, err := env.Request(env.PID(o.CensusPaths()[0]), Census{}, 0)
			if n, ok := reply.(Count); err != nil || !ok || n.Entries != 0 {
				return fmt.Errorf("store %s keeps %v, %v", kind, reply, err)
			}
			return nil
		}}}.run(t, 1)
	}
}

// R107, R108: with the periods of the specification. The server dies with the job; the
// client submits again three minutes after the last proof of progress and not before,
// and has the answer; the entry that was lost fails and goes.
func TestClientSubmitsAgainAfterThreeMinutesAndNotBefore(t *testing.T) {
	o := Options{Servers: 2}
	o.Timing.Slice = time.Second // the server dies mid-job
	r := trial{options: o, programs: []actors.Program{func(env actors.Env) error {
		env.Clock.Sleep(2 * time.Second)
		client := &Client{Conn: connOf(env), Rand: env.Rand}
		if sum, err := client.SumPrime(forever, 1, 10_000); err != nil || sum != 5_736_396 {
			return fmt.Errorf("%d, %v", sum, err)
		}
		env.Clock.Sleep(10 * time.Minute)
		if n := tell(env, Census{}).(Count).Entries; n != 0 {
			return fmt.Errorf("%d entries are kept", n)
		}
		return nil
	}}}.run(t, 1, faults.Fault{At: 2500 * time.Millisecond, Kind: faults.Crash, Hosts: []string{"sv1"}, For: time.Hour})
	var submissions, proof time.Duration
	resubmitted := false
	for _, n := range r.Notes {
		switch f := n.Fact.(type) {
		case Asked:
			if f.ID == "" && submissions > 0 {
				resubmitted = true
				if age := n.At - proof; age < 3*time.Minute || age > 3*time.Minute+DefaultPatience.PollMax {
					t.Errorf("submitted again %v after the last proof of progress", age)
				}
			}
			if f.ID == "" {
				submissions = n.At
			}
		case Told:
			if f.Status == InProgress {
				proof = n.At
			}
		}
	}
	if !resubmitted {
		t.Error("the request was never submitted again")
	}
	ended := factsOf[Ended](r)
	if len(ended) != 2 || ended[0].Fact.(Ended).Status != Failed || ended[1].Fact.(Ended).Status != Finished {
		t.Errorf("the entries ended as %+v, want the first lost and the second finished", ended)
	}
}

// R113: responses in the replicated store survive everything that it survives, and
// servers that crash.
func TestReplicatedResponsesSurviveCrashes(t *testing.T) {
	o := Options{Timing: quick, Store: Replicated}
	o.Timing.TTL = time.Hour
	for seed := range uint64(10) {
		trial{options: o, net: faults.Net{DelayMin: time.Millisecond, DelayMax: 10 * time.Millisecond, DiskMax: 3 * time.Millisecond}, programs: []actors.Program{func(env actors.Env) error {
			r := submitted(env, 1, 10)
			before := finished(env, r)
			env.Note(actors.Point("finished"))
			env.Clock.Sleep(3 * time.Second)
			if after := finished(env, r); after != before || after.Payload != "17" {
				return fmt.Errorf("%+v, and after the power loss %+v", before, after)
			}
			return nil
		}}}.run(t, seed,
			faults.Fault{Point: "finished", Nth: 1, Host: "c0", Kind: faults.PowerLoss, Hosts: []string{faults.All}, For: 300 * time.Millisecond})
	}
}
