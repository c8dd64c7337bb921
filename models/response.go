package models

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// A ResponseView is what a client saw of one entry of a response store with a time to
// live: the answer to a submission, or to a poll. Call and Return are when it asked and
// when it was answered, on one clock for all views.
type ResponseView struct {
	Call, Return time.Duration
	Stage        ResponseStage
	Payload      string // of ResponseFinished
}

// A ResponseStage is how far a request is. Stages only grow.
type ResponseStage uint8

// The stages. From InProgress an entry goes to Finished or to Failed, and stays there
// until its time to live is over.
const (
	ResponseInProgress ResponseStage = iota
	ResponseFinished
	ResponseFailed
	ResponseExpired // the answer is 404
)

var responseStages = [...]string{"IN_PROGRESS", "FINISHED", "FAILED", "expired"}

// String is the status as it is written in JSON, or "expired".
func (s ResponseStage) String() string { return responseStages[s] }

// rank orders the stages: Finished and Failed exclude each other.
func (s ResponseStage) rank() int { return []int{0, 1, 1, 2}[s] }

// A ResponseLife is what is promised to one entry.
type ResponseLife struct {
	// A and B are the range that was submitted.
	A, B int64
	// TTL is the time to live, from the terminal state on.
	TTL time.Duration
	// Drift is how many thousandths the clock that counts it may run fast or slow.
	Drift int
	// Ended is the latest time at which the entry is known to have become terminal, 0 if
	// that is not known. It sharpens what follows from the views.
	Ended time.Duration
	// Late is how long after its time to live an entry may still be seen; negative
	// if there is no bound.
	Late time.Duration
}

// Judge returns what is wrong with the views of one entry, which begin with the answer
// to its submission. It takes them in any order.
//
// It is the model of a response store in timed form: the views are explained by some
// order of the changes if stages do not go back from a view that was answered before
// another was asked for, all agree on the terminal state, and 404 is only answered
// when the time to live can have been over.
func (l ResponseLife) Judge(views []ResponseView) error {
	views = slices.Clone(views)
	slices.SortStableFunc(views, func(v, w ResponseView) int { return cmp.Compare(v.Return, w.Return) })
	if err := l.agree(views); err != nil {
		return err
	}
	if err := monotone(views); err != nil {
		return err
	}
	return l.timely(views)
}

// agree compares the terminal views with each other and with the right sum.
func (l ResponseLife) agree(views []ResponseView) error {
	var end *ResponseView
	for i := range views {
		v := &views[i]
		if v.Stage != ResponseFinished && v.Payload != "" {
			return fmt.Errorf("%v with payload %q, which only a finished request has", v.Stage, v.Payload)
		}
		if v.Stage.rank() != 1 {
			continue
		}
		if want := strconv.FormatInt(SumOfPrimes(l.A, l.B), 10); v.Stage == ResponseFinished && v.Payload != want {
			return fmt.Errorf("the sum of the primes in [%d, %d) is given as %q, and is %s", l.A, l.B, v.Payload, want)
		}
		if end != nil && v.Stage != end.Stage {
			return fmt.Errorf("%v at %v, and %v at %v", end.Stage, end.Return, v.Stage, v.Return)
		}
		end = v
	}
	return nil
}

// monotone compares each view with those that were answered before it was asked for.
func monotone(views []ResponseView) error {
	byCall := slices.Clone(views)
	slices.SortStableFunc(byCall, func(v, w ResponseView) int { return cmp.Compare(v.Call, w.Call) })
	var furthest *ResponseView // of those answered so far
	next := 0
	for i := range byCall {
		v := &byCall[i]
		for next < len(views) && views[next].Return < v.Call {
			if furthest == nil || views[next].Stage.rank() > furthest.Stage.rank() {
				furthest = &views[next]
			}
			next++
		}
		if furthest != nil && furthest.Stage.rank() > v.Stage.rank() {
			return fmt.Errorf("%v at %v, and %v again at %v", furthest.Stage, furthest.Return, v.Stage, v.Return)
		}
	}
	return nil
}

// timely compares the views with the time to live.
func (l ResponseLife) timely(views []ResponseView) error {
	after := l.Ended        // the entry became terminal after this
	var until time.Duration // and before this; 0 if that is not known
	for _, v := range views {
		switch v.Stage {
		case ResponseInProgress:
			after = max(after, v.Call)
		case ResponseFinished, ResponseFailed:
			if until == 0 {
				until = v.Return
			}
		}
	}
	for _, v := range views {
		if earliest := after + l.TTL*1000/time.Duration(1000+l.Drift); v.Stage == ResponseExpired && v.Return < earliest {
			return fmt.Errorf("gone at %v, and in progress or only just ended at %v: it lives %v longer", v.Return, after, l.TTL)
		}
		latest := until + l.TTL*1000/time.Duration(1000-l.Drift) + l.Late
		if l.Late >= 0 && until > 0 && v.Stage.rank() == 1 && v.Call > latest {
			return fmt.Errorf("%v still at %v, %v after it had been seen to end, and it lives %v", v.Stage, v.Call, v.Call-until, l.TTL)
		}
	}
	return nil
}

// SumOfPrimes returns the sum of the primes in [a, b) by trial division. It is slow, and
// shares nothing with the service.
func SumOfPrimes(a, b int64) int64 {
	var sum int64
	for n := max(a, 2); n < b; n++ {
		prime := true
		for d := int64(2); d*d <= n && prime; d++ {
			prime = n%d != 0
		}
		if prime {
			sum += n
		}
	}
	return sum
}
