package store

// A region is what a daemon does in one region: the copy on its disk, its place
// in the chain of the configuration, and what is under way with its neighbours.
// Only the copy outlives a crash.
type region struct {
	d     *daemon
	id    RegionID
	conf  *Region
	space *Space
	rep   *replica // nil if the disk has no copy, not even a part
	me    int      // place in the chain; -1 if this incarnation or its copy is not in it
	lost  bool     // the chain counts on a copy that this disk has not

	synced uint64 // the last record that is durable here

	// Towards the successor.
	resumed bool   // it has said what it has
	sent    uint64 // the last record sent to it
	stall   stall

	// Towards the predecessor: asking says that it owes an answer to resume.
	asking bool
	early  []Request // came before the neighbours agreed

	// At the head, for one Version.
	callers    map[string]*caller
	failedMost int // the most that a caller had in failed when another request came
	blocked    []blocked

	out *outgoing
	in  *incoming
}

func (g *region) isHead() bool { return g.me == 0 }
func (g *region) isTail() bool { return g.me >= 0 && g.me == len(g.conf.Chain)-1 }

// open reports that no fence keeps the region from being served at this Version.
func (g *region) open() bool { return g.d.fences[g.id] <= g.conf.Version }

// agreed reports that the neighbours have compared their logs in this Version. Until
// then a copy that was damaged does not know it: a head must decide nothing, and a
// tail must not say what is committed.
func (g *region) agreed() bool { return !g.asking && (g.isTail() || g.resumed) }

// nowAgreed serves what came before the neighbours agreed.
func (g *region) nowAgreed() {
	if !g.agreed() {
		return
	}
	early := g.early
	g.early = nil
	for i := range early {
		g.onRequest(&early[i])
	}
}

// lose gives the copy up: it has less than it once promised. The coordinator hears
// of it with the next heartbeat, and in every configuration that still counts on it.
func (g *region) lose() {
	g.d.saw.mark(SawDamagedCopy)
	g.rep.complete = false
	g.me, g.lost, g.out = -1, true, nil
}

// firm returns the last record that may leave this host. It is durable unless the
// space promises less, so a member's log holds all that its successor has seen,
// whatever subset of them loses power.
func (g *region) firm() uint64 {
	if g.space.Durability == Replicated {
		return g.rep.last
	}
	return g.synced
}

// adopt takes the region's part of a newer configuration.
func (g *region) adopt(conf *Region, space *Space) {
	changed := g.conf == nil || conf.Version != g.conf.Version
	g.conf, g.space = conf, space
	if changed {
		g.findPlace()
		g.callers, g.blocked = nil, nil
		g.resumed, g.sent, g.stall = false, 0, stall{}
		g.asking = g.me > 0
		g.early = nil
	}
	g.adoptTransfer(changed)
	if changed && g.me >= 0 {
		if g.asking {
			g.askPredecessor()
		}
		g.advance()
	}
}

// findPlace looks for this incarnation in the chain, and creates the empty copy
// that comes with a new space.
func (g *region) findPlace() {
	before := g.me
	g.me, g.lost = -1, false
	i := g.conf.Index(g.d.env.Host)
	if i < 0 {
		return
	}
	m := g.conf.Chain[i]
	if m.Boot != g.d.env.Boot || m.Disk != g.d.state.disk {
		return // an earlier incarnation; the coordinator will notice
	}
	if g.rep == nil && m.Data == 0 {
		g.rep = newReplica(g.id, 0)
		g.rep.complete = true
		g.d.state.replicas[g.id] = g.rep
		g.d.log(createEntry(g.id), Mark{Region: g.id})
	}
	if g.rep == nil || !g.rep.complete || g.rep.data != m.Data {
		g.lost = true
		return
	}
	g.me = i
	if i == 0 && before > 0 {
		g.d.saw.mark(SawHeadReplaced)
	}
}

// accept adds a record to the log, at the head and behind it.
func (g *region) accept(rec record) {
	g.rep.append(rec)
	g.d.log(recordEntry(&rec), Mark{Region: g.id, Data: g.rep.data, Seq: rec.Seq})
}

// becameDurable is called when the log is synced up to a record of this copy.
func (g *region) becameDurable(seq uint64) {
	g.synced = max(g.synced, seq)
	g.advance()
}

// advance does what has become possible: commit at the tail, forward elsewhere.
func (g *region) advance() {
	if g.in != nil {
		g.in.advance()
		return
	}
	if g.me < 0 {
		return
	}
	if g.isTail() && g.open() && g.agreed() {
		g.commit(g.firm())
	}
	g.forward()
}

// commit applies everything up to seq, which every member of the chain has, and
// passes the news on.
func (g *region) commit(seq uint64) {
	if seq <= g.rep.committed {
		return
	}
	records := g.rep.after(g.rep.committed, seq)
	g.rep.commit(seq)
	g.d.env.Note(g.rep.applied())
	if g.out != nil {
		g.out.keep(records)
	}
	if g.isHead() {
		g.answer(records)
		return
	}
	if g.isTail() {
		g.d.env.Note(Reached{Region: g.id, Version: g.conf.Version, Seq: seq, Requests: requestsOf(records)})
	}
	g.acknowledge()
}

// measure adds what the region keeps for later.
func (g *region) measure(q *Queues) {
	q.Blocked += len(g.blocked)
	q.Failed = max(q.Failed, g.failedMost)
	if g.rep != nil {
		q.Results = max(q.Results, g.rep.sessions.most)
	}
}

// busy reports that something is under way in the region.
func (g *region) busy() bool {
	switch {
	case g.lost || g.in != nil || g.out != nil:
		return true
	case g.me < 0:
		return false
	}
	return g.asking || !g.open() || g.rep.committed < g.rep.last || (!g.isTail() && !g.resumed)
}

// tick repeats what may have been lost.
func (g *region) tick() {
	switch {
	case g.in != nil:
		g.in.tick()
	case g.me < 0:
	default:
		if g.asking {
			g.askPredecessor()
		}
		g.retransmit()
	}
}

// A stall counts the ticks without progress and spaces repetitions out: after 2
// ticks, then 4, up to 16.
type stall struct {
	at      uint64 // where progress stopped
	ticks   int
	patient int
}

// due reports, once a tick, that it is time to repeat what follows position at.
func (s *stall) due(at uint64) bool {
	if at != s.at || s.patient == 0 {
		*s = stall{at: at, patient: 2}
	}
	s.ticks++
	if s.ticks < s.patient {
		return false
	}
	s.ticks, s.patient = 0, min(2*s.patient, 16)
	return true
}
