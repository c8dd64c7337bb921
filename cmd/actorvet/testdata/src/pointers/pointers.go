package pointers

import (
	"fmt"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/simrun/simrun/actors"
)

type peer struct{ name string }

type byName map[string]*peer

type byPeer map[*peer]int

type byPID map[*actor.PID]int // want `map with PIDs as keys: env.PID makes a fresh pointer every time`

type route struct {
	name string
	hops [2]*actor.PID
}

type byRoute map[route]int // want `map with PIDs as keys`

type alias = *actor.PID

const format = "peer %p"

func show(env actors.Env, p *peer, log func(string, ...any)) {
	known := make(map[alias]bool)    // want `map with PIDs as keys`
	var pids = map[*actor.PID]bool{} // want `map with PIDs as keys`
	table := struct{ count byPeer }{count: map[*peer]int{}}
	pids, table.count = map[*actor.PID]bool{}, make(map[*peer]int)
	delete(table.count, p)
	_, _ = pids, known
	_ = fmt.Sprintf("%s %p", "", p) // want `%p in a format`
	_ = fmt.Sprintf(format, p)      // want `%p in a format`
	log("%-[1]8p", p)               // want `%p in a format`
	log("100%% pure, %v %d%%p", p.name, 3)
}
