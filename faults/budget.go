package faults

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// A Budget keeps account of copies: of groups that are replicated on hosts, which
// members their chains have, what each copy holds, and what faults have taken. It
// knows nothing of the system but what it is told, and never changes anything.
//
// A system that tolerates f failures keeps f+1 copies of a group. A token of the
// budget is in use for every copy that is missing: destroyed or wiped, not to be
// relied on any more, ended with its process where only memory was promised, or
// expelled, wrongly too, until the transfer that replaces it is complete. With at
// most f tokens in use in each group nothing may be lost. The number is counted
// from the real chains, not from the faults: a network that has a member expelled
// uses up a token as well as a wipe does.
type Budget struct {
	hosts  map[string]*account
	groups []group
	losses []Loss // of what was lost though the group goes on
}

// A Chain has the members of one group, the one that decides first.
type Chain struct {
	// Tolerate is how many copies may be missing.
	Tolerate int
	// Volatile says that a copy counts as long as the process lives that has it.
	// Otherwise it counts once it is durable.
	Volatile bool
	Members  []Member
}

// A Member is a host with its copy, as whoever decided the chain knew it.
type Member struct {
	Host string
	Boot uint64 // the incarnation that is the member
	Copy uint64 // tells the copies apart that a host has had of the group
	Seen uint64 // the last boot of the host that the decider had heard of
}

// A Held is a place up to which a copy of a group is durable.
type Held struct {
	Group int
	Copy  uint64
	Upto  uint64
}

// A Loss is what a group lost when its last copy was gone.
type Loss struct {
	Group int
	At    int64  // since when no member had it all, in the order of events
	Until int64  // when the group went on with what was left
	Kept  uint64 // what was answered beyond that, until then, is lost
	// Dead says that nothing is left that the group could go on with.
	Dead bool
	// Why names the members and what became of them.
	Why string
}

// An account is what is known of a host.
type account struct {
	ended     uint64 // its last boot that is over
	destroyed uint64 // its last boot whose disk was destroyed
	bad       string // what was done to the disk that it still has; "" for nothing
	copies    map[copyKey]*heldCopy
}

type copyKey struct {
	group int
	copy  uint64
}

// A heldCopy is durable up to a place, unless it is gone: destroyed by a fault.
type heldCopy struct {
	upto  uint64
	gone  string
	found uint64 // the last boot that found it on the disk
}

type group struct {
	tolerate int
	volatile bool
	chain    []standing
	epoch    uint64
	next     []standing // decided and not yet in effect; nil if none is
	nextAt   uint64     // its epoch

	answered uint64
	bare     int64 // since when no member stands; 0 if one does
	blamed   bool  // it was the decider who left no member
}

// A standing is a member and what remains of it.
type standing struct {
	Member
	copy  *heldCopy
	alive bool // the process that holds everything in memory has not ended
}

// NewBudget returns a budget without groups.
func NewBudget() *Budget { return &Budget{hosts: map[string]*account{}} }

func (b *Budget) host(name string) *account {
	a := b.hosts[name]
	if a == nil {
		a = &account{copies: map[copyKey]*heldCopy{}}
		b.hosts[name] = a
	}
	return a
}

// copyOf finds a copy, which begins empty.
func (a *account) copyOf(group int, copy uint64) *heldCopy {
	key := copyKey{group, copy}
	c := a.copies[key]
	if c == nil {
		c = &heldCopy{gone: a.bad}
		a.copies[key] = c
	}
	return c
}

func (b *Budget) group(n int) *group {
	for n >= len(b.groups) {
		b.groups = append(b.groups, group{})
	}
	return &b.groups[n]
}

// Decide says that a group is to have a chain from an epoch on. Until Enact the
// chain before it may still come back.
func (b *Budget) Decide(epoch uint64, n int, c Chain) {
	g := b.group(n)
	g.tolerate, g.volatile = c.Tolerate, c.Volatile
	g.next, g.nextAt = make([]standing, len(c.Members)), epoch
	for i, m := range c.Members {
		a := b.host(m.Host)
		if a.copies[copyKey{n, m.Copy}] == nil && a.destroyed >= m.Boot {
			a.copyOf(n, m.Copy).gone = "lost its disk in boot " + strconv.FormatUint(a.destroyed, 10)
		}
		s := standing{Member: m, copy: a.copyOf(n, m.Copy)}
		s.alive = g.holds(&s) && m.Boot > a.ended
		g.next[i] = s
	}
}

