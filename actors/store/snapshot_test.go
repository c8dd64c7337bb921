package store

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/simrun/simrun/models"
)

// A logScript makes the log of a daemon with two regions, one that was created
// with its space and one that came by transfer.
type logScript struct {
	rng     *rand.Rand
	entries [][]byte
	last    [2]uint64
}

func newLogScript(seed uint64, records int) *logScript {
	s := &logScript{rng: rand.New(rand.NewPCG(seed, 1))}
	s.add(diskEntry(77), createEntry(0), joinEntry(1, 5))
	s.add(chunkEntry(1, []keyed{{Key: "a", Attrs: s.attrs()}, {Key: "b", Attrs: s.attrs()}}))
	s.add(installEntry(1, 9, []session{{Client: "c0", Boot: 1, Lowest: 3, Done: []uint64{3, 6}}}))
	s.last[1] = 9
	for n := range records {
		region := s.rng.IntN(2)
		s.last[region]++
		rec := record{
			Region: RegionID(region), Seq: s.last[region],
			ID:     RequestID{Client: fmt.Sprintf("c%d", s.rng.IntN(3)), Boot: 2, N: uint64(n)},
			Lowest: uint64(n / 2), Key: string(rune('a' + s.rng.IntN(5))),
		}
		if rec.Delete = s.rng.IntN(4) == 0; !rec.Delete {
			rec.Attrs = s.attrs()
		}
		s.add(recordEntry(&rec))
	}
	return s
}

func (s *logScript) add(entries ...[]byte) { s.entries = append(s.entries, entries...) }

func (s *logScript) attrs() []models.Attr {
	return []models.Attr{
		{Name: "count", Value: models.IntValue(s.rng.Int64() - s.rng.Int64())},
		{Name: "name", Value: models.StringValue(fmt.Sprint("\x00", s.rng.IntN(100)))},
		{Name: "share", Value: models.FloatValue(s.rng.NormFloat64())},
		{Name: "tags", Value: models.SetValue(models.SetString, models.StringValue("x"), models.StringValue(fmt.Sprint(s.rng.IntN(9))))},
	}
}

func mustRecover(t *testing.T, snapshot []byte, entries [][]byte) diskState {
	t.Helper()
	s, err := recoverState(snapshot, entries)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Wherever a log is cut by a snapshot, and whatever was committed by then, it
// leads to the same state.
func TestSnapshotAnywhereLeadsToTheSameState(t *testing.T) {
	for seed := range uint64(20) {
		script := newLogScript(seed, 40)
		want := finalState(mustRecover(t, nil, script.entries))
		for cut := range script.entries {
			s := mustRecover(t, nil, script.entries[:cut])
			for _, r := range s.replicas {
				if r.complete && r.last > r.committed {
					r.commit(r.committed + 1 + script.rng.Uint64N(r.last-r.committed))
				}
			}
			got := finalState(mustRecover(t, s.encode(), script.entries[cut:]))
			if !bytes.Equal(got, want) {
				t.Fatalf("seed %d: a snapshot after %d entries leads to another state", seed, cut)
			}
		}
	}
}

// finalState commits everything and encodes what there is.
func finalState(s diskState) []byte {
	for _, r := range s.replicas {
		if r.last > r.committed {
			r.commit(r.last)
		}
	}
	return s.encode()
}

// The digest of a copy depends on what it holds and not on how it came to be.
func TestDigestIsThatOfTheContent(t *testing.T) {
	for seed := range uint64(20) {
		s := mustRecover(t, nil, newLogScript(seed, 60).entries)
		encoded := finalState(s)
		loaded := mustRecover(t, encoded, nil)
		for id, r := range s.replicas {
			if got := loaded.replicas[id].applied(); got != r.applied() {
				t.Errorf("seed %d: copy %+v, loaded from its snapshot %+v", seed, r.applied(), got)
			}
		}
	}
}

// A log that is cut short or has bytes changed is refused with an error: its
// checksums hold, so it is of another version, or a bug.
func TestMalformedEntryIsRefused(t *testing.T) {
	script := newLogScript(1, 5)
	last := script.entries[len(script.entries)-1]
	before := script.entries[:len(script.entries)-1]
	for n := range last {
		if _, err := recoverState(nil, append(before[:len(before):len(before)], last[:n])); err == nil {
			t.Errorf("entry of %d bytes cut to %d is accepted", len(last), n)
		}
	}
	if _, err := recoverState(nil, append(before[:len(before):len(before)], append(bytes.Clone(last), 0))); err == nil {
		t.Error("entry with a byte too many is accepted")
	}
	if _, err := recoverState(nil, [][]byte{{'?'}}); err == nil {
		t.Error("entry of no known kind is accepted")
	}
}
