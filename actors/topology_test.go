package actors_test

import (
	"strings"
	"testing"

	"github.com/simrun/simrun/actors"
)

func TestRolesMustBeDeclaredAndNameRegisteredMessages(t *testing.T) {
	daemon := actors.Role{Name: "daemon", Sends: []string{"actors.travelled"}}
	h := func(role string) []actors.Host { return []actors.Host{{Name: "h", Role: role}} }
	for _, c := range []struct {
		top  actors.Topology
		want string // "" for a topology that is right
	}{
		{actors.Topology{Hosts: h("")}, ""},
		{actors.Topology{Hosts: h("daemon"), Roles: []actors.Role{daemon}}, ""},
		{actors.Topology{Hosts: h("daemon")}, "the topology has no role daemon"},
		{actors.Topology{Hosts: h(""), Roles: []actors.Role{daemon}}, "host h: no role"},
		{actors.Topology{Hosts: h("daemon"), Roles: []actors.Role{daemon, daemon}}, "role daemon: name used twice"},
		{actors.Topology{Hosts: h("a/b"), Roles: []actors.Role{{Name: "a/b"}}}, "a name has no space"},
		{actors.Topology{Hosts: h("a"), Roles: []actors.Role{{Name: "a", Sends: []string{"actors.nothing"}}}}, "message actors.nothing is not registered"},
	} {
		err := c.top.Validate()
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%+v: %v, want %q", c.top, err, c.want)
		}
	}
}
