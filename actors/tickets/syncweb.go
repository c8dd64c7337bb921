package tickets

import (
	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// A syncWeb is the tier that seed text 2 warns of. A page that needs a job waits for
// it with its process and with its connection to the database, both of which run out
// while the processor has nothing to do. It does not notice that its user has gone.
type syncWeb struct{ webTier }

func newSyncWeb(tier string, o CollapseOptions) actors.Producer {
	return func(env actors.Env) actor.Actor { return &syncWeb{newWebTier(env, tier, o)} }
}

// Receive implements actor.Actor.
func (w *syncWeb) Receive(ctx actor.Context) {
	w.measure(ctx.Message())
	switch m := ctx.Message().(type) {
	case pageRequest:
		if page, ok := w.begin(m); ok {
			w.tell(TierDatabase, openConnection{Page: page})
		}
	case connectionOpen:
		w.proceed(m)
	case jobTaken:
		if m.Refused {
			w.close(m.Page, true)
		}
	case jobFinished:
		w.close(m.Page, false)
	}
}

func (w *syncWeb) proceed(m connectionOpen) {
	if m.Refused {
		w.end(m.Page, pageReply{Refused: true})
		return
	}
	w.connected(m.Page)
	if w.pages[m.Page].Job {
		w.tell(TierImages, startJob{Page: m.Page})
	} else {
		w.close(m.Page, false)
	}
}

func (w *syncWeb) close(page int, refused bool) {
	w.disconnect(page)
	w.end(page, pageReply{Refused: refused})
}