// holds reports that a member of the chain to come has all that was answered: it
// goes on with the memory it had, or has it on its disk.
func (g *group) holds(s *standing) bool {
	for i := range g.chain {
		if old := &g.chain[i]; old.Host == s.Host && old.Boot == s.Boot && old.Copy == s.Copy {
			return old.alive
		}
	}
	return s.copy.gone == "" && s.copy.upto >= g.answered
}

// Enact says at a place in the order of events that what was decided for a group
// in an epoch is in effect, and nothing else that was decided for it. If no member
// of a volatile group has all that was answered, the group goes on with less.
func (b *Budget) Enact(at int64, epoch uint64, n int) {
	g := b.group(n)
	if g.next == nil || g.nextAt != epoch {
		g.next = nil
		return
	}
	stood := g.bare == 0 && len(g.chain) > 0
	g.chain, g.epoch, g.next = g.next, epoch, nil
	b.reckon(at, n)
	switch {
	case g.bare == 0:
		g.blamed = false
	case g.volatile:
		b.goOn(at, n)
	case stood:
		// It is the decider's fault if it had heard of every member since the disk
		// of that was lost.
		g.blamed = !slices.ContainsFunc(g.chain, func(s standing) bool { return s.Seen <= b.host(s.Host).destroyed })
	}
	b.makeDo(at, n)
}

// makeDo has a group that no member stands in go on with what one of them found on
// a disk that something was done to, if the decider had no choice.
func (b *Budget) makeDo(at int64, n int) {
	g := &b.groups[n]
	if g.volatile || g.bare == 0 || g.blamed {
		return
	}
	kept, left := uint64(0), false
	for _, s := range g.chain {
		if s.copy.found > b.host(s.Host).destroyed {
			kept, left = max(kept, s.copy.upto), true
		}
	}
	if !left {
		return
	}
	b.rollBack(at, n, kept)
	for _, s := range g.chain {
		if s.copy.found > b.host(s.Host).destroyed && s.copy.upto >= kept {
			s.copy.gone = ""
		}
	}
}

// goOn has a volatile group begin anew with what its members have on their disks.
func (b *Budget) goOn(at int64, n int) {
	g := &b.groups[n]
	kept, left := uint64(0), false
	for i := range g.chain {
		if c := g.chain[i].copy; c.gone == "" {
			kept, left = max(kept, c.upto), true
		}
	}
	if !left {
		return
	}
	b.rollBack(at, n, kept)
	for i := range g.chain {
		s := &g.chain[i]
		s.alive = s.copy.gone == "" && s.Boot > b.host(s.Host).ended
	}
}

// rollBack takes down that a group lost what was answered after kept, and goes on.
func (b *Budget) rollBack(at int64, n int, kept uint64) {
	g := &b.groups[n]
	if kept < g.answered {
		b.losses = append(b.losses, Loss{Group: n, At: g.bare, Until: at, Kept: kept, Why: b.fates(g)})
	}
	g.answered, g.bare = min(g.answered, kept), 0
}

// Hold says that a copy is durable up to a place.
func (b *Budget) Hold(host string, h Held) {
	c := b.host(host).copyOf(h.Group, h.Copy)
	c.upto = max(c.upto, h.Upto)
}

// Found says what a host found on its disk when it started a boot. A copy that is
// as good as before has survived what was done to the disk. One that is not is all
// that is left, if no other member stands: the group goes on with it. Of what was
// done to the disk in the same boot it says nothing, since that may have come later
// than the look.
func (b *Budget) Found(at int64, host string, boot uint64, copies []Held) {
	a := b.host(host)
	if a.destroyed >= boot {
		return
	}
	a.bad = ""
	for _, c := range a.copies { // in any order
		c.upto = 0
	}
	for _, h := range copies {
		if c := a.copies[copyKey{h.Group, h.Copy}]; c != nil {
			c.upto, c.found = h.Upto, boot
			if c.upto >= b.group(h.Group).answered {
				c.gone = ""
			}
		}
	}
	for n := range b.groups {
		b.makeDo(at, n)
	}
	b.reckonHost(at, host)
}

// Answer says that somebody may have seen what a group holds up to a place.
func (b *Budget) Answer(n int, upto uint64) {
	g := b.group(n)
	g.answered = max(g.answered, upto)
}

