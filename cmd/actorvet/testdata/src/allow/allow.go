package allow

import (
	"sync" //actorvet:allow guards a cache that no run can observe
	"time"

	"github.com/simrun/simrun/actors"
)

var mu sync.Mutex

func now(env actors.Env) time.Time {
	_ = time.Now() //actorvet:allow measured for people only
	//actorvet:allow alone on a line, it is for the next one
	_ = time.Now()
	_ = time.Now() //actorvet:allow // want `time.Now: use env.Clock.Now` `actorvet:allow without a reason`
	_ = time.Now() //actorvet:allowed is another word // want `time.Now: use env.Clock.Now`
	x := 1         //actorvet:allow nothing is wrong here // want `actorvet:allow silences nothing`
	_ = x
	go now(env)       // want `go statement`
	return time.Now() // want `time.Now: use env.Clock.Now`
}
