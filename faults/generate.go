package faults

import (
	"cmp"
	"math/bits"
	"slices"
	"time"
)

// Drawn is what a Profile comes to in one run.
type Drawn struct {
	Net    Net
	Faults Schedule
	Random bool // the policy
	// Swarm names what is on in this run, in a fixed order: kinds of faults, and parts
	// of Net that are not zero.
	Swarm []string
	// Unrestricted reports that the run has no fault budget.
	Unrestricted bool
	// Cold reports that faults may begin before the clients have done anything.
	Cold bool
	// Core reports that hosts which are down when everything heals stay down, as far
	// as the system can do without them.
	Core bool
}

// Draw draws the network, the faults and the policy of one run over the hosts of
// a topology. Every fault has a key of its own, its kind and its index, so that
// raising a bound of the profile moves none of the others. It does not check the
// profile, see [Profile.Validate].
func (p Profile) Draw(d *Draw, hosts []string) Drawn {
	quiet := d.IntN("quiet", 20) == 0
	r := Drawn{Net: p.drawNet(d.Sub("net", 0), quiet), Random: d.Permille("policy", int(p.Random))}
	if !quiet {
		g := p.newGenerator(d, hosts)
		r.Faults, r.Swarm = g.schedule()
		r.Unrestricted = d.Permille("unrestricted", int(p.Unrestricted))
		r.Core = d.Permille("core", 500)
		r.Cold = d.Permille("cold", 100)
	}
	r.Swarm = append(r.Swarm, r.Net.parts()...)
	return r
}

// parts names what goes wrong on the links, the disks and the clocks.
func (n Net) parts() (on []string) {
	for _, part := range []struct {
		name string
		on   bool
	}{
		{"drop", n.Drop > 0}, {"duplicate", n.Duplicate > 0}, {"late", n.Late > 0}, {"fifo", n.FIFO},
		{"corrupt", n.Corrupt > 0}, {"capacity", n.Capacity > 0}, {"drift", n.Drift > 0}, {"offset", n.Offset > 0}, {"jitter", n.Jitter > 0},
	} {
		if part.on {
			on = append(on, part.name)
		}
	}
	return on
}

func (p Profile) drawNet(d *Draw, quiet bool) Net {
	var n Net
	if p.DelayMax == 0 {
		n.DelayMin, n.DelayMax = time.Millisecond, time.Millisecond
	} else {
		n.DelayMin = d.duration("delay min", p.DelayMin, (p.DelayMin+p.DelayMax)/2)
		n.DelayMax = d.duration("delay max", n.DelayMin, p.DelayMax)
	}
	n.FIFO = d.Permille("fifo", int(p.FIFO))
	// A disk that takes no time at all leaves no moment for a power loss to hit, so
	// most runs have one that is slow enough to matter beside the network.
	if p.DiskMax > 0 && !d.Permille("disk off", 200) {
		n.DiskMax = d.duration("disk max", p.DiskMax/100, p.DiskMax)
		n.DiskMin = d.duration("disk min", 0, n.DiskMax/2)
	}
	if quiet {
		return n
	}
	share := func(name string, most Permille) Permille {
		if most == 0 || d.Permille(name+" off", 500) {
			return 0
		}
		return Permille(1 + d.spread(name, uint64(most)-1)) // a little is as likely as much
	}
	n.Drop = share("drop", p.DropMax)
	if p.DuplicateMax > 0 && !d.Permille("duplicate off", 500) {
		n.Duplicate = Permille(d.Between("duplicate", 1, int(p.DuplicateMax))) // copies do not slow a run down
	}
	n.Drift = share("drift", p.DriftMax)
	n.Jitter = share("jitter", p.JitterMax)
	n.Corrupt = share("corrupt", p.CorruptMax)
	if p.OffsetMax > 0 && !d.Permille("offset off", 500) {
		n.Offset = d.duration("offset", p.OffsetMax/1000, p.OffsetMax)
	}
	if p.CapacityMin > 0 && !d.Permille("capacity off", 700) {
		n.Capacity = d.Between("capacity", p.CapacityMin, 10*p.CapacityMin)
	}
	if p.LateMax > 0 {
		if n.Late = share("late", 10); n.Late > 0 {
			n.LateMax = d.duration("late max", p.LateMax/1000, p.LateMax)
		}
	}
	return n
}