// End says that an incarnation of a host is over, and with it its memory.
func (b *Budget) End(at int64, host string, boot uint64) {
	a := b.host(host)
	a.ended = max(a.ended, boot)
	for n := range b.groups {
		g := &b.groups[n]
		for _, chain := range [][]standing{g.chain, g.next} {
			for i := range chain {
				if s := &chain[i]; s.Host == host && s.Boot <= boot {
					s.alive = false
				}
			}
		}
	}
	b.reckonHost(at, host)
}

// Destroy says that what a host has on its disk, up to one of its boots, is lost
// or not to be relied on; why says it in a few words.
func (b *Budget) Destroy(at int64, host string, boot uint64, why string) {
	a := b.host(host)
	a.destroyed, a.bad = max(a.destroyed, boot), why
	for _, c := range a.copies { // in any order
		c.upto, c.gone = 0, why
	}
	b.reckonHost(at, host)
}

// reckonHost looks at the groups of a host again.
func (b *Budget) reckonHost(at int64, host string) {
	for n := range b.groups {
		if slices.ContainsFunc(b.groups[n].chain, func(s standing) bool { return s.Host == host }) {
			b.reckon(at, n)
		}
	}
}

// reckon notes since when a group has no member left.
func (b *Budget) reckon(at int64, n int) {
	g := &b.groups[n]
	switch {
	case len(g.chain) == 0 || slices.ContainsFunc(g.chain, g.stands):
		g.bare = 0
	case g.bare == 0:
		g.bare = at
	}
}

// stands reports that no fault has taken what the member held.
func (g *group) stands(s standing) bool {
	if g.volatile {
		return s.alive
	}
	return s.copy.gone == ""
}

// sound reports that the member has everything that was answered.
func (g *group) sound(s standing) bool {
	return g.stands(s) && (g.volatile || s.copy.upto >= g.answered)
}

// Tokens returns how many copies of a group are missing.
func (b *Budget) Tokens(n int) int {
	g := b.group(n)
	missing := g.tolerate + 1
	for _, s := range g.chain {
		if g.sound(s) {
			missing--
		}
	}
	return max(missing, 0)
}

// Spares reports that every group still has a sound member, one that is known to be
// up, if these hosts lose what is in their memory now, and on their disks too.
// What has nothing left to lose is spared. So is the memory of a group that is not
// volatile, unless a member lost its disk and may be all that is left of the chain
// when those that are down are expelled.
func (b *Budget) Spares(disks bool, hosts ...string) bool {
	for n := range b.groups {
		g := &b.groups[n]
		if !b.sparesChain(g, g.chain, disks, hosts) || !b.sparesChain(g, g.next, disks, hosts) {
			return false
		}
	}
	return true
}

func (b *Budget) sparesChain(g *group, chain []standing, disks bool, hosts []string) bool {
	hit, left, stake := false, false, disks || g.volatile
	for _, s := range chain {
		stake = stake || s.copy.gone != ""
		switch {
		case slices.Contains(hosts, s.Host):
			hit = hit || g.stands(s) || disks && s.copy.gone == ""
		case g.sound(s) && s.Boot > b.host(s.Host).ended:
			left = true
		}
	}
	return left || !hit || !stake
}

// Losses lists what was lost, the groups that are dead last. That a group has no
// member because of a decision that was wrong even for somebody who could not know
// of the last faults is no loss of this kind.
func (b *Budget) Losses() []Loss {
	out := slices.Clone(b.losses)
	for n := range b.groups {
		g := &b.groups[n]
		if g.bare == 0 || g.blamed || slices.ContainsFunc(g.chain, func(s standing) bool { return s.copy.gone == "" }) {
			continue
		}
		kept := uint64(0)
		for _, s := range g.chain {
			kept = max(kept, s.copy.upto)
		}
		out = append(out, Loss{Group: n, At: g.bare, Until: math.MaxInt64, Kept: kept, Dead: true, Why: b.fates(g)})
	}
	return out
}

// fates says what became of the members of a group.
func (b *Budget) fates(g *group) string {
	var out []string
	for _, s := range g.chain {
		fate := s.copy.gone
		switch {
		case fate != "":
		case s.Boot <= b.host(s.Host).ended:
			fate = fmt.Sprintf("ended in boot %d", s.Boot)
		default:
			fate = fmt.Sprintf("began boot %d with the disk alone", s.Boot)
		}
		out = append(out, s.Host+": "+fate)
	}
	return strings.Join(out, ", ")
}
