package scenarios

import (
	"testing"
	"time"

	"github.com/simrun/simrun/actors/primes"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/sim"
)

// The facts that most controls are made of.
var (
	askedSum = primes.Asked{A: 1, B: 10}
	askedOne = primes.Asked{ID: "sv1-1-1"}
	stored   = primes.Created{ID: "sv1-1-1"}
	accepted = primes.Told{Submit: true, Code: primes.OK, ID: "sv1-1-1", Status: primes.InProgress}
	finished = primes.Told{Code: primes.OK, ID: "sv1-1-1", Status: primes.Finished, Payload: "17"}
	missing  = primes.Told{Code: primes.NotFound}
)

// primesKnobs have times to live of a minute: notes are two seconds apart.
var primesKnobs = sim.Knobs{}.With("ttl", "1m")

// quietly is a check whose states nobody collects.
func quietly(check func(*sim.Observation) error) func(*sim.Observation) error {
	return func(o *sim.Observation) error {
		o.Sometimes = func(string) {}
		return check(o)
	}
}

// toldLate are the knobs of a service whose responses live for 6 s.
func toldLate(store string) sim.Knobs { return sim.Knobs{}.With("ttl", "6s").With("store", store) }

// heardLate is a request whose result was known 8 s before it was noted that it is stored.
var heardLate = notes("c0", askedSum, "rs", stored, "c0", accepted, "sv1", primes.Computed{ID: "sv1-1-1", Sum: 17},
	"rs", stored, "rs", stored, "rs", stored, "rs", primes.Ended{ID: "sv1-1-1", Status: primes.Finished}, "c0", askedOne, "c0", missing)

// R101, R102, R103, R106, R108, R116: the check of responses refuses what breaks a
// promise and takes what only looks as if.
func TestResponsesCheck(t *testing.T) {
	other := primes.Told{Submit: true, Code: primes.OK, ID: "sv1-1-1", Status: primes.InProgress}
	judge(t, quietly(checkResponses), []control{
		{name: "a request", knobs: primesKnobs, notes: notes(
			"rs", primes.StoreBegan{Boot: 1}, "c0", askedSum, "rs", stored, "c0", accepted, "c0", askedOne, "c0", finished)},
		{name: "told before it is stored", knobs: primesKnobs, notes: notes("c0", askedSum, "c0", accepted),
			why: "c0 was given request id sv1-1-1, and no entry is stored for it"},
		{name: "an id twice", knobs: primesKnobs, notes: notes("c0", askedSum, "c1", askedSum, "rs", stored, "c0", accepted, "c1", other),
			why: "request id sv1-1-1 was given to c0 and to c1"},
		{name: "a wrong range", knobs: primesKnobs, notes: notes("c0", primes.Asked{A: 10, B: 1}, "rs", stored, "c0", accepted),
			why: "request sv1-1-1: the range [10, 1) was accepted"},
		{name: "a wrong sum", knobs: primesKnobs, notes: notes("c0", primes.Asked{A: 1, B: 12}, "rs", stored, "c0", accepted, "c0", askedOne, "c0", finished),
			why: `request sv1-1-1: the sum of the primes in [1, 12) is given as "17", and is 28`},
		{name: "the answer to another poll", knobs: primesKnobs, notes: notes("c0", askedSum, "rs", stored, "c0", accepted, "c0", primes.Asked{ID: "sv1-1-2"}, "c0", finished),
			why: "c0 polled sv1-1-2 and was told of sv1-1-1"},
		{name: "gone too early", knobs: primesKnobs, notes: notes("rs", primes.StoreBegan{Boot: 1}, "c0", askedSum, "rs", stored, "c0", accepted, "c0", askedOne, "c0", missing),
			why: "request sv1-1-1: gone at 10s, and in progress or only just ended at 2s: it lives 1m0s longer"},
		{name: "gone with the memory of its store", knobs: primesKnobs, notes: notes("rs", primes.StoreBegan{Boot: 1}, "c0", askedSum, "rs", stored, "c0", accepted,
			"rs", primes.StoreBegan{Boot: 2}, "c0", askedOne, "c0", missing)},
		{name: "given up for want of room", knobs: primesKnobs, notes: notes("rs", primes.StoreBegan{Boot: 1}, "c0", askedSum, "rs", stored, "c0", accepted,
			"rs", primes.Evicted{ID: "sv1-1-1"}, "c0", askedOne, "c0", missing)},
		{name: "gone when the store knew the end for long, and a server for a moment", knobs: toldLate("replicated"), notes: heardLate},
		{name: "gone a moment after its end", knobs: toldLate("shared"), notes: heardLate,
			why: "request sv1-1-1: gone at 18s, and in progress or only just ended at 14s: it lives 6s longer"},
		{name: "two ends", knobs: primesKnobs, notes: notes("c0", askedSum, "rs", stored, "c0", accepted,
			"rs", primes.Ended{ID: "sv1-1-1", Status: primes.Failed}, "rs", primes.Ended{ID: "sv1-1-1", Status: primes.Finished}),
			why: "request sv1-1-1: it became terminal 2 times"},
		{name: "an id that nobody gave", knobs: primesKnobs, notes: notes("c0", askedOne, "c0", finished),
			why: "request sv1-1-1: FINISHED, and it was never stored"},
	})
}

