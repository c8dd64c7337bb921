package proxy

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

const (
	// pipeBytes bounds what waits in one direction of a connection; beyond it the
	// sender is not read, as if its peer had a full buffer. One piece always fits.
	pipeBytes = 256 << 10
	// writeBytes is the size at which pieces that may go are written together.
	writeBytes = 64 << 10
	// pieceBytes is the most that is read at once.
	pieceBytes = 16 << 10
	// drips is the number of writes a second into which a rate is divided.
	drips = 20
)

// A piece waits in a pipe.
type piece struct {
	bytes   []byte
	arrived time.Time
	jitter  float64 // share of the jitter
	end     ending
}

// An ending is what a piece without bytes says of the stream.
type ending int

const (
	goesOn ending = iota
	closes        // FIN
	breaks        // RST
)

// A pipe is one direction of a conn. One goroutine reads into it and one writes.
type pipe struct {
	conn     *conn
	from     End
	src, dst *net.TCPConn
	other    *pipe
	draws    *rand.Rand // one for each piece; of the reader
	torn     bool       // what was taken last is the beginning of a piece whose rest is lost; of the writer

	mu       sync.Mutex
	queue    []piece
	waiting  int           // bytes in queue
	put      chan struct{} // holds a token after something was queued
	taken    chan struct{} // holds a token after something was taken
	lineFree time.Time     // when a limited rate has carried what was taken
}

func newPipe(c *conn, from End, src, dst *net.TCPConn) *pipe {
	draws := rand.New(rand.NewPCG(c.link.seed, c.number<<1|uint64(from)))
	return &pipe{conn: c, from: from, src: src, dst: dst, draws: draws, put: make(chan struct{}, 1), taken: make(chan struct{}, 1)}
}

// read fills the queue until the source has ended.
func (p *pipe) read() {
	buf := make([]byte, pieceBytes)
	for {
		n, err := p.src.Read(buf)
		if n > 0 {
			p.push(piece{bytes: bytes.Clone(buf[:n]), jitter: p.draws.Float64()})
		}
		if err != nil {
			p.push(piece{end: endOf(err)})
			return
		}
		if !p.room() {
			return
		}
	}
}

func endOf(err error) ending {
	if err == io.EOF {
		return closes
	}
	return breaks
}

// push queues a piece, which has just arrived.
func (p *pipe) push(x piece) {
	x.arrived = time.Now()
	p.mu.Lock()
	p.queue = append(p.queue, x)
	p.waiting += len(x.bytes)
	p.mu.Unlock()
	signal(p.put)
}

// room waits until the queue takes more; false if the conn has ended.
func (p *pipe) room() bool {
	for {
		p.mu.Lock()
		full := p.waiting >= pipeBytes
		p.mu.Unlock()
		if !full {
			return true
		}
		select {
		case <-p.taken:
		case <-p.conn.ctx.Done():
			return false
		}
	}
}

// write empties the queue in its time until the conn has ended.
func (p *pipe) write() {
	var batch []byte
	for p.conn.ctx.Err() == nil {
		f, changed := p.conn.link.now()
		var wait time.Duration
		var end ending
		batch, wait, end = p.take(batch[:0], f.direction(p.from), time.Now())
		switch {
		case len(batch) > 0:
			signal(p.taken)
			p.forward(batch)
			continue
		case end != goesOn:
			p.conn.finish(p, end)
			continue
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-p.put:
		case <-changed:
			p.mu.Lock()
			p.lineFree = time.Time{} // the old rate's debt is not the new one's
			p.mu.Unlock()
		case <-p.conn.ctx.Done():
		}
		timer.Stop()
	}
}

// idle is how long a pipe waits when only an event can give it something to do.
const idle = time.Hour

// take appends to batch what may be written now. If that is nothing it says how
// long to wait for the first of it. The end of the stream is told when all before
// it is taken.
func (p *pipe) take(batch []byte, d Direction, now time.Time) (_ []byte, wait time.Duration, end ending) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.queue) > 0 && len(batch) < writeBytes {
		if d.Hole {
			return batch, idle, goesOn
		}
		head := &p.queue[0]
		due := head.arrived.Add(d.Delay + time.Duration(head.jitter*float64(d.Jitter)))
		if d.Rate > 0 && due.Before(p.lineFree) {
			due = p.lineFree
		}
		if wait := due.Sub(now); wait > 0 {
			return batch, wait, goesOn
		}
		if end := head.end; end != goesOn {
			if len(batch) == 0 {
				p.queue = p.queue[1:]
				return batch, 0, end
			}
			return batch, 0, goesOn
		}
		n := len(head.bytes)
		if p.torn = n > 1 && p.from == Dialler && p.conn.tear.Load(); p.torn {
			if len(batch) > 0 {
				p.torn = false
				return batch, 0, goesOn
			}
			n = 1 + int(head.jitter*float64(n-1))
			return append(batch, head.bytes[:n]...), 0, goesOn
		}
		if d.Rate > 0 {
			n = min(n, max(1, d.Rate/drips))
			p.lineFree = now.Add(time.Duration(n) * time.Second / time.Duration(d.Rate))
		}
		batch = append(batch, head.bytes[:n]...)
		head.bytes = head.bytes[n:]
		p.waiting -= n
		if len(head.bytes) == 0 {
			p.queue = p.queue[1:]
		}
		if d.Rate > 0 {
			break
		}
	}
	return batch, idle, goesOn
}

// forward writes. If the destination has gone, its side of the connection tells
// the source, in the time that its own direction takes.
func (p *pipe) forward(batch []byte) {
	if p.conn.forgotten.Load() {
		return
	}
	n, err := p.dst.Write(batch)
	p.conn.link.counters.bytes.Add(uint64(n))
	switch {
	case p.torn:
		p.conn.link.counters.resets.Add(1)
		p.conn.reset()
	case err != nil && !p.conn.forgotten.Load():
		p.other.push(piece{end: breaks})
	}
}

// signal leaves a token where there is none.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
