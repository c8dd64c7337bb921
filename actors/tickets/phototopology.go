package tickets

import (
	"slices"

	"github.com/simrun/simrun/actors"
)

// PhotoHosts returns the options of photo servers named primary0, primary1, ... and
// backup0, backup1, ...
func PhotoHosts(primaries, backups int) PhotoOptions {
	var o PhotoOptions
	for i := range primaries {
		o.Primaries = append(o.Primaries, numbered("primary", i))
	}
	for i := range backups {
		o.Backups = append(o.Backups, numbered("backup", i))
	}
	return o
}

// PhotoTopology returns the hosts of photo servers, a monitor that watches them all,
// clients c0, c1, ... and "final", the last without actors.
func PhotoTopology(o PhotoOptions, m MonitorOptions, clients int) actors.Topology {
	var hosts []actors.Host
	for _, host := range slices.Concat(o.Primaries, o.Backups) {
		hosts = append(hosts, journaledHost(host, PhotoActor, NewPhotoServer(o)))
		m.Sources = append(m.Sources, host+"/"+PhotoActor)
	}
	hosts = append(hosts, actors.Host{Name: MonitorHost, Actors: []actors.ActorDef{{Name: MonitorActor, New: NewMonitor(m)}}})
	return actors.Topology{Hosts: append(hosts, clientHosts(clients)...)}
}
