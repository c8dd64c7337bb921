package store

import (
	"slices"

	"github.com/simrun/simrun/actors"
)

// Names of the roles of hosts, as in their certificates.
const (
	CoordinatorRole = "coordinator"
	DaemonRole      = "daemon"
	ClientRole      = "client"
)

// roles list what hosts send to other hosts. A client neither orders nor answers
// anything, and a daemon gives no leases.
var roles = []actors.Role{
	{Name: CoordinatorRole, Sends: []string{
		"store.configuration", "store.grant", "store.fence",
		"store.space-status", "store.status", "store.not-leader",
		"group.packet", "group.join",
	}},
	{Name: DaemonRole, Sends: []string{
		"store.heartbeat", "store.fence-ack", "store.caught-up",
		"store.reply", "store.stale",
		"store.chain", "store.ack", "store.resume", "store.pull", "store.chunk",
	}},
	{Name: ClientRole, Sends: []string{
		"store.request", "store.poll", "store.add-space", "store.status-request",
	}},
}

// WithRoles returns a Topology in which every host has its role: what another role
// sends is refused from it. It is for systems that are this store and nothing else; the
// administrator's host is a client.
func WithRoles(top actors.Topology) actors.Topology {
	top.Roles = roles
	top.Hosts = slices.Clone(top.Hosts)
	for i := range top.Hosts {
		top.Hosts[i].Role = roleOf(top.Hosts[i])
	}
	return top
}

// roleOf tells the role of a host by what runs on it.
func roleOf(h actors.Host) string {
	for _, a := range h.Actors {
		switch a.Name {
		case CoordinatorActor:
			return CoordinatorRole
		case StoreActor:
			return DaemonRole
		}
	}
	return ClientRole
}
