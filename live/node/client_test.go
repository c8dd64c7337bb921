package node

import (
	"context"
	"errors"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/simrun/simrun/actors/primes"
)

// R104, R109: the same call gives the sums of the specification, whether the servers are
// asynchronous or not, and in every variant of the service.
func TestCallIsTheSameOverEveryVariant(t *testing.T) {
	for name, o := range map[string]primes.Options{
		"asynchronous": {},
		"synchronous":  {Sync: true},
		"affinity":     {Store: primes.Local, Affinity: true},
		"queue":        {Queue: primes.Durable, Progress: 1},
		"replicated":   {Store: primes.Replicated},
	} {
		t.Run(name, func(t *testing.T) {
			client := patient(startService(t, o))
			for _, c := range []struct{ a, b, sum int64 }{{1, 10, 17}, {1, 1_000_000, 37550402023}, {8, 11, 0}} {
				if sum, err := client.SumPrime(t.Context(), c.a, c.b); err != nil || sum != c.sum {
					t.Errorf("[%d, %d): %d, %v; want %d", c.a, c.b, sum, err, c.sum)
				}
			}
			var refused primes.Refusal
			if _, err := client.SumPrime(t.Context(), 10, 1); !errors.As(err, &refused) || refused.Code != primes.BadRequest {
				t.Errorf("[10, 1): %v", err)
			}
		})
	}
}

// R104, R105: the large range of the specification, while others are served.
func TestLargeRangeDoesNotKeepOthersWaiting(t *testing.T) {
	client := patient(startService(t, primes.Options{Servers: 1}))
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var wg sync.WaitGroup
	wg.Go(func() {
		if sum, err := client.SumPrime(ctx, 1, 60_000_000); err != nil || sum != 103468900363400 {
			t.Errorf("[1, 60000000): %s, %v", strconv.FormatInt(sum, 10), err)
		}
	})
	for range 5 {
		if sum, err := client.SumPrime(ctx, 1, 10); err != nil || sum != 17 {
			t.Errorf("[1, 10): %d, %v", sum, err)
		}
	}
	wg.Wait()
}

// R109: a call ends with its context, also while nobody answers.
func TestCancelledCallReturns(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	client := &PrimesClient{URL: "http://127.0.0.1:1"}
	if _, err := client.SumPrime(ctx, 1, 10); !errors.Is(err, context.Canceled) {
		t.Errorf("a call that is cancelled before it begins: %v", err)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := client.SumPrime(ctx, 1, 10); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a call that nobody answers: %v", err)
	}
}
