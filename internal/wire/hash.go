package wire

import (
	"encoding/binary"
	"math/bits"
)

// The odd constants of wyhash.
const (
	mix0 = 0xa0761d6478bd642f
	mix1 = 0xe7037ed1a0b428db
	mix2 = 0x8ebc6af09c88c6e3
)

// Hash returns a 64-bit hash of b, the same in every process. It is fast, takes
// eight bytes at a time, and is no protection against an adversary.
func Hash(b []byte) uint64 {
	n := uint64(len(b))
	h := uint64(mix0)
	for ; len(b) >= 16; b = b[16:] {
		h = mix(binary.LittleEndian.Uint64(b)^mix1, binary.LittleEndian.Uint64(b[8:])^h)
	}
	var lo, hi uint64
	switch {
	case len(b) >= 8:
		// The two words overlap; the length, mixed in below, tells them apart.
		lo, hi = binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[len(b)-8:])
	case len(b) >= 4:
		lo, hi = uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[len(b)-4:]))
	case len(b) > 0:
		lo = uint64(b[0])<<16 | uint64(b[len(b)/2])<<8 | uint64(b[len(b)-1])
	}
	h = mix(lo^mix1, hi^h)
	return mix(h^mix2, n^mix1)
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}
