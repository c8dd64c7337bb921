package store

import (
	"errors"
	"fmt"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/models"
)

// An Admin is what a program holds of the coordinator. Its calls block, and ask
// again until there is an answer: asking twice changes nothing.
type Admin struct {
	env          actors.Env
	coordinators coordinators
}

// NewAdmin returns the administration of the store for a program on a host without
// a client; coordinators is how many there are. Others ask their [Client].
func NewAdmin(env actors.Env, coordinators int) *Admin {
	return &Admin{env: env, coordinators: newCoordinators(env, coordinators)}
}

const (
	adminPatience = 300 * time.Millisecond // for one answer
	adminPause    = 50 * time.Millisecond  // before the next question
)

// AddSpace creates a space and returns when it is in the published configuration.
// At the deadline it returns the last answer with an error that says why there
// is no space yet; it may still come.
func (a *Admin) AddSpace(space models.Space, durability Durability, timeout time.Duration) (SpaceStatus, error) {
	last := SpaceStatus{Refused: "the coordinator does not answer"}
	ok := a.ask(AddSpace{Space: space, Durability: durability}, timeout, func(reply any) bool {
		last = reply.(SpaceStatus)
		return last.Created
	})
	if !ok {
		return last, fmt.Errorf("space %s after %v: %s", space.Name, timeout, last.why())
	}
	return last, nil
}

// why says what a space is waiting for.
func (s SpaceStatus) why() string {
	if s.Refused != "" {
		return s.Refused
	}
	return "not published yet"
}

// WaitUntilStable returns when every daemon is up and has the configuration,
// nothing is under way and no chain is shorter than it could be.
func (a *Admin) WaitUntilStable(timeout time.Duration) (*Config, error) {
	return a.wait(timeout, func(s Status) string {
		if s.Stable {
			return ""
		}
		return s.Why
	})
}

// WaitForSpace returns when the coordinator has published a space, whoever
// creates it.
func (a *Admin) WaitForSpace(name string, timeout time.Duration) (*Config, error) {
	return a.wait(timeout, func(s Status) string {
		if s.Config != nil && s.Config.Space(name) != nil {
			return ""
		}
		return "no space " + name
	})
}

// wait asks for the status until missing returns "".
func (a *Admin) wait(timeout time.Duration, missing func(Status) string) (*Config, error) {
	why := "the coordinator does not answer"
	var config *Config
	ok := a.ask(StatusRequest{}, timeout, func(reply any) bool {
		s := reply.(Status)
		why, config = missing(s), s.Config
		return why == ""
	})
	if !ok {
		return config, fmt.Errorf("store after %v: %s", timeout, why)
	}
	return config, nil
}

// ask repeats a question until done accepts an answer or the time is over.
func (a *Admin) ask(question any, timeout time.Duration, done func(reply any) bool) bool {
	for deadline := a.env.Clock.Now() + timeout; ; {
		reply, err := a.env.Request(a.coordinators.asked(), question, adminPatience)
		other, refused := reply.(NotLeader)
		switch {
		case refused:
			a.coordinators.elsewhere(other)
		case err == nil:
			a.coordinators.heard(a.coordinators.host())
			if done(reply) {
				return true
			}
		}
		if err != nil && !errors.Is(err, actors.ErrTimeout) {
			panic(fmt.Sprintf("admin %s: a request to the coordinator returned %v", a.env.Host, err))
		}
		if a.env.Clock.Now() >= deadline {
			return false
		}
		a.env.Clock.Sleep(adminPause)
	}
}
