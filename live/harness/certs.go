package harness

import (
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/live"
)

// certsValid is longer than any run.
const certsValid = 24 * time.Hour

// issueCerts has an authority made in a folder, and a certificate for each host; "" is
// for hosts that need none.
func issueCerts(dir string, top actors.Topology) error {
	if dir == "" {
		return nil
	}
	authority, err := live.OpenAuthority(dir)
	if err != nil {
		return err
	}
	for _, h := range top.Hosts {
		if err := authority.Issue(live.Identity{Host: h.Name, Role: h.Role}, time.Now().Add(certsValid)); err != nil {
			return err
		}
	}
	return nil
}