// R107: the check of the client library knows what is a proof of progress.
func TestResubmissionCheck(t *testing.T) {
	call := linearizability.Called{Op: linearizability.OpID{Client: "c0", N: 1}, Input: Sum{A: 1, B: 10}}
	back := linearizability.Returned{Op: call.Op}
	late := func(ns []sim.Note, by time.Duration, from int) []sim.Note {
		for i := range ns[from:] {
			ns[from+i].At += by
		}
		return ns
	}
	working := primes.Told{Code: primes.OK, ID: "sv1-1-1", Status: primes.InProgress}
	silence := primes.Told{Submit: true}
	busy := primes.Told{Submit: true, Code: primes.Unavailable}
	judge(t, quietly(checkResubmissions), []control{
		{name: "after a while", notes: notes("c0", call, "c0", askedSum, "c0", accepted, "c0", askedSum)},
		{name: "refused before", notes: late(notes("c0", call, "c0", askedSum, "c0", busy, "c0", askedSum), -1900*time.Millisecond, 3)},
		{name: "another call", notes: late(notes("c0", call, "c0", askedSum, "c0", accepted, "c0", back, "c0", call, "c0", askedSum), -5*time.Second, 4)},
		{name: "too early", notes: late(notes("c0", call, "c0", askedSum, "c0", accepted, "c0", askedSum), -time.Second, 3),
			why: "c0 submitted [1, 10) again at 5s, 1s after it had heard that it was worked on"},
		{name: "too early after a poll", notes: late(notes("c0", call, "c0", askedSum, "c0", accepted, "c0", askedOne, "c0", working, "c0", askedSum), -time.Second, 5),
			why: "c0 submitted [1, 10) again at 9s, 1s after it had heard that it was worked on"},
		{name: "too early without an answer", notes: late(notes("c0", call, "c0", askedSum, "c0", silence, "c0", askedSum), -3*time.Second, 3),
			why: "c0 submitted [1, 10) again at 3s, 1s after it had heard that it was worked on"},
	})
}

// R115: a server that answers a poll is found when there are progress services.
func TestPollsCheck(t *testing.T) {
	polled := notes("sv1", primes.Polled{Client: "c0"})
	judge(t, checkPolls, []control{
		{name: "nobody else", notes: polled},
		{name: "a progress service", notes: notes("pg1", primes.Polled{Client: "c0"}), knobs: sim.Knobs{}.With("progress", 1)},
		{name: "past it", notes: polled, knobs: sim.Knobs{}.With("progress", 1), why: "sv1 was sent a poll of c0, which is for the progress service"},
	})
}

