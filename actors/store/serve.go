package store

import "github.com/simrun/simrun/models"

// A caller is what the head remembers of a client for one Version of the region,
// beyond the dedupe table: requests of another Version are refused, so it need
// not outlive it.
type caller struct {
	boot   uint64
	lowest uint64
	failed []failure
}

// A failure is an operation that the head found impossible. A repetition of the
// request must get the same answer, though the operation may have become possible.
type failure struct {
	n      uint64
	status models.Status
	on     uint64 // the record on which it was decided; 0 if that was committed
}

// A blocked reply waits for the commit of the record on which it was decided.
type blocked struct {
	on    uint64
	reply Reply
}

// onRequest serves a request of this Version.
func (g *region) onRequest(m *Request) {
	if g.me < 0 || !g.open() {
		return // the client asks again, or hears of another chain
	}
	if status := refuse(&g.space.Def, &m.Op); status != models.Success {
		g.reply(m.ID, models.Result{Status: status})
		return
	}
	if !g.agreed() {
		if len(g.early) < parkedMax {
			g.early = append(g.early, *m)
		}
		return
	}
	switch {
	case m.Op.Verb == models.Get && g.isTail():
		g.read(m)
	case m.Op.Verb != models.Get && g.isHead():
		g.write(m)
	}
}

// read answers from the committed state. Only a lease makes sure that no other
// tail has been put in this one's place.
func (g *region) read(m *Request) {
	if !g.d.leased() {
		return
	}
	g.d.env.Note(Served{Region: g.id, Version: g.conf.Version})
	if o, ok := g.rep.objects[m.Op.Key]; ok {
		g.reply(m.ID, models.Result{Status: models.Success, Attrs: o.attrs})
	} else {
		g.reply(m.ID, models.Result{Status: models.NotFound})
	}
}

// write decides an operation against the newest object and logs its effect, once.
func (g *region) write(m *Request) {
	c := g.caller(m)
	if c == nil {
		return
	}
	if _, ok := g.rep.requests[m.ID]; ok {
		g.d.saw.mark(SawDedupeHit)
		return // its commit answers
	}
	switch g.rep.sessions.judge(m.ID) {
	case done:
		g.d.saw.mark(SawDedupeHit)
		g.reply(m.ID, models.Result{Status: models.Success})
		return
	case superseded:
		g.d.saw.mark(SawOlderBootRefused)
		return
	case answered:
		return
	}
	for i := range c.failed {
		if f := &c.failed[i]; f.n == m.ID.N {
			if f.on <= g.rep.committed {
				g.reply(m.ID, models.Result{Status: f.status})
			}
			return
		}
	}
	attrs, exists, on := g.rep.latest(m.Op.Key)
	next, status := decide(&g.space.Def, attrs, exists, &m.Op)
	if status != models.Success {
		g.fail(c, m, status, on)
		return
	}
	g.accept(record{
		Region: g.id,
		Seq:    g.rep.last + 1,
		ID:     m.ID,
		Lowest: m.Lowest,
		Key:    m.Op.Key,
		Delete: m.Op.Verb == models.Del,
		Attrs:  next,
	})
	g.advance()
}

// fail answers that an operation is impossible, which is a read: it needs a
// lease, and must not tell of a state that may still vanish.
func (g *region) fail(c *caller, m *Request, status models.Status, on uint64) {
	if !g.d.leased() {
		return
	}
	g.d.env.Note(Served{Region: g.id, Version: g.conf.Version})
	c.failed = append(c.failed, failure{n: m.ID.N, status: status, on: on})
	result := models.Result{Status: status}
	if on > g.rep.committed {
		g.d.saw.mark(SawFailureOnInFlight)
		g.blocked = append(g.blocked, blocked{on: on, reply: g.replyTo(m.ID, result)})
		return
	}
	g.reply(m.ID, result)
}

// caller finds what is known of the client, or returns nil if the request is from
// an older incarnation or was answered long ago.
func (g *region) caller(m *Request) *caller {
	c := g.callers[m.ID.Client]
	if c == nil || c.boot < m.ID.Boot {
		c = &caller{boot: m.ID.Boot}
		if g.callers == nil {
			g.callers = map[string]*caller{}
		}
		g.callers[m.ID.Client] = c
	}
	if m.ID.Boot < c.boot {
		g.d.saw.mark(SawOlderBootRefused)
		return nil
	}
	if m.Lowest > c.lowest {
		c.lowest = m.Lowest
		kept := c.failed[:0]
		for _, f := range c.failed {
			if f.n >= c.lowest {
				kept = append(kept, f)
			}
		}
		c.failed = kept
	}
	if m.ID.N < c.lowest {
		return nil
	}
	g.failedMost = max(g.failedMost, len(c.failed))
	return c
}

// answer tells the clients of committed records, and those whose failure was
// decided on them.
func (g *region) answer(records []record) {
	requests := requestsOf(records)
	g.d.env.Note(Committed{Region: g.id, Version: g.conf.Version, Seq: g.rep.committed, Requests: requests})
	for _, id := range requests {
		g.d.clients.send(id.Client, g.replyTo(id, models.Result{Status: models.Success}))
	}
	waiting := g.blocked[:0]
	for _, b := range g.blocked {
		if b.on > g.rep.committed {
			waiting = append(waiting, b)
			continue
		}
		g.d.reply(b.reply)
	}
	g.blocked = waiting
}

func (g *region) reply(id RequestID, result models.Result) {
	g.d.reply(g.replyTo(id, result))
}

func (g *region) replyTo(id RequestID, result models.Result) Reply {
	return Reply{ID: id, Region: g.id, Version: g.conf.Version, Result: result, Copies: len(g.conf.Chain)}
}
