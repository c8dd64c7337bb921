package store

import (
	"math/rand/v2"
	"testing"
)

// TestDigestOfTheDedupeTableDependsOnItsContentOnly compares a table that grew by
// records with one that was loaded at once, as after a restart or a transfer.
func TestDigestOfTheDedupeTableDependsOnItsContentOnly(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	grown := newSessions()
	seen := map[uint64]bool{}
	for i := range 2000 {
		n := uint64(i/4 + rng.IntN(8))
		id := RequestID{Client: []string{"c0", "c1"}[rng.IntN(2)], Boot: uint64(1 + i/900), N: n}
		grown.remember(id, uint64(i/4))
		seen[grown.digest] = true

		loaded := newSessions()
		loaded.load(grown.list())
		if loaded.digest != grown.digest {
			t.Fatalf("after %d records the digest is %#x, and %#x once loaded: %+v", i+1, grown.digest, loaded.digest, grown.list())
		}
	}
	if len(seen) < 1000 {
		t.Errorf("2000 records gave only %d digests", len(seen))
	}
}
