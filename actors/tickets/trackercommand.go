package tickets

import "time"

// A verb says what is asked of the tracker, or what a command of its log does.
type verb uint8

const (
	query    verb = iota // what does a ticket say? Never in the log
	create               // make a ticket for a key, or find the one it has
	renew                // somebody still works on these tickets
	progress             // renew one, and say how far the job is
	complete             // the job is done: Text is its result
	fail                 // the job is given up: Text is the reason
	tick                 // time has passed
)

// A command is one entry of the tracker's log. At is when its leader proposed it, in
// the group's time: Apply must not look at a clock.
type command struct {
	Verb    verb
	Term, N uint64 // of the proposal, so that the member that made it finds who asked
	At      time.Duration
	Ticket  ID
	Tickets []ID // of a renew
	Percent uint8
	Key     string
	Text    string
}

// encode writes the command for the log.
func (c *command) encode() []byte {
	var e encoder
	for _, n := range []uint64{uint64(c.Verb), uint64(c.Percent), c.Term, c.N, uint64(c.At), uint64(c.Ticket), uint64(len(c.Tickets))} {
		e.uint(n)
	}
	for _, id := range c.Tickets {
		e.uint(uint64(id))
	}
	e.string(c.Key)
	e.string(c.Text)
	return e.b
}

// decodeCommand reads what encode wrote.
func decodeCommand(b []byte) (command, error) {
	d := decoder{b: b}
	c := command{Verb: verb(d.uint()), Percent: uint8(d.uint()), Term: d.uint(), N: d.uint()}
	c.At, c.Ticket = time.Duration(d.uint()), ID(d.uint())
	for range d.count() {
		c.Tickets = append(c.Tickets, ID(d.uint()))
	}
	c.Key, c.Text = d.string(), d.string()
	return c, d.err
}