// A job that fails for lost although somebody has renewed its lease is found.
func TestLeasesCheck(t *testing.T) {
	ten := sim.Knobs{}.With("lease", "10s")
	asked, renewed, lapsed := primes.Renewing{ID: "a"}, primes.Renewed{ID: "a"}, primes.Lapsed{ID: "a"}
	failed, done := primes.Ended{ID: "a", Status: primes.Failed}, primes.Ended{ID: "a", Status: primes.Finished}
	other := primes.Evicted{ID: "b"} // takes two seconds, as every fact here
	judge(t, checkLeases, []control{
		{name: "nobody renewed it", notes: notes("janitor", lapsed, "janitor", failed), knobs: ten},
		{name: "somebody did", notes: notes("sv1", asked, "sv1", renewed, "janitor", lapsed, "janitor", failed), knobs: ten,
			why: "request a failed for lost at 6s, and was renewed 4s before its lease of 10s was taken for over"},
		{name: "long ago", notes: notes("sv1", asked, "sv1", renewed, "rs", other, "rs", other, "rs", other, "janitor", lapsed, "janitor", failed), knobs: ten},
		{name: "perhaps", notes: notes("sv1", asked, "janitor", lapsed, "janitor", failed), knobs: ten},
		{name: "too late", notes: notes("sv1", asked, "janitor", lapsed, "sv1", renewed, "janitor", failed), knobs: ten},
		{name: "the host that was asked died", notes: notes("sv1", asked, "sv1", sim.Down{}, "sv1", asked, "sv1", renewed, "rs", other, "rs", other, "rs", other, "janitor", lapsed, "janitor", failed),
			knobs: ten},
		{name: "it was given up", notes: notes("sv1", asked, "sv1", renewed, "sv1", failed), knobs: ten},
		{name: "it was finished after all", notes: notes("sv1", asked, "sv1", renewed, "janitor", lapsed, "janitor", done), knobs: ten},
	})
}

// R114: a queue that loses a job, or takes one for done that nobody did, is found.
func TestJobsCheck(t *testing.T) {
	durable := sim.Knobs{}.With("queue", primes.Durable)
	queued, removed, computed := primes.Queued{ID: "a"}, primes.Removed{ID: "a"}, primes.Computed{ID: "a"}
	judge(t, checkJobs, []control{
		{name: "done", notes: notes("qu", queued, "sv1", computed, "qu", removed), knobs: durable},
		{name: "twice", notes: notes("qu", queued, "sv1", computed, "sv2", computed, "qu", removed), knobs: durable},
		{name: "given up", notes: notes("qu", queued, "sv1", primes.GaveUp{ID: "a"}, "qu", removed), knobs: durable},
		{name: "lost in memory", notes: notes("qu", queued), knobs: sim.Knobs{}.With("queue", primes.InMemory)},
		{name: "lost", notes: notes("qu", queued), knobs: durable, why: "job a was queued durably, and nobody has done it"},
		{name: "before its result is stored", notes: notes("rs", primes.Created{ID: "a"}, "qu", queued, "sv1", computed, "qu", removed), knobs: durable,
			why: "job a was acknowledged before its result was stored"},
		{name: "after it", notes: notes("rs", primes.Created{ID: "a"}, "qu", queued, "sv1", computed, "rs", primes.Ended{ID: "a"}, "qu", removed), knobs: durable},
		{name: "in vain", notes: notes("qu", queued, "qu", removed), knobs: durable, why: "job a was acknowledged before anybody had done it"},
	})
}

// R110: a server that takes too much of one client is found, and so is one that refuses
// or delays those that keep to the library.
func TestThrottleChecks(t *testing.T) {
	rated := sim.Knobs{}.With("rate", 1).With("burst", 2)
	poll := primes.Polled{Client: "c0"}
	burst := notes("sv1", poll, "sv1", poll, "sv1", poll, "sv1", poll)
	for i := range burst {
		burst[i].At = 0
	}
	judge(t, checkThrottle, []control{
		{name: "at the rate", notes: notes("sv1", poll, "sv1", poll, "sv1", poll), knobs: rated},
		{name: "several servers", notes: append(burst[:2:2], notes("sv2", poll)...), knobs: rated},
		{name: "too many at once", notes: burst, knobs: rated, why: "sv1 took more than 1 polls a second, and 2 at once, of c0"},
	})
	call := linearizability.Called{Op: linearizability.OpID{Client: "c1", N: 1}, Input: Sum{A: 1, B: 10}}
	back := linearizability.Returned{Op: call.Op, Outcome: linearizability.Outcome{Output: "17"}}
	judge(t, quietly(checkPolite), []control{
		{name: "the abuser is refused", notes: notes("c0", primes.Told{Code: primes.TooMany})},
		{name: "another is refused", notes: notes("c1", primes.Told{Code: primes.TooMany}), why: "c1 keeps to the library, and was refused for asking too often"},
		{name: "another waits", notes: notes("c1", call, "c1", back), why: "c1#1 sum 1 10 took 2s beside a client that asks too often"},
	})
}
