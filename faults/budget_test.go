package faults

import (
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"
)

// A ledger is a Budget with one group and a short way to write what happens to it.
type ledger struct {
	*Budget
	at    int64
	epoch uint64
}

func (l *ledger) tick() int64 { l.at++; return l.at }

// chain decides a chain and puts it into effect. A member is written as host, boot
// and copy, "a1.0", with the last boot that the decider heard of behind it if that
// is another, "a1.0/2".
func (l *ledger) chain(volatile bool, tolerate int, members ...string) {
	l.decide(volatile, tolerate, members...)
	l.Enact(l.tick(), l.epoch, 0)
}

func (l *ledger) decide(volatile bool, tolerate int, members ...string) {
	l.epoch++
	c := Chain{Tolerate: tolerate, Volatile: volatile}
	for _, text := range members {
		m := Member{Host: text[:1]}
		n, _ := fmt.Sscanf(text[1:], "%d.%d/%d", &m.Boot, &m.Copy, &m.Seen)
		if n < 3 {
			m.Seen = m.Boot
		}
		c.Members = append(c.Members, m)
	}
	l.Decide(l.epoch, 0, c)
}

// hold has hosts hold copy 0, or the one named, up to a place, and somebody see it.
func (l *ledger) hold(upto uint64, hosts ...string) {
	for _, h := range hosts {
		copy := uint64(0)
		fmt.Sscanf(h[1:], ".%d", &copy)
		l.Hold(h[:1], Held{Copy: copy, Upto: upto})
	}
	l.Answer(0, upto)
}

func (l *ledger) crash(host string, boot uint64) { l.End(l.tick(), host, boot) }

func (l *ledger) wipe(host string, boot uint64) {
	l.crash(host, boot)
	l.Destroy(l.tick(), host, boot, "wipe")
}

func (l *ledger) lost() string {
	var out []string
	for _, loss := range l.Losses() {
		text := fmt.Sprintf("kept %d", loss.Kept)
		if loss.Dead {
			text = "dead"
		}
		out = append(out, text)
	}
	return strings.Join(out, ", ")
}