// A generator draws the faults of one run. Bugs of recovery need several faults
// close together on one host, which independent draws hardly ever give, so every
// run has a victim and a moment that its faults prefer.
type generator struct {
	Profile
	d                *Draw
	hosts            []string
	servers, clients []string
	victim           string
	share            int           // of kinds that are on, in thousandths
	span             time.Duration // in which faults begin
	moment           time.Duration
}

func (p Profile) newGenerator(d *Draw, hosts []string) *generator {
	g := &generator{Profile: p, d: d, hosts: hosts}
	g.servers, g.clients = p.split(hosts)
	if len(g.servers) > 0 {
		g.victim = g.servers[d.IntN("victim", len(g.servers))]
	}
	// Short runs need their faults early: the clients may have ended after a tenth of
	// Span.
	g.span = d.duration("span", p.Span/8, p.Span)
	g.moment = d.uniform("moment", g.span)
	g.share = 500
	kinds := 0
	for _, n := range p.Counts {
		kinds += min(n, 1)
	}
	if kinds > manyKinds {
		// All at once hides what two faults do to each other, and leaves no time between
		// them: some runs have many kinds, most have few.
		g.share = []int{125, 250, 500}[d.IntN("share", 3)]
	}
	return g
}

// manyKinds is how many kinds of faults a profile may have before runs begin to
// differ in how many of them are on.
const manyKinds = 8

