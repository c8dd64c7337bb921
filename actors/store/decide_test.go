package store

import (
	"fmt"
	"strings"
	"testing"

	"github.com/leanovate/gopter"
	"github.com/leanovate/gopter/gen"
	"github.com/leanovate/gopter/prop"

	"github.com/simrun/simrun/models"
)

// seen parses sightings: "a b.2 c! d-" is a at boot 1, b at boot 2, c with another
// disk and d silent. The disk of boot 1 has the number of the host's letter.
func seen(text string) sightings {
	var out sightings
	for _, word := range strings.Fields(text) {
		s := sighting{Daemon: Daemon{Host: word[:1], Boot: 1, Disk: uint64(word[0])}, Alive: true}
		for i, c := range word[1:] {
			switch c {
			case '.':
				s.Boot = uint64(word[i+2] - '0')
			case '!':
				s.Disk = 1
			case '-':
				s.Alive = false
			case '?':
				s.Corrupt = true
			case '~':
				s.Unsure = true
			}
		}
		out = append(out, s)
	}
	return out
}

// chainOf parses a chain of boot-1 members: "abc".
func chainOf(text string) []Member {
	var out []Member
	for _, c := range text {
		out = append(out, Member{Host: string(c), Boot: 1, Disk: uint64(c)})
	}
	return out
}

func printChain(chain []Member) string {
	var words []string
	for _, m := range chain {
		words = append(words, fmt.Sprintf("%s.%d", m.Host, m.Boot))
	}
	return strings.Join(words, " ")
}

// R35: whoever is up stays in the chain, and the last copy is never given up.
func TestSurvivors(t *testing.T) {
	for _, c := range []struct {
		chain      string
		seen       string
		durability Durability
		want       string
	}{
		{"abc", "a b c", Synced, "a.1 b.1 c.1"},
		{"abc", "a b- c", Synced, "a.1 c.1"},
		{"abc", "a- b c-", Synced, "b.1"},
		{"abc", "a b.2 c", Synced, "a.1 b.2 c.1"},
		// Who may have less than it promised waits for somebody who knows.
		{"ab", "a- b.2~", Synced, "a.1 b.1"},
		{"abc", "a- b.2~ c", Synced, "b.2 c.1"},
		{"ab", "a! b.2~", Synced, "b.2"},
		{"ab", "a- b~", Synced, "a.1 b.1"},
		// Nobody is up: every copy may be the one that comes back.
		{"abc", "a- b- c-", Synced, "a.1 b.1 c.1"},
		{"abc", "", Synced, "a.1 b.1 c.1"},
		// A disk that was replaced has nothing on it.
		{"abc", "a! b c", Synced, "b.1 c.1"},
		{"ab", "a! b-", Synced, "b.1"},
		{"ab", "a? b", Synced, "b.1"},
		// The last copy seems lost, but without it the region would be empty.
		{"a", "a!", Synced, "a.1"},
		{"ab", "a! b?", Synced, "a.1 b.1"},
		// Memory does not survive a boot.
		{"abc", "a b.2 c", Replicated, "a.1 c.1"},
		{"abc", "a.2 b.2 c.2", Replicated, "a.2"},
	} {
		r := &Region{Chain: chainOf(c.chain)}
		if got := printChain(survivors(r, c.durability, seen(c.seen))); got != c.want {
			t.Errorf("%s with %q seen, %v: %s, want %s", c.chain, c.seen, c.durability, got, c.want)
		}
	}
}

// A copy that its own daemon misses is gone, unless it is the last.
func TestLostCopyIsExpelled(t *testing.T) {
	r := &Region{ID: 3, Chain: chainOf("ab")}
	r.Chain[1].Data = 7
	s := seen("a b")
	s[1].Lost = []lostCopy{{Region: 3, Data: 6}}
	if got := printChain(survivors(r, Synced, s)); got != "a.1 b.1" {
		t.Errorf("another transfer's loss: chain %s", got)
	}
	s[1].Lost = []lostCopy{{Region: 3, Data: 7}}
	if got := printChain(survivors(r, Synced, s)); got != "a.1" {
		t.Errorf("chain %s", got)
	}
}

