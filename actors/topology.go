package actors

import (
	"fmt"
	"strings"
)

// A Topology is a system: its hosts and what runs on each. The same value is run
// by sim and by live.
type Topology struct {
	Hosts []Host
}

// A Host is one process on one machine, with a clock and a disk of its own.
type Host struct {
	Name string
	// Actors are started in this order, at every start of the host.
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
// separator, and the first missing Producer or Program.
func (t Topology) Validate() error {
	hosts := map[string]bool{}
	for _, h := range t.Hosts {
		if err := validName("host", h.Name); err != nil {
			return err
		}
		if hosts[h.Name] {
			return fmt.Errorf("host %s: name used twice", h.Name)
		}
		hosts[h.Name] = true
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
