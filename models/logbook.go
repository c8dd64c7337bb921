package models

import (
	"fmt"
	"slices"
)

// A LogBook is what a log that is delivered at least once may come to. Its users
// tell it what was said, what somebody answered for, and then, in the order of the
// log, what arrived. Messages are named by ids.
type LogBook struct {
	said  map[string]string // text by id
	owed  map[string]bool
	found map[string]bool
}

// NewLogBook returns an empty book.
func NewLogBook() *LogBook {
	return &LogBook{said: map[string]string{}, owed: map[string]bool{}, found: map[string]bool{}}
}

// Say records that a message is sent for the first time.
func (b *LogBook) Say(id, text string) { b.said[id] = text }

// Owe records that somebody answered for a message. It must arrive.
func (b *LogBook) Owe(id string) { b.owed[id] = true }

// Deliver records the next message of the log and reports what is wrong with it:
// nobody said it, it was changed, or its flag is wrong. The first copy of a message
// is not flagged, all others are.
func (b *LogBook) Deliver(id, text string, again bool) error {
	said, ok := b.said[id]
	switch {
	case !ok:
		return fmt.Errorf("message %s was delivered and nobody said it", id)
	case said != text:
		return fmt.Errorf("message %s was delivered as %q and said as %q", id, text, said)
	case again && !b.found[id]:
		return fmt.Errorf("message %s is flagged as a copy and is the first one", id)
	case !again && b.found[id]:
		return fmt.Errorf("message %s was delivered twice, and the copy is not flagged", id)
	}
	b.found[id] = true
	return nil
}

// Missing returns the messages that somebody answered for and that have not
// arrived, sorted.
func (b *LogBook) Missing() []string {
	var out []string
	for id := range b.owed {
		if !b.found[id] {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}
