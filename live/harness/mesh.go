package harness

import (
	"errors"
	"fmt"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/live/proxy"
)

// A pair is a way from one host to another.
type pair struct{ from, to string }

// A mesh is the network of a run: a proxy for each pair of hosts, one for each
// direction, since a host sends on the connections that it has opened itself.
type mesh struct {
	seed  uint64
	usual proxy.Direction // when no fault is in effect
	links map[pair]*link
	order []pair // as in the topology
}

// A link is a proxy and how many faults in effect want what of it.
type link struct {
	*proxy.Link
	lossy, held, slow int
}

// slowRate is a link that is nearly clogged, in bytes a second.
const slowRate = 16 << 10

// reorderShare of the frames lets others pass, on links that do not keep the order.
const reorderShare = 0.05

func newMesh(top actors.Topology, seed uint64, net faults.Net) (*mesh, error) {
	m := &mesh{seed: seed, links: map[pair]*link{}, usual: proxy.Direction{
		Delay: net.DelayMin, Jitter: max(0, net.DelayMax-net.DelayMin),
		Drop: float64(net.Drop) / 1000, Duplicate: float64(net.Duplicate) / 1000,
	}}
	if net.DelayMax > 0 && !net.FIFO {
		m.usual.Reorder = reorderShare
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
	if l.lossy > 0 {
		d.Drop = 1
	}
	if l.held > 0 {
		d.Hole = true
	}
	if l.slow > 0 {
		d.Rate = slowRate
	}
	l.Set(proxy.Faults{Forth: d})
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
	m.usual = proxy.Direction{}
	for _, p := range m.order {
		m.links[p].Heal()
		m.refresh(p)
	}
}

// counts adds up what the proxies have done.
func (m *mesh) counts() (sum proxy.Counts) {
	for _, p := range m.order {
		c := m.links[p].Counts()
		sum.Connections += c.Connections
		sum.Frames += c.Frames
		sum.Dropped += c.Dropped
		sum.Duplicated += c.Duplicated
	}
	return sum
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
