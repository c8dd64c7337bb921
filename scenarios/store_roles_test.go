package scenarios

import (
	"slices"
	"strings"
	"testing"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/internal/trace"
	"github.com/simrun/simrun/sim"
)

// FAULTS 4, authorisation: in live, what is not on a role's list closes the
// connection, so the lists must name what is sent, and should name nothing else.
func TestStoreRolesNameExactlyWhatTheirHostsSend(t *testing.T) {
	type right struct{ role, message string }
	listed, sent := map[right]bool{}, map[right]bool{}
	for _, s := range All() {
		if !strings.HasPrefix(s.Name, "store/") {
			continue
		}
		for seed := range uint64(4) {
			p := sim.NewPlan(s, seed+1)
			top := store.WithRoles(s.Topology(p.Knobs))
			for _, r := range top.Roles {
				for _, message := range r.Sends {
					listed[right{r.Name, message}] = true
				}
			}
			roles := map[string]string{}
			for _, h := range top.Hosts {
				roles[h.Name] = h.Role
			}
			sim.Trace(s, p, func(e trace.Event) {
				from, _, _ := strings.Cut(e.Path, "/")
				to, _, _ := strings.Cut(e.Peer, "/")
				if e.Kind == trace.Send && from != to {
					sent[right{roles[from], e.Msg}] = true
				}
			})
		}
	}
	compare := func(what string, a, b map[right]bool) {
		var only []string
		for r := range a {
			if !b[r] {
				only = append(only, r.role+" "+r.message)
			}
		}
		slices.Sort(only)
		for _, line := range only {
			t.Errorf("%s: %s", what, line)
		}
	}
	compare("sent, and the role's list does not name it", sent, listed)
	compare("listed and never sent", listed, sent)
}
