package tickets

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
)

// A webTier is what the web servers of both tiers have in common: processes, each of
// which makes one page at a time.
type webTier struct {
	env      actors.Env
	tier     string
	most     int
	last     int // page
	pages    map[int]pageRequest
	messages int // since the last second
}

func newWebTier(env actors.Env, tier string, o CollapseOptions) webTier {
	return webTier{env: env, tier: tier, most: o.Processes, pages: map[int]pageRequest{}}
}

// begin gives a page a process, or turns the user away.
func (w *webTier) begin(m pageRequest) (page int, ok bool) {
	if len(w.pages) >= w.most {
		w.tell(TierUsers, pageReply{User: m.User, Attempt: m.Attempt, Refused: true})
		return 0, false
	}
	w.last++
	w.pages[w.last] = m
	return w.last, true
}

// end sends a page to its user, who may have gone, and frees the process.
func (w *webTier) end(page int, reply pageReply) {
	m := w.pages[page]
	delete(w.pages, page)
	reply.User, reply.Attempt = m.User, m.Attempt
	w.tell(TierUsers, reply)
}

// connected notes that a page has a connection.
func (w *webTier) connected(page int) { w.env.Note(ConnectionHeld{Tier: w.tier, Page: page}) }

// disconnect gives the connection of a page back.
func (w *webTier) disconnect(page int) {
	w.env.Note(ConnectionFreed{Tier: w.tier, Page: page})
	w.tell(TierDatabase, closeConnection{Page: page})
}

func (w *webTier) tell(name string, msg any) { w.env.Send(w.env.PID(TierPath(w.tier, name)), msg) }

// measure counts the messages, and tells once a second how busy the server is.
func (w *webTier) measure(msg any) {
	w.messages++
	switch msg.(type) {
	case *actor.Started:
		w.env.Clock.After(time.Second, everySecond{})
	case everySecond:
		w.env.Note(TierLoad{Tier: w.tier, Busy: len(w.pages), Messages: w.messages})
		w.env.Note(actors.Gauge{Chart: chartBusy, Curve: w.tier, Value: int64(w.messages)})
		w.messages = 0
		w.env.Clock.After(time.Second, everySecond{})
	}
}

// An asyncWeb answers at once. It connects to the database, closes the connection as
// soon as the query is done, and only then talks to the remote service; a user who
// wants a job gets a ticket and asks later.
type asyncWeb struct{ webTier }

func newAsyncWeb(tier string, o CollapseOptions) actors.Producer {
	return func(env actors.Env) actor.Actor { return &asyncWeb{newWebTier(env, tier, o)} }
}

// Receive implements actor.Actor.
func (w *asyncWeb) Receive(ctx actor.Context) {
	w.measure(ctx.Message())
	switch m := ctx.Message().(type) {
	case pageRequest:
		if page, ok := w.begin(m); ok {
			w.tell(TierDatabase, openConnection{Page: page, Read: m.Ticket})
		}
	case connectionOpen:
		w.proceed(m)
	case jobTaken:
		w.end(m.Page, pageReply{Refused: m.Refused, Ticket: m.Page})
	case jobFinished:
		// A callback, which needs a connection but no process of a user. It is tried
		// until there is one.
		w.tell(TierDatabase, openConnection{Page: -m.Page, Write: m.Page})
	}
}

// proceed goes on with a page, or with the callback of one if it is negative. The
// ticket of a job is the page that began it.
func (w *asyncWeb) proceed(m connectionOpen) {
	if m.Refused && m.Page < 0 {
		w.tell(TierDatabase, openConnection{Page: m.Page, Write: -m.Page})
		return
	}
	if m.Refused {
		w.end(m.Page, pageReply{Refused: true})
		return
	}
	w.connected(m.Page)
	w.disconnect(m.Page)
	p, waits := w.pages[m.Page]
	switch {
	case !waits: // a callback
	case p.Ticket != 0 && !m.Found:
		w.end(m.Page, pageReply{Ticket: p.Ticket})
	case p.Job && p.Ticket == 0:
		w.tell(TierImages, startJob{Page: m.Page})
	default:
		w.end(m.Page, pageReply{})
	}
}
