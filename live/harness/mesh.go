package harness

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/live/proxy"
)

// A pair is a way from one host to another.
type pair struct{ from, to string }

// A mesh is the network of a run: a proxy for each pair of hosts, one for each
// direction, since a host sends on the connections that it has opened itself. What
// becomes of single messages is decided where they are sent, and the mesh says how.
type mesh struct {
	usual    proxy.Direction // when no fault is in effect
	usualWay way
	links    map[pair]*link
	order    []pair // as in the topology
	rules    map[string][]rule
	deliver  func(host string, d delivery) // has the messages of a host treated so
}

// A link is a proxy and how many faults in effect want what of it.
type link struct {
	*proxy.Link
	lossy, held, slow int
}

// slowRate is a link that is nearly clogged, in bytes a second.
const slowRate = 16 << 10

// newMesh returns the network; deliver must be set before anything disturbs it.
func newMesh(top actors.Topology, seed uint64, net faults.Net) (*mesh, error) {
	m := &mesh{
		usual: proxy.Direction{Delay: net.DelayMin, Jitter: max(0, net.DelayMax-net.DelayMin)}, usualWay: newWay(net),
		links: map[pair]*link{}, rules: map[string][]rule{},
	}
	for i, from := range top.Hosts {
		for j, to := range top.Hosts {
			if i == j {
				continue
			}
			l, err := proxy.Listen("", faults.Mix(seed, uint64(i)<<32|uint64(j)))
			if err != nil {
				return nil, errors.Join(fmt.Errorf("way from %s to %s: %w", from.Name, to.Name, err), m.close())
			}
			p := pair{from.Name, to.Name}
			m.links[p] = &link{Link: l}
			m.order = append(m.order, p)
			m.refresh(p)
		}
	}
	return m, nil
}

// addrs are where a host finds the others.
func (m *mesh) addrs(of string) map[string]string {
	all := map[string]string{}
	for _, p := range m.order {
		if p.from == of {
			all[p.to] = m.links[p].Addr()
		}
	}
	return all
}

// forward says where a host listens now.
func (m *mesh) forward(host, addr string) {
	for _, p := range m.order {
		if p.to == host {
			m.links[p].Forward(addr)
		}
	}
}

// refresh has a proxy do what the faults in effect want of it.
func (m *mesh) refresh(p pair) {
	l := m.links[p]
	d := m.usual
	if l.held > 0 {
		d.Hole = true
	}
	if l.slow > 0 {
		d.Rate = slowRate
	}
	l.Set(proxy.Faults{Forth: d})
}

// delivery says what is to become of the messages of a host.
func (m *mesh) delivery(host string) delivery {
	d := delivery{Usual: m.usualWay, Rules: m.rules[host]}
	for _, p := range m.order {
		if p.from == host && m.links[p].lossy > 0 {
			d.Cut = append(d.Cut, p.to)
		}
	}
	return d
}

// redeliver has the messages of the hosts that send on some links treated as the faults in
// effect want it now.
func (m *mesh) redeliver(pairs []pair) {
	var told []string
	for _, p := range pairs {
		if !slices.Contains(told, p.from) {
			told = append(told, p.from)
			m.deliver(p.from, m.delivery(p.from))
		}
	}
}

// lieInWait has a rule wait for a message on some links, each sender counting for itself,
// until undo is called.
func (m *mesh) lieInWait(r rule, pairs []pair) (undo func()) {
	to := map[string][]string{}
	for _, p := range pairs {
		to[p.from] = append(to[p.from], p.to)
	}
	for from, receivers := range to {
		own := r
		own.To = receivers
		m.rules[from] = append(m.rules[from], own)
	}
	m.redeliver(pairs)
	return func() {
		for from := range to {
			m.rules[from] = slices.DeleteFunc(slices.Clone(m.rules[from]), func(x rule) bool { return x.ID == r.ID })
		}
		m.redeliver(pairs)
	}
}

// A way to disturb a link: the count of the faults that do it.
type disturbance func(l *link) *int

func lossy(l *link) *int { return &l.lossy }
func held(l *link) *int  { return &l.held }
func slow(l *link) *int  { return &l.slow }

// disturb does something to links until undo is called.
func (m *mesh) disturb(pairs []pair, how disturbance) (undo func()) {
	add := func(n int) {
		for _, p := range pairs {
			*how(m.links[p]) += n
			m.refresh(p)
		}
		m.redeliver(pairs)
	}
	add(1)
	return func() { add(-1) }
}

// forget leaves the sending ends of open connections believing in them, until undo
// is called.
func (m *mesh) forget(pairs []pair) (undo func()) {
	for _, p := range pairs {
		m.links[p].HalfOpen(proxy.Dialler)
	}
	return func() {
		for _, p := range pairs {
			m.links[p].Heal()
			m.refresh(p)
		}
	}
}

// quiet ends what a network does by itself: loss, delay and disorder.
func (m *mesh) quiet() {
	m.usual, m.usualWay = proxy.Direction{}, way{}
	for _, p := range m.order {
		m.links[p].Heal()
		m.refresh(p)
	}
	m.redeliver(m.order)
}

func (m *mesh) close() error {
	var errs []error
	for _, p := range m.order {
		errs = append(errs, m.links[p].Close())
	}
	return errors.Join(errs...)
}

// halfOpenTime is how long one end of a half-open connection goes on believing.
const halfOpenTime = 300 * time.Millisecond
