package store

import "github.com/simrun/simrun/actors"

// A region is copied to a joiner by the tail of its chain, the source: first a
// snapshot of the committed state in chunks, then the records committed since, in
// order, while writes go on. No commit waits for the joiner. Once it has caught
// up the coordinator fences the region, the joiner gets the last of the committed
// records, and only then it becomes the tail.
//
// A transfer belongs to one incarnation of both ends and one Version of the
// region. If anything of that changes it is aborted, and another begins from
// nothing.

const (
	transferWindow = 4         // chunks sent ahead of the joiner's request
	chunkBytes     = 512 << 10 // about the most in a chunk, beside Limits.Chunk
)

// Moments of a transfer at which a crash is most interesting: at the joiner, and
// one at the source.
const (
	pointWiped    actors.Point = "transfer.wiped"     // the old copy is given up
	pointChunk    actors.Point = "transfer.chunk"     // a part has come and is not yet durable
	pointCaughtUp actors.Point = "transfer.caught-up" // the coordinator is about to hear so
	pointSource   actors.Point = "transfer.source"    // a part is about to be sent
)

// An outgoing transfer is the source's side.
type outgoing struct {
	g        *region
	joiner   Joiner
	started  bool
	seq      uint64 // of the snapshot
	chunks   [][]keyed
	sessions []session
	sent     int // chunks sent

	installed bool     // the joiner has the snapshot
	backlog   []record // committed after the snapshot, not yet durable at the joiner
	acked     uint64   // the last record durable at the joiner
	streamed  uint64   // the last record sent to it
}

// adoptTransfer begins and aborts transfers as the configuration wants.
func (g *region) adoptTransfer(changed bool) {
	j := g.conf.Joining
	if g.out != nil && (changed || g.out.joiner != j) {
		g.out = nil
	}
	if g.in != nil && (changed || g.in.transfer != j.Transfer) {
		if g.me < 0 {
			g.d.saw.mark(SawTransferAborted)
		} else {
			g.d.saw.mark(SawTransferFinished)
		}
		g.in = nil
	}
	if j.Transfer == 0 {
		return
	}
	if g.out == nil && g.isTail() {
		g.out = &outgoing{g: g, joiner: j}
	}
	d := g.d
	if g.in == nil && j.Host == d.env.Host && j.Boot == d.env.Boot && j.Disk == d.state.disk {
		g.join(j.Transfer)
	}
}

// start takes the snapshot; from now on commits are kept for the joiner.
func (o *outgoing) start() {
	o.started = true
	r := o.g.rep
	o.seq = r.committed
	o.sessions = r.sessions.list()
	var piece []keyed
	size := 0
	for _, key := range r.keys() {
		rec := record{Key: key, Attrs: r.objects[key].attrs}
		piece = append(piece, keyed{Key: key, Attrs: rec.Attrs})
		size += weight(&rec)
		if len(piece) == o.g.d.limits.Chunk || size >= chunkBytes {
			o.chunks = append(o.chunks, piece)
			piece, size = nil, 0
		}
	}
	o.chunks = append(o.chunks, piece)
}

// keep holds on to records that were just committed.
func (o *outgoing) keep(records []record) {
	if !o.started {
		return
	}
	o.backlog = append(o.backlog, records...)
	if o.installed {
		o.stream()
	}
}

// onPull serves the joiner.
func (g *region) onPull(m pull) {
	o := g.out
	if o == nil || o.joiner.Transfer != m.Transfer || o.joiner.Host != m.Host || !g.agreed() {
		return // before its neighbour agrees, the source does not know what is committed
	}
	if !o.started {
		o.start()
	}
	if m.Installed {
		o.onInstalled(m)
		return
	}
	if m.Again {
		o.sent = m.Next
	}
	for o.sent < len(o.chunks) && o.sent < m.Next+transferWindow {
		o.sendChunk(o.sent)
		o.sent++
	}
}

func (o *outgoing) sendChunk(n int) {
	o.g.d.env.Note(pointSource)
	c := chunk{
		Region: o.g.id, Version: o.g.conf.Version, Transfer: o.joiner.Transfer,
		N: n, Seq: o.seq, Objects: o.chunks[n], Last: n == len(o.chunks)-1,
	}
	if c.Last {
		c.Sessions = o.sessions
	}
	o.g.d.tell(o.joiner.Host, c)
}

func (o *outgoing) onInstalled(m pull) {
	if !o.installed {
		o.installed = true
		o.streamed = o.seq
		o.chunks = nil
	}
	if m.Seq > o.acked {
		o.acked = m.Seq
		n := 0
		for n < len(o.backlog) && o.backlog[n].Seq <= m.Seq {
			n++
		}
		o.backlog = o.backlog[n:]
		o.streamed = max(o.streamed, m.Seq)
	}
	if m.Again {
		o.streamed = o.acked
		o.send()
	}
	if o.handed() {
		o.g.d.acknowledgeFence()
	}
}

// stream sends the joiner what has been committed since the last time.
func (o *outgoing) stream() {
	if o.streamed < o.g.rep.committed {
		o.send()
	}
}