// FAULTS 2: what uses up a token, what does not, and what is lost in the end.
func TestTokensAndLosses(t *testing.T) {
	const synced, memory = false, true
	for _, test := range []struct {
		name   string
		do     func(l *ledger)
		tokens int
		lost   string
	}{
		{"nothing has happened", func(l *ledger) { l.chain(synced, 1, "a1.0", "b1.0"); l.hold(5, "a", "b") }, 0, ""},
		{"all processes ended", func(l *ledger) {
			l.chain(synced, 1, "a1.0", "b1.0")
			l.hold(5, "a", "b")
			l.crash("a", 1)
			l.crash("b", 1)
		}, 0, ""},
		{"a disk is wiped", func(l *ledger) { l.chain(synced, 1, "a1.0", "b1.0"); l.hold(5, "a", "b"); l.wipe("a", 1) }, 1, ""},
		{"all disks are wiped", func(l *ledger) {
			l.chain(synced, 1, "a1.0", "b1.0")
			l.hold(5, "a", "b")
			l.wipe("a", 1)
			l.wipe("b", 1)
		}, 2, "dead"},
		{"a member is expelled", func(l *ledger) {
			l.chain(synced, 1, "a1.0", "b1.0")
			l.hold(5, "a", "b")
			l.chain(synced, 1, "a1.0")
		}, 1, ""},
		{"one is expelled, the other one wiped", func(l *ledger) {
			l.chain(synced, 1, "a1.0", "b1.0")
			l.hold(5, "a", "b")
			l.chain(synced, 1, "a1.0")
			l.wipe("a", 1)
		}, 2, "dead"},
		{"the transfer is not complete", func(l *ledger) {
			l.chain(synced, 1, "a1.0", "b1.0")
			l.hold(5, "a", "b")
			l.wipe("b", 1)
			l.Found(l.tick(), "b", 99, nil)
			l.hold(3, "b.2")
			l.chain(synced, 1, "a1.0", "b2.2")
		}, 1, ""},
		{"the transfer is complete", func(l *ledger) {
			l.chain(synced, 1, "a1.0", "b1.0")
			l.hold(5, "a", "b")
			l.wipe("b", 1)
			l.Found(l.tick(), "b", 99, nil)
			l.hold(5, "b.2")
			l.chain(synced, 1, "a1.0", "b2.2")
		}, 0, ""},
		{"a new copy is on a disk that is not to be relied on", func(l *ledger) {
			l.chain(synced, 1, "a1.0", "b1.0")
			l.Destroy(l.tick(), "b", 1, "rot")
			l.hold(5, "a", "b.2")
			l.chain(synced, 1, "a1.0", "b1.2")
		}, 1, ""},
		{"what a fault did to the disk has done no harm", func(l *ledger) {
			l.chain(synced, 1, "a1.0", "b1.0")
			l.hold(5, "a", "b")
			l.Destroy(l.tick(), "b", 1, "rot")
			l.crash("b", 1)
			l.Found(l.tick(), "b", 99, []Held{{Upto: 5}})
		}, 0, ""},
		{"a disk came back with less", func(l *ledger) {
			l.chain(synced, 0, "a1.0")
			l.hold(5, "a")
			l.Destroy(l.tick(), "a", 1, "power-loss after a lie")
			l.Found(l.tick(), "a", 99, []Held{{Upto: 3}})
		}, 0, "kept 3"},
		{"a disk forgets what no fault touched", func(l *ledger) {
			l.chain(synced, 0, "a1.0")
			l.hold(5, "a")
			l.Found(l.tick(), "a", 99, nil)
		}, 1, ""},
		{"the chain has a member that was wiped before anybody could know", func(l *ledger) {
			l.chain(synced, 1, "a1.0", "b1.0")
			l.hold(5, "a", "b")
			l.wipe("b", 1)
			l.chain(synced, 1, "b1.0")
		}, 2, "dead"},
		{"a member that was damaged before anybody could know goes on with what it has", func(l *ledger) {
			l.chain(synced, 1, "a1.0", "b1.0")
			l.hold(5, "a", "b")
			l.Destroy(l.tick(), "a", 2, "misdirect")
			l.crash("a", 2)
			l.Found(l.tick(), "a", 3, []Held{{Upto: 3}})
			l.chain(synced, 1, "a2.0")
			l.chain(synced, 1, "a3.0")
		}, 1, "kept 3"},
		{"the decider knows that a member was damaged and keeps it alone", func(l *ledger) {
			l.chain(synced, 1, "a1.0", "b1.0")
			l.hold(5, "a", "b")
			l.Destroy(l.tick(), "a", 2, "misdirect")
			l.crash("a", 2)
			l.Found(l.tick(), "a", 3, []Held{{Upto: 3}})
			l.chain(synced, 1, "a3.0")
		}, 2, ""},
		{"the decider keeps a member of which it knows that it was wiped", func(l *ledger) {
			l.chain(synced, 1, "a1.0", "b1.0")
			l.hold(5, "a", "b")
			l.wipe("b", 1)
			l.chain(synced, 1, "b1.0/2")
		}, 2, ""},
		{"a decision is not in effect", func(l *ledger) {
			l.chain(synced, 1, "a1.0", "b1.0")
			l.hold(5, "a", "b")
			l.decide(synced, 1, "b1.0")
			l.wipe("b", 1)
			l.Enact(l.tick(), l.epoch-1, 0)
		}, 1, ""},
		{"memory: a process ended", func(l *ledger) { l.chain(memory, 1, "a1.0", "b1.0"); l.hold(5, "a", "b"); l.crash("a", 1) }, 1, ""},
		{"memory: the one that ended is replaced", func(l *ledger) {
			l.chain(memory, 1, "a1.0", "b1.0")
			l.hold(5, "a")
			l.crash("a", 1)
			l.chain(memory, 1, "b1.0")
			l.hold(5, "a.2")
			l.chain(memory, 1, "b1.0", "a2.2")
		}, 0, ""},
		{"memory: all ended, and nobody has begun again", func(l *ledger) {
			l.chain(memory, 1, "a1.0", "b1.0")
			l.hold(3, "a")
			l.Answer(0, 5)
			l.crash("a", 1)
			l.crash("b", 1)
		}, 2, ""},
		{"memory: all ended, and one goes on with its disk", func(l *ledger) {
			l.chain(memory, 1, "a1.0", "b1.0")
			l.hold(3, "a")
			l.Answer(0, 5)
			l.crash("a", 1)
			l.crash("b", 1)
			l.Found(l.tick(), "a", 99, []Held{{Upto: 3}})
			l.chain(memory, 1, "a2.0")
		}, 1, "kept 3"},
		{"memory: all ended, and the disk has everything", func(l *ledger) {
			l.chain(memory, 1, "a1.0", "b1.0")
			l.hold(5, "a")
			l.crash("a", 1)
			l.crash("b", 1)
			l.chain(memory, 1, "a2.0")
		}, 1, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := &ledger{Budget: NewBudget()}
			test.do(l)
			if got := l.Tokens(0); got != test.tokens {
				t.Errorf("%d tokens in use, want %d", got, test.tokens)
			}
			if got := l.lost(); got != test.lost {
				t.Errorf("lost: %q, want %q", got, test.lost)
			}
		})
	}
}

