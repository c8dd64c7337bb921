package store

// batchBytes is about the most that a chain message carries, beside Limits.Batch,
// so that it fits a frame.
const batchBytes = 1 << 20

// forward sends the successor what has become firm.
func (g *region) forward() {
	if !g.resumed || g.isTail() {
		return
	}
	if firm := g.firm(); firm > g.sent {
		g.sendAfter(g.sent)
	}
}

// sendAfter sends the successor all firm records after seq, or an empty message
// if there are none.
func (g *region) sendAfter(seq uint64) {
	firm := g.firm()
	g.sendRecords(g.conf.Chain[g.me+1].Host, 0, g.rep.after(seq, firm), firm)
	g.sent = max(seq, firm)
}

// sendRecords sends records in messages of bounded size, and at least one.
func (g *region) sendRecords(host string, transfer uint64, records []record, upto uint64) {
	for {
		n, bytes := 0, 0
		for n < len(records) && n < g.d.limits.Batch && bytes < batchBytes {
			bytes += weight(&records[n])
			n++
		}
		g.d.tell(host, chain{Region: g.id, Version: g.conf.Version, Transfer: transfer, Records: records[:n:n], Upto: upto, Committed: g.rep.committed})
		records = records[n:]
		if len(records) == 0 {
			return
		}
	}
}

// weight estimates the size of a record.
func weight(rec *record) int {
	n := 64 + len(rec.Key)
	for i := range rec.Attrs {
		v := &rec.Attrs[i].Value
		n += 32 + len(v.Str) + 8*len(v.Ints) + 8*len(v.Floats)
		for _, s := range v.Strs {
			n += 8 + len(s)
		}
	}
	return n
}

// retransmit sends everything that is not acknowledged again when nothing has
// been for a while: the records or the acknowledgement may be lost.
func (g *region) retransmit() {
	if !g.resumed || g.rep.committed >= g.sent {
		g.stall = stall{}
		return
	}
	if g.stall.due(g.rep.committed) {
		g.d.saw.mark(SawResent)
		g.sendAfter(g.rep.committed)
	}
}

// askPredecessor tells it what is here, so that it sends the rest.
func (g *region) askPredecessor() {
	g.asking = true
	g.d.tell(g.conf.Chain[g.me-1].Host, resume{Region: g.id, Version: g.conf.Version, Last: g.rep.last})
}

// acknowledge tells the predecessor what is committed.
func (g *region) acknowledge() {
	g.d.tell(g.conf.Chain[g.me-1].Host, ack{Region: g.id, Version: g.conf.Version, Seq: g.rep.committed})
}

// onResume begins, or begins again, to send to the successor. A member never has
// less than its successor, because it sends only what is durable, and never less
// than what its predecessor knows to be committed, because that went through it. If
// it has, its disk was damaged where a log ends, which looks like a write that was
// torn.
func (g *region) onResume(m resume) {
	if g.me < 0 || g.isTail() {
		return
	}
	if m.Last > g.rep.last {
		g.lose()
		return
	}
	g.resumed = true
	g.sendAfter(m.Last)
	g.nowAgreed()
}

// onChain takes the records that continue the log and no others: one that was
// taken already is acknowledged again, and a gap is asked for.
func (g *region) onChain(m chain) {
	if m.Transfer != 0 {
		g.onStream(m)
		return
	}
	if g.me < 1 || !g.open() {
		return
	}
	if g.asking && m.Committed > g.rep.last {
		g.lose() // it was committed because this copy had it
		return
	}
	before := g.rep.last
	gap := false
	for i := range m.Records {
		rec := &m.Records[i]
		if rec.Seq > g.rep.last+1 {
			gap = true
			break
		}
		if rec.Seq == g.rep.last+1 {
			g.accept(*rec)
		}
	}
	switch {
	case gap && g.asking:
	case gap:
		g.askPredecessor()
	default:
		g.asking = g.asking && g.rep.last < m.Upto
		if g.rep.last == before {
			g.acknowledge()
		}
	}
	g.advance()
	g.nowAgreed()
}

// onAck commits what the successor says is committed.
func (g *region) onAck(m ack) {
	if g.me < 0 || g.isTail() || !g.open() {
		return
	}
	g.commit(min(m.Seq, g.rep.last))
}