func (o *outgoing) send() {
	n := 0
	for n < len(o.backlog) && o.backlog[n].Seq <= o.streamed {
		n++
	}
	committed := o.g.rep.committed
	o.g.sendRecords(o.joiner.Host, o.joiner.Transfer, o.backlog[n:len(o.backlog):len(o.backlog)], committed)
	o.streamed = max(o.streamed, committed)
}

// handed reports that the joiner has, durably, everything that was committed
// here. It stays true while the region is fenced.
func (o *outgoing) handed() bool {
	return o.installed && o.acked >= o.g.rep.committed
}

// An incoming transfer is the joiner's side.
type incoming struct {
	g        *region
	transfer uint64
	next     int    // the chunk to come
	complete bool   // the snapshot is in the log
	lsn      uint64 // and durable with this record
	told     uint64 // the last durable record that the source heard of
	heard    bool   // the source has begun to stream
	upto     uint64 // what the source had when it last streamed
	caughtUp bool
	quiet    stall
}

// join wipes what is left of an earlier copy and asks for a new one. The wipe
// precedes the new data in the log, so no crash can mix the two.
func (g *region) join(transfer uint64) {
	g.d.saw.mark(SawTransferStarted)
	g.rep = newReplica(g.id, transfer)
	g.synced = 0
	g.d.state.replicas[g.id] = g.rep
	g.d.log(joinEntry(g.id, transfer), Mark{Region: g.id, Data: transfer})
	g.d.env.Note(pointWiped)
	g.in = &incoming{g: g, transfer: transfer}
	g.in.pull(true)
}

func (in *incoming) pull(again bool) {
	g := in.g
	g.d.tell(g.conf.Tail().Host, pull{
		Host: g.d.env.Host, Region: g.id, Version: g.conf.Version, Transfer: in.transfer,
		Next: in.next, Again: again, Installed: in.installed(), Seq: g.synced,
	})
}

// installed reports that the snapshot is durable.
func (in *incoming) installed() bool { return in.complete && in.g.d.durable >= in.lsn }

// onChunk logs the chunk that is next and no other.
func (g *region) onChunk(m chunk) {
	in := g.in
	if in == nil || in.transfer != m.Transfer || in.complete || m.N != in.next {
		return
	}
	in.next++
	g.d.env.Note(pointChunk)
	if len(m.Objects) > 0 {
		for _, o := range m.Objects {
			g.rep.store(o.Key, o.Attrs)
		}
		g.d.log(chunkEntry(g.id, m.Objects), Mark{Region: g.id, Data: in.transfer})
	}
	if !m.Last {
		in.pull(false)
		return
	}
	in.complete = true
	g.rep.install(m.Seq, m.Sessions)
	g.d.env.Note(g.rep.applied())
	in.lsn = g.d.log(installEntry(g.id, m.Seq, m.Sessions), Mark{Region: g.id, Data: in.transfer, Seq: m.Seq})
}

// onStream logs records that follow the snapshot.
func (g *region) onStream(m chain) {
	in := g.in
	if in == nil || in.transfer != m.Transfer || !in.complete {
		return
	}
	for i := range m.Records {
		rec := &m.Records[i]
		if rec.Seq > g.rep.last+1 {
			return // a message is missing; the next tick asks for it
		}
		if rec.Seq == g.rep.last+1 {
			g.accept(*rec)
		}
	}
	in.heard, in.upto = true, m.Upto
	in.advance()
}

// advance reports progress: to the source what is durable, and to the coordinator
// that nothing is missing of what the source had a moment ago.
func (in *incoming) advance() {
	g := in.g
	if !in.installed() {
		return
	}
	if g.synced > g.rep.committed {
		g.rep.commit(g.synced) // the source sends nothing that is not committed
		g.d.env.Note(g.rep.applied())
	}
	if !in.heard || g.synced > in.told {
		in.told = g.synced
		in.pull(!in.heard)
	}
	if in.heard && !in.caughtUp && g.synced >= in.upto {
		in.caughtUp = true
		g.d.env.Note(pointCaughtUp)
		in.report()
	}
}

func (in *incoming) report() {
	env := in.g.d.env
	in.g.d.coordinators.send(caughtUp{Host: env.Host, Boot: env.Boot, Region: in.g.id, Transfer: in.transfer})
}

// tick asks again for what has not come.
func (in *incoming) tick() {
	if in.caughtUp {
		in.report()
	}
	if in.quiet.due(uint64(in.next) + in.g.rep.last) {
		in.pull(true)
	}
}

// handedOver lists the transfers of fenced regions that are complete.
func (d *daemon) handedOver() []fenced {
	var out []fenced
	for _, f := range d.fence.Regions {
		if f.Transfer == 0 || int(f.Region) >= len(d.regions) {
			continue
		}
		if o := d.regions[f.Region].out; o != nil && o.joiner.Transfer == f.Transfer && o.handed() {
			out = append(out, f)
		}
	}
	return out
}
