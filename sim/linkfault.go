package sim

import (
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/internal/trace"
)

// A messageRule is about one message of a type. Several links may share it.
type messageRule struct {
	name  string
	left  int           // messages of the type to come, this one included
	again time.Duration // it arrives a second time so much later; 0: it is lost
	fired func()
}

// meets reports that this is the message.
func (r *messageRule) meets(msg any) bool {
	if r.left == 0 || r.name != msgName(msg) {
		return false
	}
	r.left--
	return r.left == 0
}

// faultLinks carries out a fault of links.
func (w *world) faultLinks(f faults.Fault, fired func()) (hit bool, undo func()) {
	switch f.Kind {
	case faults.Swizzle:
		return w.swizzle(f)
	case faults.Reset:
		return w.reset(w.linksOf(f)), nil
	}
	links := w.linksOf(f)
	if len(links) == 0 {
		return false, nil
	}
	kind := trace.Fault
	switch f.Kind {
	case faults.Partition, faults.Isolate, faults.Ring:
		kind = trace.Partition
	case faults.Cut:
		kind = trace.Cut
	}
	w.trace(trace.Event{Kind: kind, Text: f.String()})
	switch f.Kind {
	case faults.Clog:
		return true, w.clog(links)
	case faults.DropMessage, faults.Replay:
		rule := &messageRule{name: f.Message, left: f.Count, again: f.For, fired: fired}
		for _, l := range links {
			l.rules = append(l.rules, rule)
		}
		return true, func() { rule.left = 0 }
	}
	for _, l := range links {
		l.cut++
	}
	return true, func() {
		for _, l := range links {
			l.cut--
		}
	}
}

// linksOf lists the links that a fault is about, each direction on its own.
func (w *world) linksOf(f faults.Fault) (links []*link) {
	a, b := w.hit(f.Hosts), w.hit(f.Others)
	if f.Kind == faults.Ring {
		return ring(a)
	}
	if f.Kind == faults.Isolate {
		b = w.hosts
	}
	oneWay := f.Kind == faults.Cut || f.Kind == faults.Clog || f.Kind == faults.DropMessage || f.Kind == faults.Replay
	inA := map[*host]bool{}
	for _, x := range a {
		inA[x] = true
	}
	for _, x := range a {
		for _, y := range b {
			if x == y || f.Kind == faults.Isolate && inA[y] {
				continue
			}
			links = append(links, x.link(y))
			if !oneWay {
				links = append(links, y.link(x))
			}
		}
	}
	return links
}

// ring lists the links between hosts that are no neighbours on a ring on which
// everybody reaches half of the others. Jepsen calls it a majorities ring.
func ring(hosts []*host) (links []*link) {
	n := len(hosts)
	reach := max(1, (n/2+1)/2) // on either side
	for i, x := range hosts {
		for j, y := range hosts {
			if d := (j - i + n) % n; d > reach && n-d > reach {
				links = append(links, x.link(y))
			}
		}
	}
	return links
}

// clog holds back what is sent on links.
func (w *world) clog(links []*link) (undo func()) {
	for _, l := range links {
		l.clogs++
	}
	return func() {
		for _, l := range links {
			if l.clogs--; l.clogs > 0 {
				continue
			}
			held := l.held
			l.held = nil
			for i := range held {
				*w.times.push(w.now + int64(w.net.DelayMin)) = held[i]
			}
		}
	}
}

// swizzle clogs the links of one host after the other and frees them in another
// order, which is drawn for each host.
func (w *world) swizzle(f faults.Fault) (hit bool, undo func()) {
	hosts := w.hit(f.Hosts)
	if len(hosts) == 0 {
		return false, nil
	}
	w.trace(trace.Event{Kind: trace.Fault, Text: f.String()})
	over := false
	free := make([]func(), len(hosts))
	half := int64(f.For) / 2
	for i, h := range hosts {
		key := faults.Mix(faults.Mix(w.plan.Seed^0x7377697a, h.key), uint64(f.At))
		w.at(w.now+half*int64(i)/int64(len(hosts)), key, func() {
			if over {
				return
			}
			one := faults.Fault{Kind: faults.Isolate, Hosts: []string{h.def.Name}}
			free[i] = w.clog(w.linksOf(one))
		})
		w.at(w.now+half+int64(faults.Scale(key, uint64(half)+1)), key, func() {
			if free[i] != nil {
				free[i]()
				free[i] = nil
			}
		})
	}
	return true, func() {
		over = true
		for i := range free {
			if free[i] != nil {
				free[i]()
				free[i] = nil
			}
		}
	}
}

// reset loses what is on its way, as the end of a connection does.
func (w *world) reset(links []*link) (hit bool) {
	for _, l := range links {
		hit = hit || l.flying > 0 || len(l.held) > 0
		l.resets++
	}
	return hit
}
