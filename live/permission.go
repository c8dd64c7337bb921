package live

import (
	"fmt"
	"reflect"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// permissions say which messages a host may send to others, by its role.
type permissions struct {
	roles map[string]string          // host -> role, "" without roles
	sends map[string]map[string]bool // role -> wire names; nil without roles
}

func newPermissions(top actors.Topology) permissions {
	p := permissions{roles: map[string]string{}}
	for _, h := range top.Hosts {
		p.roles[h.Name] = h.Role
	}
	for _, r := range top.Roles {
		if p.sends == nil {
			p.sends = map[string]map[string]bool{}
		}
		p.sends[r.Name] = map[string]bool{}
		for _, name := range r.Sends {
			p.sends[r.Name][name] = true
		}
	}
	return p
}

// check says why a host may not send messages of a type to others. Those of
// proto.actor that an actor's context takes for itself never may: one of them
// stops an actor.
func (p permissions) check(host string, mt *actors.MessageType) error {
	switch reflect.Zero(mt.Type).Interface().(type) {
	case actor.SystemMessage, actor.AutoReceiveMessage:
		return fmt.Errorf("message %s: system messages stay on their host", mt.Name)
	}
	if role := p.roles[host]; p.sends != nil && !p.sends[role][mt.Name] {
		return fmt.Errorf("message %s: the role %s does not send it", mt.Name, role)
	}
	return nil
}