// configOn is a configuration with one space of one region.
func configOn(tolerate int, chain string, daemons string) *Config {
	return &Config{
		Epoch:   9,
		Daemons: register(nil, seen(daemons)),
		Spaces:  []Space{{Def: models.Space{Name: "s", Key: "k", Tolerate: tolerate, Partitions: 1}}},
		Regions: []Region{{Space: "s", Version: 4, Chain: chainOf(chain)}},
	}
}

func TestNothingNewIsNoConfiguration(t *testing.T) {
	if n := next(configOn(1, "ab", "a b c"), seen("a b c"), readiness{}); n != nil {
		t.Errorf("got\n%v", n)
	}
}

func TestChainIsChangedOnlyWhenFenced(t *testing.T) {
	c := configOn(1, "ab", "a b c")
	s := seen("a b- c")
	if n := next(c, s, readiness{}); n != nil {
		t.Errorf("not fenced, got\n%v", n)
	}
	n := next(c, s, readiness{fenced: map[RegionID]bool{0: true}})
	if r := n.Regions[0]; printChain(r.Chain) != "a.1" || r.Version != 10 || r.Joining.Host != "c" || r.Joining.Transfer != 10 {
		t.Errorf("got\n%v", n)
	}
	// A fence that turns out to be for nothing still needs a new Version: it is
	// what opens the region again.
	n = next(c, seen("a b c"), readiness{fenced: map[RegionID]bool{0: true}})
	if r := n.Regions[0]; printChain(r.Chain) != "a.1 b.1" || r.Version != 10 {
		t.Errorf("got\n%v", n)
	}
}

// R34: a joiner counts when its source has said that it has everything, and not
// before.
func TestJoinerBecomesTheTailWhenItIsHandedOver(t *testing.T) {
	c := configOn(1, "a", "a b")
	c.Regions[0].Joining = Joiner{Host: "b", Boot: 1, Disk: 'b', Transfer: 9}
	fenced := map[RegionID]bool{0: true}
	for _, test := range []struct {
		seen   string
		handed uint64
		want   string
	}{
		{"a b", 9, "a.1 b.1"},
		{"a b", 0, "a.1"},
		{"a b", 8, "a.1"},   // of an earlier transfer
		{"a b.2", 9, "a.1"}, // it was another incarnation
		{"a- b", 9, "a.1 b.1"},
	} {
		n := next(c, seen(test.seen), readiness{fenced: fenced, handed: map[RegionID]uint64{0: test.handed}})
		if got := printChain(n.Regions[0].Chain); got != test.want {
			t.Errorf("%q seen, transfer %d handed over: %s, want %s", test.seen, test.handed, got, test.want)
		}
	}
}

func TestAbortedTransferBeginsAgainUnderANewNumber(t *testing.T) {
	c := configOn(1, "a", "a b")
	c.Regions[0].Joining = Joiner{Host: "b", Boot: 1, Disk: 'b', Transfer: 9}
	n := next(c, seen("a b.2"), readiness{})
	if j := n.Regions[0].Joining; j.Boot != 2 || j.Transfer != 10 || n.Regions[0].Version != 4 {
		t.Errorf("got\n%v", n)
	}
}

// R25: a space is created with all its copies or not at all.
func TestSpaceNeedsEnoughDaemons(t *testing.T) {
	space := AddSpace{Space: models.Space{Name: "s", Key: "k", Tolerate: 2, Partitions: 4}}
	for text, want := range map[string]int{"a b": 0, "a b c-": 0, "a b c?": 0, "a b c": 4, "a b c d": 4} {
		n := next(&Config{}, seen(text), readiness{spaces: []AddSpace{space}})
		if got := len(n.Regions); got != want {
			t.Errorf("%q: %d regions, want %d", text, got, want)
		}
		for _, r := range n.Regions {
			if len(r.Chain) != 3 {
				t.Errorf("%q: region %d has the chain %s", text, r.ID, printChain(r.Chain))
			}
		}
	}
}

