package tickets

import (
	"time"

	"github.com/simrun/simrun/actors"
)

// What follows is for programs inside a site, such as those that watch over it. A
// request that is not answered in time may be made again.

// Done asks the index for the jobs whose outcome it has, in the order in which they
// were stored.
func Done(env actors.Env, timeout time.Duration) ([]string, error) {
	reply, err := env.Request(env.PID(IndexHost+"/"+IndexActor), listJobs{}, timeout)
	if err != nil {
		return nil, err
	}
	return reply.(listed).Jobs, nil
}

// QueueLength asks the queue how many jobs it has, those that workers hold included.
func QueueLength(env actors.Env, timeout time.Duration) (int, error) {
	reply, err := env.Request(env.PID(QueueHost+"/"+QueueActor), askLength{}, timeout)
	if err != nil {
		return 0, err
	}
	return reply.(queueLength).Jobs, nil
}
