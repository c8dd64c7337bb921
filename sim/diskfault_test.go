package sim

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/bits"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
)

// diskFault is a fault of the disk of "h" after a second.
func diskFault(kind faults.Kind, lasts time.Duration) faults.Fault {
	return faults.Fault{At: time.Second, Kind: kind, Hosts: []string{"h"}, For: lasts}
}

// powerLossAt is a power loss of "h" after which its program starts again.
func powerLossAt(at time.Duration) faults.Fault {
	return faults.Fault{At: at, Kind: faults.PowerLoss, Hosts: []string{"h"}, For: time.Second, Programs: true}
}

// runDisk runs a program on "h" with these faults. It fails the test unless the run
// passes and the first fault fired.
func runDisk(t *testing.T, seed uint64, program actors.Program, list ...faults.Fault) *Result {
	t.Helper()
	s := diskScenario(program)
	s.Profile.Span = 30 * time.Second
	p := planOf(seed)
	p.Faults = list
	r := Run(s, p)
	if r.Verdict != Pass {
		t.Fatalf("seed %d: %v %s: %v", seed, r.Verdict, r.Check, r.Err)
	}
	if kind := list[0].Kind.String(); r.Stats.Faults[kind].Fired != 1 {
		t.Fatalf("seed %d: %s fired %d times", seed, kind, r.Stats.Faults[kind].Fired)
	}
	return r
}

