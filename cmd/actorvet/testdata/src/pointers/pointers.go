package pointers

import (
	"fmt"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/simrun/simrun/actors"
)

type peer struct{ name string }

type byName map[string]*peer

type byPeer map[*peer]int // want `map with pointers as keys: addresses differ between runs`

type route struct {
	name string
	hops [2]*peer
}

type byRoute map[route]int // want `map with pointers as keys`

type alias = *peer

const format = "peer %p"

func show(env actors.Env, p *peer, log func(string, ...any)) {
	peers := make(map[alias]bool)    // want `map with pointers as keys`
	var pids = map[*actor.PID]bool{} // want `map with pointers as keys`
	table := struct{ count byPeer }{count: map[*peer]int{}}
	pids, table.count = map[*actor.PID]bool{}, make(map[*peer]int)
	delete(peers, p)
	_ = pids
	_ = fmt.Sprintf("%s %p", "", p) // want `%p in a format`
	_ = fmt.Sprintf(format, p)      // want `%p in a format`
	log("%-[1]8p", p)               // want `%p in a format`
	log("100%% pure, %v %d%%p", p.name, 3)
}
