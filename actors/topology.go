package actors

import (
	"fmt"
	"strings"
)

// A Topology is a system: its hosts and what runs on each. The same value is run
// by sim and by live.
type Topology struct {
	Hosts []Host
	// Roles bound what hosts may send to each other. Without any, a host may send
	// every registered message; with some, every host has one of them.
	Roles []Role
}

// A Role is a kind of host, such as "daemon" or "client". What a host of a role
// sends beyond its list is refused: live closes the connection on which it comes.
type Role struct {
	Name string
	// Sends are the wire names of the messages that hosts of this role may send to
	// other hosts, replies included.
	Sends []string
}

// A Host is one process on one machine, with a clock and a disk of its own.
type Host struct {
	Name string
	// Role is the name of one of the topology's Roles, "" if it has none.
	Role string
	// Actors are started in this order, at every start of the host. None receives
	// anything before all are there, so what one says to another as it starts arrives.
	Actors []ActorDef
	// Programs are started after the actors, once: a restart of the host starts
	// them again only if the plan says so.
	Programs []ProgramDef
}

// ActorDef names an actor of a host: its path is host/name.
type ActorDef struct {
	Name string
	New  Producer
}

// ProgramDef names a program of a host. Programs and actors of a host share one
// name space.
type ProgramDef struct {
	Name string
	Run  Program
}

// Validate reports the first name that is empty, doubled or contains a
// separator, the first missing Producer or Program, and the first role that is
// not declared or whose messages are not registered.
func (t Topology) Validate() error {
	roles, err := t.validRoles()
	if err != nil {
		return err
	}
	hosts := map[string]bool{}
	for _, h := range t.Hosts {
		if err := validName("host", h.Name); err != nil {
			return err
		}
		if hosts[h.Name] {
			return fmt.Errorf("host %s: name used twice", h.Name)
		}
		hosts[h.Name] = true
		if h.Role == "" && len(roles) > 0 {
			return fmt.Errorf("host %s: no role, though the topology has some", h.Name)
		}
		if h.Role != "" && !roles[h.Role] {
			return fmt.Errorf("host %s: the topology has no role %s", h.Name, h.Role)
		}
		names := map[string]bool{}
		add := func(kind, name string, missing bool) error {
			if err := validName(kind, name); err != nil {
				return fmt.Errorf("host %s: %w", h.Name, err)
			}
			if names[name] {
				return fmt.Errorf("host %s: name %s used twice", h.Name, name)
			}
			if missing {
				return fmt.Errorf("host %s: %s %s: nothing to run", h.Name, kind, name)
			}
			names[name] = true
			return nil
		}
		for _, a := range h.Actors {
			if err := add("actor", a.Name, a.New == nil); err != nil {
				return err
			}
		}
		for _, p := range h.Programs {
			if err := add("program", p.Name, p.Run == nil); err != nil {
				return err
			}
		}
	}
	return nil
}

// validRoles returns the names of the roles.
func (t Topology) validRoles() (map[string]bool, error) {
	roles := map[string]bool{}
	for _, r := range t.Roles {
		if err := validName("role", r.Name); err != nil {
			return nil, err
		}
		if roles[r.Name] {
			return nil, fmt.Errorf("role %s: name used twice", r.Name)
		}
		roles[r.Name] = true
		for _, name := range r.Sends {
			if _, ok := MessageNamed(name); !ok {
				return nil, fmt.Errorf("role %s: message %s is not registered", r.Name, name)
			}
		}
	}
	return roles, nil
}

func validName(kind, name string) error {
	if name == "" {
		return fmt.Errorf("%s without a name", kind)
	}
	if strings.ContainsAny(name, "/\\ \t\n#,|.") {
		return fmt.Errorf("%s %q: a name has no space and none of / \\ # , | .", kind, name)
	}
	if name == "req" {
		return fmt.Errorf("%s %q: the name is kept for reply addresses", kind, name)
	}
	return nil
}
