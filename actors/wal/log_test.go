package wal

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"
)

func silent(any) {}

// openAt opens a log and returns its content as the number of records that it
// stands for: record n is "record n", a snapshot is the number it covers.
func openAt(d *crashDisk) (*Log, Recovered, int, error) {
	l, rec, err := Open(d, silent)
	if err != nil || rec.Corrupt {
		return l, rec, 0, err
	}
	n := 0
	if rec.Snapshot != nil {
		n = int(binary.LittleEndian.Uint32(rec.Snapshot))
	}
	for _, r := range rec.Records {
		n++
		if want := payload(n); !bytes.Equal(r, want) {
			return l, rec, n, fmt.Errorf("record %d is %q", n, r)
		}
	}
	if int(l.Last()) != n || l.durable != l.last {
		return l, rec, n, fmt.Errorf("log ends at %d, durable %d, with %d records", l.Last(), l.durable, n)
	}
	return l, rec, n, nil
}

func payload(n int) []byte      { return fmt.Appendf(nil, "record %d", n) }
func stateAt(n int) []byte      { return binary.LittleEndian.AppendUint32(nil, uint32(n)) }
func mustBe(n, lo, hi int) bool { return lo <= n && n <= hi }

// A script appends, syncs and snapshots, and knows at each crash how many
// records were promised and how many were issued.
type script struct {
	l                *Log
	issued, promised int
}