func TestTheLastSoundMemberIsSpared(t *testing.T) {
	l := &ledger{Budget: NewBudget()}
	l.chain(false, 1, "a1.0", "b1.0")
	l.hold(5, "a", "b")
	spares := func(want bool, disks bool, hosts ...string) {
		t.Helper()
		if got := l.Spares(disks, hosts...); got != want {
			t.Errorf("Spares(%v, %v) is %v", disks, hosts, got)
		}
	}
	spares(true, true, "a")
	spares(true, true, "c")
	spares(false, true, "a", "b")
	spares(true, false, "a", "b")
	l.crash("b", 1)
	spares(false, true, "a") // b has everything, but nobody knows whether it comes back
	spares(true, true, "b")
	l.chain(false, 1, "a1.0", "b2.0")
	spares(true, true, "a")
	l.decide(false, 1, "b2.0")
	spares(false, true, "b") // a may be expelled already
	l.Enact(l.tick(), l.epoch, 0)
	l.wipe("b", 2)
	spares(true, true, "a", "b") // there is nothing left to lose

	l = &ledger{Budget: NewBudget()}
	l.chain(false, 1, "a1.0", "b1.0")
	l.hold(5, "a", "b")
	l.Destroy(l.tick(), "b", 1, "rot")
	spares(false, false, "a") // it would be expelled, and b stay
	spares(true, false, "b")
}

// A story is a random one of three hosts and two groups.
type story struct {
	*rand.Rand
	b     *Budget
	at    int64
	epoch uint64
	boot  map[string]uint64
	copy  uint64
}

var tellers = []string{"a", "b", "c"}

func (s *story) step() {
	s.at++
	host := tellers[s.Intn(3)]
	n := s.Intn(2)
	switch s.Intn(6) {
	case 0:
		s.b.End(s.at, host, s.boot[host])
		s.boot[host]++
	case 1:
		s.b.Destroy(s.at, host, s.boot[host], "wipe")
	case 2:
		s.b.Found(s.at, host, 99, []Held{{Group: n, Copy: uint64(s.Intn(3)), Upto: uint64(s.Intn(9))}})
	case 3:
		s.b.Hold(host, Held{Group: n, Copy: uint64(s.Intn(3)), Upto: uint64(s.Intn(9))})
	case 4:
		s.b.Answer(n, uint64(s.Intn(9)))
	default:
		c := Chain{Tolerate: 1, Volatile: n == 1}
		for _, i := range s.Perm(3)[:1+s.Intn(3)] {
			c.Members = append(c.Members, Member{Host: tellers[i], Boot: s.boot[tellers[i]], Copy: uint64(s.Intn(3)), Seen: s.boot[tellers[i]]})
		}
		s.epoch++
		s.b.Decide(s.epoch, n, c)
		if s.Intn(4) > 0 {
			s.b.Enact(s.at, s.epoch, n)
		}
	}
}

// subset draws hosts.
func (s *story) subset(of []string) []string {
	return slices.DeleteFunc(slices.Clone(of), func(string) bool { return s.Intn(2) == 0 })
}

func law(t *testing.T, name string, holds func(s *story) bool) {
	t.Helper()
	params := gopter.DefaultTestParametersWithSeed(1)
	params.MinSuccessfulTests = 5000
	properties := gopter.NewProperties(params)
	properties.Property(name, prop.ForAll(func(seed int64) bool {
		s := &story{Rand: rand.New(rand.NewSource(seed)), b: NewBudget(), boot: map[string]uint64{"a": 1, "b": 1, "c": 1}}
		for range 1 + s.Intn(30) {
			s.step()
		}
		return holds(s)
	}, gen.Int64()))
	properties.TestingRun(t)
}

func TestSparingMoreIsSparingLess(t *testing.T) {
	law(t, "who spares hosts spares fewer of them, and their disks means their memory too", func(s *story) bool {
		many := s.subset(tellers)
		few := s.subset(many)
		for _, disks := range []bool{true, false} {
			if s.b.Spares(disks, many...) && !s.b.Spares(disks, few...) {
				t.Logf("disks %v: spares %v and not %v", disks, many, few)
				return false
			}
		}
		return s.b.Spares(false, many...) || !s.b.Spares(true, many...)
	})
}

func TestWhatIsSparedCostsNothing(t *testing.T) {
	law(t, "the loss of hosts that are spared is no loss", func(s *story) bool {
		hosts := s.subset(tellers)
		disks := s.Intn(2) == 0
		before := s.b.Losses()
		if !s.b.Spares(disks, hosts...) {
			return true
		}
		for _, h := range hosts {
			s.at++
			s.b.End(s.at, h, s.boot[h])
			if disks {
				s.b.Destroy(s.at, h, s.boot[h], "wipe")
			}
		}
		return len(s.b.Losses()) <= len(before)
	})
}
