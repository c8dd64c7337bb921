package wal

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDamageIsNamed: whoever looks after the disk is told which file, from which byte on,
// and whether the rest of it was given up.
func TestDamageIsNamed(t *testing.T) {
	d := newCrashDisk(16)
	l, _, _, _ := openAt(d)
	s := script{l: l}
	if err := s.run("aaSaasas"); err != nil {
		t.Fatal(err)
	}
	segment := l.name()
	size := int64(len(d.names[segment].data))
	first, _ := readRecord(d.names[segment].data, l.segment, 0)
	for _, c := range []struct {
		file string
		byte int64
		want []Damage
	}{
		{segment, 0, []Damage{{File: segment}}},
		{segment, first.size() + 1, []Damage{{File: segment, At: first.size()}}},
		{segment, size - 1, []Damage{{File: segment, At: size - lastRecord(d.names[segment].data, l.segment), Cut: true}}},
		{l.base, 3, []Damage{{File: l.base}}},
	} {
		damaged := d.afterProcessCrash()
		content := slices.Clone(damaged.names[c.file].data)
		content[c.byte] ^= 1
		damaged.names[c.file].data = content
		var got []Damage
		_, _, err := Open(damaged, func(fact any) {
			if f, ok := fact.(Damage); ok {
				got = append(got, f)
			}
		})
		if diff := cmp.Diff(c.want, got); err != nil || diff != "" {
			t.Errorf("byte %d of %s: %v, want %v (%v)", c.byte, c.file, got, c.want, err)
		}
	}
}

// lastRecord returns the size of the last record of a segment.
func lastRecord(b []byte, segment uint64) (size int64) {
	for i := int64(0); i < int64(len(b)); {
		r, ok := readRecord(b, segment, i)
		if !ok {
			return 0
		}
		size = r.size()
		i += size
	}
	return size
}
