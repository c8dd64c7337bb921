package tickets

import (
	"fmt"

	"github.com/simrun/simrun/actors"
)

// A Site says how those who submit jobs learn how they end.
type Site uint8

const (
	// PlainSite has a tracker, and the workers tell it how jobs end.
	PlainSite Site = iota
	// CallbackSite has no tracker: workers call back the web servers, which store the
	// outcome. It is for programs inside the site, which can look there.
	CallbackSite
	// HybridSite has both: workers call back, the outcome is stored, and then the ticket
	// says so.
	HybridSite
)

// The hosts of a site that there is one of.
const (
	QueueHost = "queue"
	IndexHost = "index"
)

// Options describe a whole site. The zero value of a field has the default.
type Options struct {
	Site     Site
	Trackers int // hosts tracker1, tracker2, ...; default 3
	Webs     int // hosts web1, web2, ...; default 2
	Workers  int // hosts worker1, worker2, ...; default 2
	Clients  int // hosts c0, c1, ...; there is always one named "final"
	// Programs are added to the hosts of the clients: the n-th client gets the n-th
	// program, under the name "program".
	Programs []actors.Program

	Tracker TrackerOptions
	Queue   QueueOptions
	Worker  WorkerOptions
	Web     WebOptions
	Client  ClientOptions
	// Monitor is that of the host "monitor", which watches the tracker; nil for none.
	Monitor *MonitorOptions
}

func (o Options) withDefaults() Options {
	for _, n := range []struct {
		value *int
		def   int
	}{{&o.Trackers, 3}, {&o.Webs, 2}, {&o.Workers, 2}} {
		if *n.value <= 0 {
			*n.value = n.def
		}
	}
	return o
}

// TrackerHosts returns the hosts of the tracker of a site, if it has one.
func TrackerHosts(o Options) []string {
	if o.Site == CallbackSite {
		return nil
	}
	return hostNames("tracker", o.withDefaults().Trackers)
}

// Topology returns the site. The options of the parts that say where the others are
// are set here.
func Topology(o Options) actors.Topology {
	o = o.withDefaults()
	webs, trackers := hostNames("web", o.Webs), TrackerHosts(o)
	o.Client.Webs, o.Web.Hosts, o.Web.Queue, o.Worker.Queue = webs, webs, QueueHost, QueueHost
	o.Tracker.Hosts, o.Queue.Trackers, o.Worker.Trackers, o.Web.Trackers = trackers, trackers, trackers, trackers
	var hosts []actors.Host
	for _, name := range trackers {
		hosts = append(hosts, host(name, TrackerActor, NewTracker(o.Tracker)))
	}
	queue := host(QueueHost, QueueActor, NewQueue(o.Queue))
	if o.Queue.Durable {
		queue = withJournal(queue)
	}
	hosts = append(hosts, queue)
	if o.Site != PlainSite {
		o.Web.Index = IndexHost
		hosts = append(hosts, withJournal(host(IndexHost, IndexActor, NewIndex())))
	}
	for _, name := range hostNames("worker", o.Workers) {
		hosts = append(hosts, host(name, WorkerActor, NewWorker(o.Worker)))
	}
	for _, name := range webs {
		hosts = append(hosts, host(name, WebActor, NewWeb(o.Web)))
	}
	for i := range o.Clients {
		h := host(fmt.Sprintf("c%d", i), ClientActor, NewClientActor(o.Client))
		if i < len(o.Programs) {
			h.Programs = []actors.ProgramDef{{Name: "program", Run: o.Programs[i]}}
		}
		hosts = append(hosts, h)
	}
	if o.Monitor != nil {
		m := *o.Monitor
		m.Trackers = trackers
		hosts = append(hosts, host(MonitorHost, MonitorActor, NewMonitor(m)))
	}
	return actors.Topology{Hosts: append(hosts, host("final", ClientActor, NewClientActor(o.Client)))}
}

func host(name, actor string, p actors.Producer) actors.Host {
	return actors.Host{Name: name, Actors: []actors.ActorDef{{Name: actor, New: p}}}
}

// withJournal gives a host the journal of its only actor, before it.
func withJournal(h actors.Host) actors.Host {
	h.Actors = append([]actors.ActorDef{{Name: JournalActor, New: newJournal(h.Actors[0].Name)}}, h.Actors...)
	return h
}

func hostNames(name string, n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("%s%d", name, i+1))
	}
	return out
}