// schedule returns the faults in the order of their time; those at a point, which
// have none, come last. It also names the kinds that are on.
func (g *generator) schedule() (s Schedule, on []string) {
	for _, k := range Kinds() {
		if g.Counts[k] <= 0 || !g.d.Permille(k.String()+" on", g.share) {
			continue
		}
		on = append(on, k.String())
		for i := range g.d.Between(k.String()+" count", 1, g.Counts[k]) {
			d := g.d.Sub(k.String(), i)
			if f, ok := g.fault(k, d); ok {
				s = append(append(s, f), g.again(f, d.Sub("again", 0))...)
			}
		}
	}
	if g.ClientCrashes > 0 && len(g.clients) > 0 && !g.d.Permille("client crash off", 500) {
		on = append(on, "client-crash")
		for i := range g.d.Between("client crash count", 1, g.ClientCrashes) {
			s = append(s, g.clientCrash(g.d.Sub("client crash", i)))
		}
	}
	slices.SortStableFunc(s, func(a, b Fault) int {
		if (a.Point == "") != (b.Point == "") {
			if a.Point == "" {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.At, b.At)
	})
	return s, on
}

// again draws what often follows a fault: for one restart in five, another crash or
// power loss while the host recovers; for one fault of a disk in three, a power loss,
// which shows what the disk has kept.
func (g *generator) again(f Fault, d *Draw) []Fault {
	next := Fault{Kind: Crash, Hosts: f.Hosts}
	if g.Counts[PowerLoss] > 0 && (f.Kind.Group() == Storage || d.Permille("power", 500)) {
		next.Kind = PowerLoss
	}
	switch {
	case f.Kind.Down() && f.Kind != Destroy && f.Point == "" && f.For > 0 && d.Permille("again", 200):
		next.At = f.At + f.For + d.duration("recovery", 0, max(g.DiskMax, time.Millisecond))
	case f.Kind.Group() == Storage && g.Counts[Crash]+g.Counts[PowerLoss] > 0 && d.Permille("shown", 333):
		next.At, next.Host, next.Point = f.At, f.Host, f.Point
		if f.Point == "" {
			next.At += d.duration("shown after", 0, g.DownMax)
		} else {
			next.Nth = f.Nth + 1 + int(d.spread("shown nth", 32))
		}
	default:
		return nil
	}
	next.For = d.duration("for", max(g.DownMin, 1), g.DownMax)
	return []Fault{next}
}

// clientCrash draws the crash of a client. One that comes back finds what its
// earlier boot had under way, one that does not leaves it to the others.
func (g *generator) clientCrash(d *Draw) Fault {
	f := Fault{At: g.time(d), Kind: Crash, Hosts: []string{g.clients[d.IntN("host", len(g.clients))]}}
	if g.DownMax > 0 && d.Permille("comes back", 500) {
		f.For, f.Programs = d.duration("for", max(g.DownMin, 1), g.DownMax), true
	}
	return f
}

// fault draws one fault, unless the topology has too few hosts for its kind.
func (g *generator) fault(k Kind, d *Draw) (Fault, bool) {
	f := Fault{At: g.time(d), Kind: k}
	if k.Lasts() {
		f.For = d.duration("for", max(g.DownMin, 1), g.DownMax)
	}
	form := k.form()
	if form.factor {
		f.Factor = 2 + int(d.spread("factor", 98))
	}
	if form.step {
		f.Step = d.duration("step", time.Millisecond, stepMax)
		if d.Permille("back", 500) {
			f.Step = -f.Step
		}
	}
	switch {
	case k == Heal:
		return f, true
	case k.HitsHosts():
		return f, g.aim(&f, d)
	case len(g.hosts) < 2:
		return f, false
	}
	switch k {
	case Isolate:
		f.Hosts = []string{g.isolated(d)}
	case Swizzle:
		f.Hosts = g.shuffled(d)
	case Ring:
		// With fewer, everybody is next to everybody.
		if f.Hosts = g.shuffled(d); len(f.Hosts) < 4 {
			return f, false
		}
	case DropMessage, Replay:
		f.Message, f.Count = g.Messages[d.IntN("message", len(g.Messages))], 1+int(d.spread("which", 8))
		f.Hosts, f.Others = g.senders(d)
	default:
		f.Hosts, f.Others = g.groups(d)
	}
	return f, true
}

// stepMax is the furthest that a wall clock steps. Jepsen's clock nemesis uses the
// same bound.
const stepMax = 288 * time.Second

// shuffled returns all servers in a drawn order.
func (g *generator) shuffled(d *Draw) []string {
	out := slices.Clone(g.servers)
	for i := len(out) - 1; i > 0; i-- {
		j := d.Sub("shuffle", i).IntN("with", i+1)
		out[i], out[j] = out[j], out[i]
	}
	return out
}

// aim chooses the host of a fault of single hosts, and perhaps a point for it. It
// returns false if no host can have such a fault.
func (g *generator) aim(f *Fault, d *Draw) bool {
	host, hosts := g.victim, g.servers
	if f.Kind == Misdirect || f.Kind == LyingSync {
		honest := func(h string) bool { return longestPrefix(h, g.Honest) > 0 }
		hosts = slices.DeleteFunc(slices.Clone(hosts), honest)
	}
	if len(hosts) == 0 {
		return false
	}
	if d.Permille("any host", 500) || !slices.Contains(hosts, host) {
		host = hosts[d.IntN("host", len(hosts))]
	}
	f.Hosts = []string{host}
	if f.Kind == PowerLoss && d.Permille("all", int(g.PowerLossAll)) {
		f.Hosts = []string{All}
	}
	if len(g.Points) == 0 || f.Kind == ClockStep || f.Kind == Stop || d.Permille("at a time", 500) {
		return true
	}
	f.At, f.Host = 0, host
	f.Point = g.Points[d.IntN("point", len(g.Points))]
	f.Nth = 1 + int(d.spread("nth", 32))
	if f.Hosts[0] != All {
		f.Hosts = nil
	}
	return true
}

// time draws when a fault begins: a third of them soon after the moment of the
// run, the others at any time.
func (g *generator) time(d *Draw) time.Duration {
	if d.Permille("near the moment", 333) {
		return g.moment + d.duration("after the moment", 0, min(2*g.DownMax, g.span-g.moment))
	}
	return d.uniform("at", g.span)
}

// isolated prefers servers: cutting off a client says little about the system.
func (g *generator) isolated(d *Draw) string {
	if len(g.servers) > 0 && !d.Permille("any host", 250) {
		return g.servers[d.IntN("server", len(g.servers))]
	}
	return g.hosts[d.IntN("host", len(g.hosts))]
}

// senders draws between whom a message is chosen. Few types travel between any two
// hosts, and most in one direction only: it is any message of servers to each other,
// or of those that one host receives or sends.
func (g *generator) senders(d *Draw) (from, to []string) {
	if len(g.servers) > 1 && d.Permille("any servers", 500) {
		return []string{All}, []string{All}
	}
	one := g.isolated(d)
	var rest []string
	for _, h := range g.hosts {
		if h != one {
			rest = append(rest, h)
		}
	}
	if d.Permille("by sender", 500) {
		return []string{one}, rest
	}
	return rest, []string{one}
}

// groups draws two groups of hosts: servers of one kind as often as the profile says, else
// one pair in a third of the cases, else every host on one side, or on neither one time
// in three: a host that both sides still reach makes a partition partial.
func (g *generator) groups(d *Draw) (hosts, others []string) {
	if g.Peers > 0 && d.Permille("peers", int(g.Peers)) {
		if hosts, others = g.peers(d.Sub("peers", 0)); hosts != nil {
			return hosts, others
		}
	}
	from, to := twoOf(d, g.hosts)
	// What servers do without each other matters more than what a client does.
	if len(g.servers) > 1 && d.Permille("two servers", 500) {
		from, to = twoOf(d.Sub("servers", 0), g.servers)
	}
	pair, partial := d.Permille("pair", 333), d.Permille("partial", 333)
	for i, h := range g.hosts {
		side := 2
		switch {
		case h == from:
			side = 0
		case h == to:
			side = 1
		case pair:
		case partial:
			side = d.Sub("side", i).IntN("side", 3)
		default:
			side = d.Sub("side", i).IntN("side", 2)
		}
		switch side {
		case 0:
			hosts = append(hosts, h)
		case 1:
			others = append(others, h)
		}
	}
	return hosts, others
}

// peers draws two groups of servers of one kind, which all that is not of their kind
// still reaches: so one that has lost its place, and cannot know, is still asked. It
// returns nil if the server that it draws is the only one of its kind.
func (g *generator) peers(d *Draw) (hosts, others []string) {
	if len(g.servers) == 0 {
		return nil, nil
	}
	one := g.servers[d.IntN("one", len(g.servers))]
	n := longestPrefix(one, g.Servers)
	kind := slices.DeleteFunc(slices.Clone(g.servers), func(h string) bool {
		return longestPrefix(h, g.Servers) != n || h[:n] != one[:n]
	})
	if len(kind) < 2 {
		return nil, nil
	}
	from, to := twoOf(d, kind)
	alone := d.Permille("alone", 500)
	for i, h := range kind {
		if h == from || h != to && !alone && d.Sub("side", i).Permille("with it", 500) {
			hosts = append(hosts, h)
		} else {
			others = append(others, h)
		}
	}
	if d.Permille("back", 500) {
		return others, hosts
	}
	return hosts, others
}

// twoOf draws two different hosts.
func twoOf(d *Draw, hosts []string) (from, to string) {
	i := d.IntN("from", len(hosts))
	return hosts[i], hosts[(i+1+d.IntN("to", len(hosts)-1))%len(hosts)]
}

// uniform draws a time in [0, most], in whole microseconds for the reader's sake.
func (d *Draw) uniform(name string, most time.Duration) time.Duration {
	return time.Duration(d.IntN(name, int(most/time.Microsecond)+1)) * time.Microsecond
}

// duration draws from [lo, hi], from very close to lo to hi on a logarithmic
// scale: short and long are equally likely, and bugs live at both ends.
func (d *Draw) duration(name string, lo, hi time.Duration) time.Duration {
	x := lo + time.Duration(d.spread(name, uint64(hi-lo)))
	if round := x.Truncate(time.Microsecond); round >= lo {
		return round
	}
	return x
}

// spread draws from [0, most] on a logarithmic scale of eight octaves.
func (d *Draw) spread(name string, most uint64) uint64 {
	octaves := bits.Len64(most)
	k := d.Between(name+" octave", max(octaves-8, 0), octaves)
	return Scale(d.Uint64(name), min(1<<k, most+1))
}