func (s *script) run(steps string) error {
	for _, step := range steps {
		var err error
		switch step {
		case 'a':
			s.issued++
			err = s.l.Append(payload(s.issued))
		case 'w':
			err = s.l.write()
		case 'v':
			err = s.l.Vouch()
		case 's':
			if err = s.l.Sync(); err == nil {
				s.promised = s.issued
			}
		case 'S':
			if err = s.l.Snapshot(stateAt(s.issued)); err == nil {
				s.promised = s.issued
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

var scripts = []string{
	"as", "aas", "aasaas", "asawaw", "aSas", "asaSaas", "aasSaSas", "asaSawSa", "Sas", "asv", "asvas", "aSvasvv",
}

// TestLogSurvivesEveryPowerLoss enumerates, for each script, a crash in each disk
// call and everything that a power loss may leave: no synced record is lost, none
// is invented, nothing legal is called corrupt, and a second power loss inside
// the recovery changes nothing of this. R20, R21.
func TestLogSurvivesEveryPowerLoss(t *testing.T) {
	for _, steps := range scripts {
		t.Run(steps, func(t *testing.T) {
			outcomes := 0
			for crash := 0; ; crash++ {
				d := newCrashDisk(16)
				l, _, _, err := openAt(d)
				if err != nil {
					t.Fatal(err)
				}
				d.left = crash
				s := script{l: l}
				err = s.run(steps)
				check := func(left *crashDisk) {
					outcomes++
					checkRecovery(t, left, s)
				}
				d.afterPowerLoss(check)
				check(d.afterProcessCrash())
				if err == nil {
					break // the crash came after the last step
				}
				if !errors.Is(err, errCrashed) {
					t.Fatal(err)
				}
			}
			t.Logf("%d disks", outcomes)
		})
	}
}

// checkRecovery recovers what a crash left, once in peace and once with a second
// crash in each disk call of the recovery, and then goes on writing.
func checkRecovery(t *testing.T, left *crashDisk, s script) {
	t.Helper()
	for crash := 0; ; crash++ {
		d := left.afterProcessCrash()
		d.left = crash
		_, _, _, err := openAt(d)
		if err == nil {
			break
		}
		if !errors.Is(err, errCrashed) {
			t.Fatalf("after %+v: %v", s, err)
		}
		d.afterPowerLoss(func(again *crashDisk) {
			if _, rec, n, err := openAt(again); err != nil || rec.Corrupt || !mustBe(n, s.promised, s.issued) {
				t.Fatalf("crash in call %d of recovery: %d records of %d..%d, corrupt %v, %v", crash, n, s.promised, s.issued, rec.Corrupt, err)
			}
		})
	}
	d := left.afterProcessCrash()
	l, rec, n, err := openAt(d)
	if err != nil || rec.Corrupt || !mustBe(n, s.promised, s.issued) {
		t.Fatalf("%d records of %d..%d, corrupt %v, %v", n, s.promised, s.issued, rec.Corrupt, err)
	}
	// What was recovered has been shown, so it must be durable.
	d.afterPowerLoss(func(again *crashDisk) {
		if _, _, m, err := openAt(again); err != nil || m != n {
			t.Fatalf("recovered %d records, then %d after a power loss: %v", n, m, err)
		}
	})
	more := script{l: l, issued: n, promised: n}
	if err := more.run("asaw"); err != nil {
		t.Fatal(err)
	}
	d.afterPowerLoss(func(again *crashDisk) {
		if _, rec, m, err := openAt(again); err != nil || rec.Corrupt || !mustBe(m, n+1, n+2) {
			t.Fatalf("%d records of %d..%d after more writes, corrupt %v, %v", m, n+1, n+2, rec.Corrupt, err)
		}
	})
}

// TestEveryFlippedBitBelowThePromiseIsFound: later records tell how much had been
// synced, so damage in the middle is corruption and never the end of the log. A
// log that was idle has told so of every record.
func TestEveryFlippedBitBelowThePromiseIsFound(t *testing.T) {
	for steps, last := range map[string]int{"aaSaasas": 1, "aaSaasasv": 0} {
		d := newCrashDisk(16)
		l, _, _, _ := openAt(d)
		s := script{l: l}
		if err := s.run(steps); err != nil {
			t.Fatal(err)
		}
		segment := l.name()
		promised := int64(0)
		for i, whole := int64(0), d.names[segment].data; i < int64(len(whole)); {
			r, ok := readRecord(whole, l.segment, i)
			if !ok {
				t.Fatal("test log is damaged")
			}
			promised = max(promised, r.synced)
			i += r.size()
		}
		for _, name := range []string{segment, l.base} {
			for bit := range int64(len(d.names[name].data)) * 8 {
				damaged := d.afterProcessCrash()
				content := slices.Clone(damaged.names[name].data)
				content[bit/8] ^= 1 << (bit % 8)
				damaged.names[name].data = content
				_, rec, n, err := openAt(damaged)
				if err != nil {
					t.Fatalf("%s: %s, bit %d: %v", steps, name, bit, err)
				}
				switch mustBeFound := name == l.base || bit/8 < promised; {
				case mustBeFound && !rec.Corrupt:
					t.Fatalf("%s: %s, bit %d: damage taken for a torn tail, %d records", steps, name, bit, n)
				case !mustBeFound && (rec.Corrupt || !rec.Torn || n != s.issued-last):
					t.Fatalf("%s: %s, bit %d: %d records, %+v", steps, name, bit, n, rec)
				}
			}
		}
	}
}

func TestMissingSnapshotIsCorruption(t *testing.T) {
	d := newCrashDisk(16)
	l, _, _, _ := openAt(d)
	s := script{l: l}
	if err := s.run("asSas"); err != nil {
		t.Fatal(err)
	}
	delete(d.names, l.base)
	if _, rec, _, err := openAt(d); err != nil || !rec.Corrupt {
		t.Fatalf("%+v, %v", rec, err)
	}
}

// TestDoubtLastsUntilItIsSettled: a crash after a torn tail was cut off must not
// make a certainty of what is left, whatever was written in between.
func TestDoubtLastsUntilItIsSettled(t *testing.T) {
	damaged := func() *crashDisk {
		d := newCrashDisk(16)
		l, _, _, _ := openAt(d)
		s := script{l: l}
		if err := s.run("asaas"); err != nil {
			t.Fatal(err)
		}
		d.names[l.name()].data[l.size-1] ^= 1
		d.names[l.name()].durable[l.size-1] ^= 1
		return d
	}
	for crash := 0; ; crash++ {
		d := damaged()
		d.left = crash
		l, rec, n, err := openAt(d)
		d.afterPowerLoss(func(left *crashDisk) {
			if _, rec, n, err := openAt(left); err != nil || !rec.Torn || n != 2 {
				t.Fatalf("crash in call %d of recovery: %d records, %+v, %v", crash, n, rec, err)
			}
		})
		if err != nil {
			continue
		}
		if !rec.Torn || n != 2 {
			t.Fatalf("%d records, %+v", n, rec)
		}
		d.left = -1
		s := script{l: l, issued: n}
		if err := s.run("asSas"); err != nil {
			t.Fatal(err)
		}
		if _, rec, _, err := openAt(d); err != nil || !rec.Torn {
			t.Fatalf("the doubt is gone: %+v, %v", rec, err)
		}
		break
	}
	for _, end := range []func(*Log) error{(*Log).Settle, (*Log).Wipe} {
		d := damaged()
		l, _, _, err := openAt(d)
		if err = errors.Join(err, end(l)); err != nil {
			t.Fatal(err)
		}
		d.afterPowerLoss(func(left *crashDisk) {
			if _, rec, _, err := openAt(left); err != nil || rec.Torn || rec.Corrupt {
				t.Fatalf("after its end: %+v, %v", rec, err)
			}
		})
	}
}

// TestWipedLogNeverComesBack: a crash in a wipe leaves a log that is corrupt or
// empty, never an older state.
func TestWipedLogNeverComesBack(t *testing.T) {
	for crash := 0; ; crash++ {
		d := newCrashDisk(16)
		l, _, _, _ := openAt(d)
		s := script{l: l}
		if err := s.run("asSas"); err != nil {
			t.Fatal(err)
		}
		d.left = crash
		err := l.Wipe()
		marked := d.synced[lostMark] != nil
		d.afterPowerLoss(func(left *crashDisk) {
			_, rec, n, err := openAt(left)
			if err != nil || !rec.Corrupt && n != 0 && (n != 2 || marked) {
				t.Fatalf("crash in call %d of a wipe: %d records, %+v, %v", crash, n, rec, err)
			}
		})
		if err == nil {
			break
		}
	}
}

// TestValueThatLooksLikeARecordIsNone: the checksum covers the place, so log
// bytes inside a payload do not resynchronise the scan.
func TestValueThatLooksLikeARecordIsNone(t *testing.T) {
	d := newCrashDisk(16)
	l, _, err := Open(d, silent)
	if err != nil {
		t.Fatal(err)
	}
	// It claims that everything before it was synced.
	fake := appendRecord(nil, 1, 40, record{lsn: 3, synced: 40, payload: []byte("x")})
	if err := errors.Join(l.Append([]byte("a")), l.Append(fake), l.write()); err != nil {
		t.Fatal(err)
	}
	b := d.names[l.name()].data
	b[recordHeader+1+recordTrailer] ^= 1 // the length of the second record
	_, rec, err := Open(d, silent)
	if err != nil || rec.Corrupt || !rec.Torn || len(rec.Records) != 1 {
		t.Fatalf("%+v, %v", rec, err)
	}
}

func TestLogRefusesAnOversizedRecord(t *testing.T) {
	l, _, err := Open(newCrashDisk(16), silent)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Append(make([]byte, MaxRecord+1)); err == nil {
		t.Fatal("accepted")
	}
	if err := l.Append(make([]byte, bufferSize)); err != nil || len(l.buf) != 0 {
		t.Fatalf("%d bytes kept in memory, %v", len(l.buf), err)
	}
}

func TestLogNamesSortAsNumbers(t *testing.T) {
	names := []string{segmentName(9), segmentName(10), segmentName(1 << 40)}
	if !slices.IsSorted(names) {
		t.Fatal(names)
	}
	for _, bad := range []string{"wal-1", "wal-zzzzzzzzzzzzzzzz", "snap.tmp", "other"} {
		if n, ok := fileNumber(bad, "wal-"); ok {
			t.Errorf("%s read as segment %d", bad, n)
		}
	}
}
