package primes

import (
	"testing"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"

	"github.com/simrun/simrun/models"
)

// R104: the sums of the specification.
func TestSumsOfTheSpecification(t *testing.T) {
	for _, c := range []struct{ a, b, sum int64 }{
		{1, 10, 17}, {1, 60_000_000, 103468900363400}, {1, 2, 0}, {2, 3, 2}, {3, 3, 0}, {9, 4, 0}, {-5, 6, 10},
		{RangeMax - 12, RangeMax, RangeMax - 11}, {49, 50, 0}, {47, 48, 47},
	} {
		if got := Sum(c.a, c.b); got != c.sum {
			t.Errorf("[%d, %d): %d, want %d", c.a, c.b, got, c.sum)
		}
	}
}

// R104: S(a, c) = S(a, b) + S(b, c), for slices of every size; and trial division agrees.
func TestSumIsAdditiveAndThatOfTrialDivision(t *testing.T) {
	params := gopter.DefaultTestParametersWithSeed(1)
	params.MinSuccessfulTests = 500
	law := gopter.NewProperties(params)
	number := gen.Int64Range(0, 20_000)
	law.Property("additive", prop.ForAll(func(x, y, z, slice int64) bool {
		a, b, c := min(x, y, z), max(min(x, y), min(max(x, y), z)), max(x, y, z)
		s := newSieve(a, c)
		for !s.step(slice) {
		}
		return s.sum == Sum(a, b)+Sum(b, c)
	}, number, number, number, gen.Int64Range(1, 3_000)))
	law.Property("as trial division", prop.ForAll(func(a, width int64) bool {
		return Sum(a, a+width) == models.SumOfPrimes(a, a+width)
	}, gen.Int64Range(0, 50_000), gen.Int64Range(0, 500)))
	law.TestingRun(t)
}

// R116: every range is either computed or refused, and only those that the
// specification allows are computed.
func TestOnlyRangesOfPositiveIntegersAreTaken(t *testing.T) {
	params := gopter.DefaultTestParametersWithSeed(1)
	params.MinSuccessfulTests = 2_000
	law := gopter.NewProperties(params)
	edges := gen.OneConstOf(int64(-1), int64(0), int64(1), int64(2), int64(RangeMax), int64(RangeMax+1), int64(-1<<63), int64(1<<63-1))
	number := gen.OneGenOf(edges, gen.Int64Range(-10, 10), gen.Int64())
	law.Property("0 < a < b <= RangeMax", prop.ForAll(func(a, b int64) bool {
		return (CheckRange(a, b) == nil) == (0 < a && a < b && b <= RangeMax)
	}, number, number))
	law.TestingRun(t)
}

func BenchmarkSumToSixtyMillion(b *testing.B) {
	for b.Loop() {
		Sum(1, 60_000_000)
	}
}
