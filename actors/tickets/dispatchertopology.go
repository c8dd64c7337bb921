package tickets

import (
	"strconv"

	"github.com/simrun/simrun/actors"
)

// LogOptions describe a log path: clients, dispatchers and a collector.
type LogOptions struct {
	// Dispatchers and Clients are numbers of hosts: dispatcher0, dispatcher1, ..., c0,
	// c1, ...
	Dispatchers, Clients int
	Dispatcher           DispatcherOptions
	Collector            CollectorOptions
}

// CollectorHost is the host of the collector.
const CollectorHost = "collector"

// LogTopology returns the hosts of a log path, and a host "final" without actors.
// Every dispatcher delivers to the collector.
func LogTopology(o LogOptions) actors.Topology {
	o.Dispatcher.Collector = CollectorHost + "/" + CollectorActor
	hosts := []actors.Host{journaledHost(CollectorHost, CollectorActor, NewCollector(o.Collector))}
	for i := range o.Dispatchers {
		hosts = append(hosts, journaledHost(DispatcherHost(i), DispatcherActor, NewDispatcher(o.Dispatcher)))
	}
	return actors.Topology{Hosts: append(hosts, clientHosts(o.Clients)...)}
}

// DispatcherHost returns the name of the host of dispatcher i.
func DispatcherHost(i int) string { return numbered("dispatcher", i) }

// journaledHost is a host with an actor and its journal.
func journaledHost(name, owner string, p actors.Producer) actors.Host {
	return actors.Host{Name: name, Actors: []actors.ActorDef{
		{Name: JournalActor, New: newJournal(owner)},
		{Name: owner, New: p},
	}}
}

// clientHosts are c0 to c<n-1>, and final.
func clientHosts(n int) []actors.Host {
	var hosts []actors.Host
	for i := range n {
		hosts = append(hosts, actors.Host{Name: numbered("c", i)})
	}
	return append(hosts, actors.Host{Name: "final"})
}

func numbered(name string, i int) string { return name + strconv.Itoa(i) }