// Copies, writes (at the heads) and reads (at the tails) are spread over all
// daemons, however many there are of each.
func TestNewRegionsAreSpreadEvenly(t *testing.T) {
	for _, test := range []struct {
		daemons              string
		tolerate, partitions int
	}{
		{"a", 0, 4}, {"a b", 0, 5}, {"a b", 1, 4}, {"a b c", 0, 4}, {"a b c", 1, 3}, {"a b c", 1, 4}, {"a b c", 1, 8},
		{"a b c", 2, 4}, {"a b c", 2, 6}, {"a b c d", 1, 4}, {"a b c d", 1, 64}, {"a b c d", 2, 6}, {"a b c d e", 1, 5},
		{"a b c d e", 1, 64}, {"a b c d e", 2, 6}, {"a b c d e", 2, 64},
	} {
		var spaces []AddSpace
		for _, name := range []string{"s", "t"} {
			spaces = append(spaces, AddSpace{Space: models.Space{Name: name, Key: "k", Tolerate: test.tolerate, Partitions: test.partitions}})
		}
		c := next(&Config{}, seen(test.daemons), readiness{spaces: spaces})
		copies, heads, tails := map[string]int{}, map[string]int{}, map[string]int{}
		for i := range c.Regions {
			r := &c.Regions[i]
			heads[r.Head().Host]++
			tails[r.Tail().Host]++
			for _, m := range r.Chain {
				copies[m.Host]++
			}
		}
		for what, count := range map[string]map[string]int{"copies": copies, "heads": heads, "tails": tails} {
			least, most := len(c.Regions), 0
			for _, host := range strings.Fields(test.daemons) {
				least, most = min(least, count[host]), max(most, count[host])
			}
			if most-least > 1 {
				t.Errorf("%d regions of %d copies on %s: %s %v", len(c.Regions), test.tolerate+1, test.daemons, what, count)
			}
		}
	}
}

// Whatever is seen, a configuration has no empty chain, no host twice in one, and
// no joiner that is a member.
func TestEveryConfigurationIsSound(t *testing.T) {
	fates := []string{"", "-", "!", "?", ".2", ".3"}
	properties := gopter.NewProperties(nil)
	properties.Property("sound", prop.ForAll(func(tolerate int, steps [][]int) string {
		space := AddSpace{Space: models.Space{Name: "s", Key: "k", Tolerate: tolerate, Partitions: 4}}
		c := next(&Config{}, seen("a b c d"), readiness{spaces: []AddSpace{space}})
		for _, step := range steps {
			var words []string
			for i, fate := range step {
				words = append(words, string(rune('a'+i%4))+fates[fate])
			}
			s := seen(strings.Join(words, " "))
			ready := readiness{fenced: map[RegionID]bool{}, handed: map[RegionID]uint64{}}
			for _, id := range outdated(c, s, nil) {
				ready.fenced[id] = true
				ready.handed[id] = c.Regions[id].Joining.Transfer
			}
			if n := next(c, s, ready); n != nil {
				if n.Epoch != c.Epoch+1 {
					return "epoch"
				}
				c = n
			}
			if why := unsound(c, tolerate); why != "" {
				return fmt.Sprintf("%s:\n%v", why, c)
			}
		}
		return ""
	}, gen.IntRange(0, 2), gen.SliceOf(gen.SliceOfN(4, gen.IntRange(0, len(fates)-1)))))
	properties.TestingRun(t)
}

func unsound(c *Config, tolerate int) string {
	for i := range c.Regions {
		r := &c.Regions[i]
		if len(r.Chain) == 0 {
			return "empty chain"
		}
		if len(r.Chain) > tolerate+1 {
			return "chain too long"
		}
		hosts := map[string]bool{}
		for _, m := range r.Chain {
			if hosts[m.Host] {
				return "host twice in a chain"
			}
			hosts[m.Host] = true
		}
		if r.Joining.Transfer != 0 && hosts[r.Joining.Host] {
			return "joiner is a member"
		}
	}
	return ""
}
