package faults

import "math/bits"

// A Draw is a source of choices that are keyed by name, not by order: a new
// choice moves none of the others. Each method may be called once per name.
type Draw struct{ key uint64 }

// NewDraw returns the choices of a seed.
func NewDraw(seed uint64) *Draw { return &Draw{key: Mix(seed, 0x64726177)} }

// Sub returns an independent source for a name and an index, such as the n-th
// operation of a client.
func (d *Draw) Sub(name string, n int) *Draw {
	return &Draw{key: Mix(Mix(d.key, hashName(name)), uint64(n)+1)}
}

// Uint64 returns 64 random bits for a name.
func (d *Draw) Uint64(name string) uint64 { return Mix(d.key, hashName(name)) }

// IntN returns a uniform integer in [0, n); n <= 1 gives 0.
func (d *Draw) IntN(name string, n int) int {
	if n <= 1 {
		return 0
	}
	return int(Scale(d.Uint64(name), uint64(n)))
}

// Between returns a uniform integer in [lo, hi].
func (d *Draw) Between(name string, lo, hi int) int { return lo + d.IntN(name, hi-lo+1) }

// Permille reports true with a probability of p in a thousand.
func (d *Draw) Permille(name string, p int) bool { return d.IntN(name, 1000) < p }

// Scale maps 64 random bits to [0, n).
func Scale(r, n uint64) uint64 {
	hi, _ := bits.Mul64(r, n)
	return hi
}

// Mix hashes two words into one: the finalizer of MurmurHash3 over a multiply
// and rotate of the pair. It is the only source of randomness of a run.
func Mix(a, b uint64) uint64 {
	x := a*0x9e3779b97f4a7c15 + (b<<32 | b>>32) ^ b*0xbf58476d1ce4e5b9
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	x ^= x >> 33
	return x
}

func hashName(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}
