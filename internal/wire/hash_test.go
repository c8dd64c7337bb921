package wire

import "testing"

func TestHashIsTheSameInEveryProcess(t *testing.T) {
	for text, want := range map[string]uint64{"": 0x96ebbe173ff72a30, "simrun": 0x4048f4c92012e8b4} {
		if got := Hash([]byte(text)); got != want {
			t.Errorf("Hash(%q) = %#x, want %#x", text, got, want)
		}
	}
}

func TestHashSeesEveryBitAndTheLength(t *testing.T) {
	for n := range 70 {
		b := make([]byte, n)
		seen := map[uint64]bool{Hash(b): true, Hash(make([]byte, n+1)): true}
		for i := range b {
			for bit := range 8 {
				b[i] ^= 1 << bit
				seen[Hash(b)] = true
				b[i] ^= 1 << bit
			}
		}
		if want := 2 + 8*n; len(seen) != want {
			t.Errorf("%d bytes: %d distinct hashes, want %d", n, len(seen), want)
		}
	}
}

func BenchmarkHash100(b *testing.B) {
	msg := make([]byte, 100)
	b.SetBytes(int64(len(msg)))
	for b.Loop() {
		Hash(msg)
	}
}