// damages counts what was noted as lost to a kind.
func damages(r *Result, kind faults.Kind) int {
	n := 0
	for _, note := range r.Notes {
		if f, ok := note.Fact.(DiskLost); ok && f.Why == kind.String() {
			n++
		}
	}
	return n
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func content(d actors.Disk, name string) string {
	b, err := d.ReadFile(name)
	must(err)
	return string(b)
}

// durably makes a file with this content that no power loss can take.
func durably(d actors.Disk, name, text string) {
	must(errors.Join(d.WriteFile(name, []byte(text)), d.Sync(name), d.SyncDir()))
}

func TestFailedSyncForgetsBytesThatStayReadable(t *testing.T) {
	left := map[string]int{}
	for seed := range uint64(60) {
		runDisk(t, seed, func(env actors.Env) error {
			d := env.Disk
			if env.Boot > 1 {
				left[content(d, "f")]++
				return nil
			}
			durably(d, "f", "abc")
			env.Clock.Sleep(2 * time.Second)
			must(d.Append("f", []byte("def")))
			if err := d.Sync("f"); !errors.Is(err, syscall.EIO) {
				return fmt.Errorf("Sync: %w", err)
			}
			must(errors.Join(d.Append("f", []byte("ghi")), d.Sync("f")))
			if got := content(d, "f"); got != "abcdefghi" {
				return fmt.Errorf("read %q", got)
			}
			env.Clock.Sleep(time.Hour)
			return nil
		}, diskFault(faults.SyncError, 0), powerLossAt(5*time.Second))
	}
	if len(left) != 1 || left["abc\x00\x00\x00ghi"] == 0 {
		t.Errorf("after the power loss: %v", left)
	}
}

func TestSecondSyncDoesNotBringBackWhatTheFirstForgot(t *testing.T) {
	left := map[string]int{}
	for seed := range uint64(60) {
		runDisk(t, seed, func(env actors.Env) error {
			d := env.Disk
			if env.Boot > 1 {
				left[content(d, "f")]++
				return nil
			}
			durably(d, "f", "abc")
			env.Clock.Sleep(2 * time.Second)
			must(d.Append("f", []byte("def")))
			for d.Sync("f") != nil { // the bug of half of all databases, once
			}
			env.Clock.Sleep(time.Hour)
			return nil
		}, diskFault(faults.SyncError, 0), powerLossAt(5*time.Second))
	}
	if len(left) != 2 || left["abc"] == 0 || left["abc\x00\x00\x00"] == 0 {
		t.Errorf("after the power loss: %v", left)
	}
}

// TestWrittenAgainIsDurable: what is written again after a failed Sync counts as
// new.
func TestWrittenAgainIsDurable(t *testing.T) {
	for seed := range uint64(30) {
		runDisk(t, seed, func(env actors.Env) error {
			d := env.Disk
			if env.Boot > 1 {
				if got := content(d, "f") + content(d, "g"); got != "abcdefabcdef" {
					return fmt.Errorf("after the power loss: %q", got)
				}
				return nil
			}
			durably(d, "f", "abc")
			durably(d, "g", "abc")
			env.Clock.Sleep(2 * time.Second)
			must(d.Append("f", []byte("def")))
			if d.Sync("f") == nil {
				return errors.New("the Sync did not fail")
			}
			must(errors.Join(d.Truncate("f", 3), d.Append("f", []byte("def")), d.Sync("f")))
			must(errors.Join(d.WriteFile("g", []byte("abcdef")), d.Sync("g")))
			env.Clock.Sleep(time.Hour)
			return nil
		}, diskFault(faults.SyncError, 0), powerLossAt(5*time.Second))
	}
}

func TestFailedSyncDirLeavesNamesPending(t *testing.T) {
	names := map[string]int{}
	for seed := range uint64(60) {
		again := seed%2 == 0
		runDisk(t, seed, func(env actors.Env) error {
			d := env.Disk
			if env.Boot > 1 {
				list, err := d.List()
				names[fmt.Sprint(again, list)]++
				return err
			}
			env.Clock.Sleep(2 * time.Second)
			must(d.WriteFile("f", []byte("abc")))
			if err := d.SyncDir(); !errors.Is(err, syscall.EIO) {
				return fmt.Errorf("SyncDir: %w", err)
			}
			if again {
				must(d.SyncDir())
			}
			env.Clock.Sleep(time.Hour)
			return nil
		}, diskFault(faults.SyncError, 0), powerLossAt(5*time.Second))
	}
	if len(names) != 3 || names["false []"] == 0 || names["false [f]"] == 0 || names["true [f]"] != 30 {
		t.Errorf("after the power loss: %v", names)
	}
}

// TestWriteErrorFailsOneCallOfWhichAnyPartHappened, and no synced byte changes.
func TestWriteErrorFailsOneCallOfWhichAnyPartHappened(t *testing.T) {
	for _, tc := range []struct {
		name string
		call func(d actors.Disk) error
		want []string // outcomes that must be seen, and no others
	}{
		{"append", func(d actors.Disk) error { return d.Append("f", []byte("de")) }, []string{"f=abc", "f=abcd", "f=abcde"}},
		{"append to a new file", func(d actors.Disk) error { return d.Append("g", []byte("x")) }, []string{"f=abc", "f=abc g=x"}},
		{"write", func(d actors.Disk) error { return d.WriteFile("f", []byte("xy")) }, []string{"f=abc", "f=x", "f=xy"}},
		{"truncate", func(d actors.Disk) error { return d.Truncate("f", 1) }, []string{"f=a", "f=abc"}},
		{"rename", func(d actors.Disk) error { return d.Rename("f", "g") }, []string{"f=abc", "g=abc"}},
		{"remove", func(d actors.Disk) error { return d.Remove("f") }, []string{"", "f=abc"}},
	} {
		seen := map[string]int{}
		for seed := range uint64(60) {
			runDisk(t, seed, func(env actors.Env) error {
				d := env.Disk
				durably(d, "f", "abc")
				env.Clock.Sleep(2 * time.Second)
				err := tc.call(d)
				var named *fs.PathError
				if !errors.Is(err, syscall.EIO) || !errors.As(err, &named) {
					return fmt.Errorf("%s: %w", tc.name, err)
				}
				seen[everything(d)]++
				return errors.Join(d.Append("h", nil), d.WriteFile("f", nil), d.Sync("f")) // only one call fails
			}, diskFault(faults.WriteError, 0))
		}
		var got []string
		for s := range seen {
			got = append(got, s)
		}
		slices.Sort(got)
		if !slices.Equal(got, tc.want) {
			t.Errorf("%s left %q, want %q", tc.name, got, tc.want)
		}
	}
}

// everything prints the files of a disk.
func everything(d actors.Disk) string {
	names, err := d.List()
	must(err)
	var out []string
	for _, n := range names {
		out = append(out, n+"="+content(d, n))
	}
	return strings.Join(out, " ")
}

func TestReadErrorFailsOneCallAndChangesNothing(t *testing.T) {
	for _, call := range []func(d actors.Disk) error{
		func(d actors.Disk) error { _, err := d.ReadFile("f"); return err },
		func(d actors.Disk) error { _, err := d.List(); return err },
	} {
		runDisk(t, 1, func(env actors.Env) error {
			d := env.Disk
			durably(d, "f", "abc")
			env.Clock.Sleep(2 * time.Second)
			if err := call(d); !errors.Is(err, syscall.EIO) {
				return fmt.Errorf("got %w", err)
			}
			if got := everything(d); got != "f=abc" {
				return fmt.Errorf("left %q", got)
			}
			return nil
		}, diskFault(faults.ReadError, 0))
	}
}

// flipped counts the bits that differ; -1 if the lengths do.
func flipped(a, b string) int {
	if len(a) != len(b) {
		return -1
	}
	n := 0
	for i := range len(a) {
		n += bits.OnesCount8(a[i] ^ b[i])
	}
	return n
}

func TestRotFlipsOneBitOfASyncedByteForGood(t *testing.T) {
	places := map[string]int{}
	for seed := range uint64(60) {
		f, g := strings.Repeat("f", 5000), strings.Repeat("g", 3000)
		r := runDisk(t, seed, func(env actors.Env) error {
			d := env.Disk
			if env.Boot == 1 {
				durably(d, "f", f)
				durably(d, "g", g)
				must(d.Append("g", []byte("tail")))
				env.Clock.Sleep(2 * time.Second)
				if content(d, "g")[len(g):] != "tail" {
					return errors.New("a byte that was not synced changed")
				}
			}
			inF, inG := flipped(content(d, "f"), f), flipped(content(d, "g")[:len(g)], g)
			if inF+inG != 1 {
				return fmt.Errorf("boot %d: %d bits of f and %d of g changed", env.Boot, inF, inG)
			}
			places[fmt.Sprint(inF)]++
			if env.Boot == 1 {
				env.Clock.Sleep(time.Hour)
			}
			return nil
		}, diskFault(faults.Rot, 0), powerLossAt(5*time.Second))
		if damages(r, faults.Rot) != 1 {
			t.Fatalf("seed %d: the damage was noted %d times", seed, damages(r, faults.Rot))
		}
	}
	if len(places) != 2 {
		t.Errorf("bits of f that were flipped: %v", places)
	}
}

func TestRotOfAnEmptyDiskDoesNotHappen(t *testing.T) {
	s := diskScenario(func(env actors.Env) error { return env.Disk.Append("f", []byte("not synced")) })
	p := planOf(1)
	p.Faults = faults.Schedule{diskFault(faults.Rot, 0)}
	if r := Run(s, p); r.Verdict != Pass || r.Stats.Faults["rot"].Fired != 0 || damages(r, faults.Rot) != 0 {
		t.Errorf("%v %v, %v", r.Verdict, r.Err, r.Stats.Faults)
	}
}

func TestMisreadFlipsOneBitOnce(t *testing.T) {
	text := strings.Repeat("x", 300)
	for seed := range uint64(30) {
		r := runDisk(t, seed, func(env actors.Env) error {
			d := env.Disk
			durably(d, "f", text)
			env.Clock.Sleep(2 * time.Second)
			if n := flipped(content(d, "f"), text); n != 1 {
				return fmt.Errorf("%d bits were read wrong", n)
			}
			if content(d, "f") != text {
				return errors.New("the second read was wrong too")
			}
			return nil
		}, diskFault(faults.Misread, 0))
		if damages(r, faults.Misread) != 1 {
			t.Fatalf("seed %d: the damage was noted %d times", seed, damages(r, faults.Misread))
		}
	}
}

// TestMisdirectedWriteLandsOnOneSyncedSector: it reports success, where it belongs
// there are zeros, and one sector of synced bytes changes.
func TestMisdirectedWriteLandsOnOneSyncedSector(t *testing.T) {
	old := strings.Repeat("o", 3*sectorSize-100)
	fresh := bytes.Repeat([]byte("n"), 6000)
	seen := map[string]int{}
	for seed := range uint64(60) {
		appends := seed%2 == 0
		r := runDisk(t, seed, func(env actors.Env) error {
			d := env.Disk
			durably(d, "f", old)
			durably(d, "g", old)
			env.Clock.Sleep(2 * time.Second)
			if appends {
				must(d.Append("f", fresh))
			} else {
				must(d.WriteFile("new", fresh))
			}
			f, g := content(d, "f"), content(d, "g")
			rest := f[len(old):]
			if !appends {
				rest = content(d, "new")
			}
			if strings.Trim(rest, "\x00") != "" {
				return errors.New("some of it landed where it belongs")
			}
			if len(rest) != len(fresh) {
				return fmt.Errorf("the file grew by %d bytes, not by %d", len(rest), len(fresh))
			}
			hit := 0
			for _, file := range []string{f[:len(old)], g} {
				for at := 0; at < len(old); at += sectorSize {
					end := min(at+sectorSize, len(old))
					switch sector := file[at:end]; sector {
					case old[at:end]:
					case string(fresh[:end-at]):
						hit++
					default:
						return errors.New("a sector holds something else")
					}
				}
			}
			if hit != 1 {
				return fmt.Errorf("%d sectors were hit", hit)
			}
			seen[fmt.Sprint("own file ", f[:len(old)] != old)]++
			return nil
		}, diskFault(faults.Misdirect, 0))
		if damages(r, faults.Misdirect) != 1 {
			t.Fatalf("seed %d: the damage was noted %d times", seed, damages(r, faults.Misdirect))
		}
	}
	if len(seen) != 2 {
		t.Errorf("saw only %v", seen)
	}
}

func TestFullAndReadOnlyDisksRefuseForATime(t *testing.T) {
	for _, tc := range []struct {
		kind    faults.Kind
		err     error
		refuses string // of the calls below
	}{
		{faults.DiskFull, syscall.ENOSPC, "append write create"},
		{faults.ReadOnly, syscall.EROFS, "append write create truncate rename remove"},
	} {
		for seed := range uint64(20) {
			runDisk(t, seed, func(env actors.Env) error {
				d := env.Disk
				durably(d, "f", "abc")
				durably(d, "g", "abc")
				env.Clock.Sleep(2 * time.Second)
				for range 2 {
					var refused []string
					for _, call := range []struct {
						name string
						err  error
					}{
						{"append", d.Append("f", []byte("de"))}, {"write", d.WriteFile("w", []byte("de"))}, {"create", d.Append("c", nil)},
						{"truncate", d.Truncate("f", 0)}, {"rename", d.Rename("g", "h")}, {"remove", d.Remove("f")},
						{"sync", d.SyncDir()},
					} {
						if errors.Is(call.err, tc.err) {
							refused = append(refused, call.name)
						} else if call.err != nil && !errors.Is(call.err, fs.ErrNotExist) {
							return call.err
						}
					}
					want := tc.refuses
					if env.Clock.Now() > 3*time.Second {
						want = ""
					}
					if got := strings.Join(refused, " "); got != want {
						return fmt.Errorf("refused %q, want %q", got, want)
					}
					if tc.kind == faults.ReadOnly && want != "" && everything(d) != "f=abc g=abc" {
						return fmt.Errorf("left %q", everything(d))
					}
					env.Clock.Sleep(3 * time.Second)
				}
				return nil
			}, diskFault(tc.kind, 2*time.Second))
		}
	}
}

func TestLyingSyncIsFoundOutByThePowerLoss(t *testing.T) {
	left, noted := map[string]int{}, 0
	for seed := range uint64(60) {
		r := runDisk(t, seed, func(env actors.Env) error {
			d := env.Disk
			if env.Boot > 1 {
				left[everything(d)]++
				return nil
			}
			durably(d, "f", "abc")
			env.Clock.Sleep(2 * time.Second)
			must(errors.Join(d.Append("f", []byte("def")), d.Sync("f"), d.Append("g", nil), d.SyncDir()))
			env.Clock.Sleep(time.Hour)
			return nil
		}, diskFault(faults.LyingSync, 10*time.Second), powerLossAt(5*time.Second))
		noted += damages(r, faults.LyingSync)
	}
	if kept := left["f=abcdef g="]; left["f=abc"] == 0 || kept == 0 || noted != 60-kept {
		t.Errorf("after the power loss: %v; %d losses were noted", left, noted)
	}
}

// TestHonestSyncAfterALieIsTheTruth: nothing that was claimed is lost then.
func TestHonestSyncAfterALieIsTheTruth(t *testing.T) {
	for seed := range uint64(20) {
		r := runDisk(t, seed, func(env actors.Env) error {
			d := env.Disk
			if env.Boot > 1 {
				if got := everything(d); got != "f=abcdef" {
					return fmt.Errorf("left %q", got)
				}
				return nil
			}
			env.Clock.Sleep(2 * time.Second)
			durably(d, "f", "abcdef")
			env.Clock.Sleep(2 * time.Second)
			must(errors.Join(d.Sync("f"), d.SyncDir()))
			env.Clock.Sleep(time.Hour)
			return nil
		}, diskFault(faults.LyingSync, 2*time.Second), powerLossAt(6*time.Second))
		if n := damages(r, faults.LyingSync); n != 0 {
			t.Fatalf("seed %d: a loss was noted %d times", seed, n)
		}
	}
}

// A halter appends until its disk fails, and halts then.
type halter struct{ env actors.Env }

func (a halter) Receive(ctx actor.Context) {
	switch ctx.Message().(type) {
	case *actor.Started, tick:
		if err := errors.Join(a.env.Disk.Append("f", []byte("x")), a.env.Disk.Sync("f")); err != nil {
			a.env.Halt(err)
		}
		a.env.Note(fmt.Sprint("boot ", a.env.Boot))
		a.env.Clock.After(10*time.Millisecond, tick{})
	}
}

// TestOperatorRestartsAHostThatItsDiskHalted: soon after an error that comes once,
// and when the disk takes writes again after one that lasts.
func TestOperatorRestartsAHostThatItsDiskHalted(t *testing.T) {
	for kind, lasts := range map[faults.Kind]time.Duration{
		faults.SyncError: 0, faults.WriteError: 0, faults.DiskFull: 2 * time.Second, faults.ReadOnly: 2 * time.Second,
	} {
		s := scenarioOf("test/operator",
			actors.Host{Name: "h", Actors: []actors.ActorDef{{Name: "a", New: func(env actors.Env) actor.Actor { return halter{env} }}}},
			actors.Host{Name: "clock", Programs: mainOf(func(env actors.Env) error {
				env.Clock.Sleep(10 * time.Second)
				return nil
			})})
		s.Profile.Span = 30 * time.Second
		p := planOf(1)
		p.Faults = faults.Schedule{diskFault(kind, lasts)}
		r := Run(s, p)
		if r.Verdict != Pass {
			t.Fatalf("%v: %v %s: %v", kind, r.Verdict, r.Check, r.Err)
		}
		back := time.Duration(0)
		for _, n := range r.Notes {
			if n.Fact == "boot 2" && back == 0 {
				back = n.At
			}
		}
		lo, hi := time.Second+lasts, time.Second+lasts+600*time.Millisecond
		if back < lo || back > hi {
			t.Errorf("%v: back at %v, want %v to %v", kind, back, lo, hi)
		}
	}
}

// TestErrorsNeverTouchSyncedBytes is a law: whatever a program does, and whatever
// the disk refuses, what a Sync has made durable is there, at once and after a
// power loss, until it is overwritten.
func TestErrorsNeverTouchSyncedBytes(t *testing.T) {
	for seed := range uint64(30) {
		var durable [3]string // content of f0 to f2 that must stay a prefix
		var named [3]bool
		check := func(d actors.Disk) error {
			for i, want := range durable {
				name := fmt.Sprint("f", i)
				if b, err := d.ReadFile(name); named[i] && (err != nil || !strings.HasPrefix(string(b), want)) {
					return fmt.Errorf("%s is %.40q, %w; synced was %.40q", name, b, err, want)
				}
			}
			return nil
		}
		s := diskScenario(func(env actors.Env) error {
			d := env.Disk
			if env.Boot > 1 {
				return check(d)
			}
			var cur [3]string // what is known to be in the file
			var sure [3]bool  // nothing of it was forgotten by a Sync that failed
			for i := range sure {
				sure[i] = true
			}
			for n := 0; ; n++ {
				env.Clock.Sleep(time.Millisecond)
				i := env.Rand.IntN(3)
				name := fmt.Sprint("f", i)
				b := bytes.Repeat([]byte{byte('a' + n%26)}, 1+env.Rand.IntN(6000))
				switch env.Rand.IntN(4) {
				case 0, 1:
					_ = d.Append(name, b)
				case 2:
					if d.Sync(name) != nil {
						sure[i] = false
					} else if sure[i] {
						durable[i] = cur[i]
					}
				case 3:
					if d.SyncDir() == nil {
						for j := range named {
							named[j] = named[j] || cur[j] != ""
						}
					}
				}
				for j := range cur {
					if got, err := d.ReadFile(fmt.Sprint("f", j)); err == nil {
						cur[j] = string(got)
					}
				}
				if err := check(d); err != nil && !errors.Is(err, syscall.EIO) {
					return err
				}
			}
		})
		p := planOf(seed)
		for i, kind := range []faults.Kind{faults.SyncError, faults.WriteError, faults.ReadError, faults.DiskFull, faults.ReadOnly} {
			for n := range 2 {
				at := time.Duration(faults.Mix(seed, uint64(10*i+n))%uint64(80*time.Millisecond)) + time.Millisecond
				f := faults.Fault{At: at, Kind: kind, Hosts: []string{"h"}}
				if kind.Lasts() {
					f.For = 5 * time.Millisecond
				}
				p.Faults = append(p.Faults, f)
			}
		}
		p.Faults = append(p.Faults, powerLossAt(100*time.Millisecond))
		if r := Run(s, p); r.Verdict != Pass {
			t.Fatalf("seed %d: %v %s: %v", seed, r.Verdict, r.Check, r.Err)
		}
	}
}
