package primes

import "math"

// RangeMax is the largest b of a range [a, b): the service refuses more.
const RangeMax = 100_000_000

// A sieve adds up the primes of a range [a, b), one slice after the other, so that
// whoever runs it can do something else in between. It is the segmented sieve of
// Eratosthenes: the primes up to the root of b are found at once, a slice has
// their multiples crossed out.
type sieve struct {
	next, end int64 // what is left of the range
	sum       int64 // of the primes below next; at most 2.8e14
	small     []int64
	composite []bool // of one slice
}

// newSieve returns the sieve of [a, b), where a may be negative and b is at most
// RangeMax.
func newSieve(a, b int64) *sieve {
	return &sieve{next: max(a, 2), end: b, small: smallPrimes(b)}
}

// step takes the next slice of n numbers and reports whether it was the last one.
func (s *sieve) step(n int64) (done bool) {
	if s.next >= s.end {
		return true
	}
	lo, hi := s.next, min(s.next+n, s.end)
	if int64(cap(s.composite)) < hi-lo {
		s.composite = make([]bool, hi-lo)
	}
	composite := s.composite[:hi-lo]
	clear(composite)
	for _, p := range s.small {
		if p*p >= hi {
			break
		}
		for m := max(p*p, (lo+p-1)/p*p); m < hi; m += p {
			composite[m-lo] = true
		}
	}
	for i, c := range composite {
		if !c {
			s.sum += lo + int64(i)
		}
	}
	s.next = hi
	return hi >= s.end
}

// Sum returns the sum of the primes in [a, b), at once. It panics if b is above
// RangeMax.
func Sum(a, b int64) int64 {
	if b > RangeMax {
		panic("primes.Sum: the range ends above RangeMax")
	}
	s := newSieve(a, b)
	for !s.step(1 << 18) {
	}
	return s.sum
}

// smallPrimes returns the primes whose square is below end, in order.
func smallPrimes(end int64) []int64 {
	root := int(math.Sqrt(float64(max(end, 0)))) + 1
	composite := make([]bool, root+1)
	var primes []int64
	for p := 2; p <= root; p++ {
		if composite[p] {
			continue
		}
		primes = append(primes, int64(p))
		for m := p * p; m <= root; m += p {
			composite[m] = true
		}
	}
	return primes
}
