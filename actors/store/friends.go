package store

import (
	"fmt"
	"slices"

	"github.com/simrun/simrun/models"
)

// FriendsSpace is the space of the friend-list program, as its text has it.
const FriendsSpace = `
space friendlists
key username
attributes
   string first,
   string last,
   set(string) friends
`

// Friends is the friend-list program of the HyperDex tutorial, chapter 5: it
// makes John Smith three friends with operations that are under way together,
// and returns the first names of his friends, sorted: Brian, John, John.
//
// The tutorial's cluster does not fail. Here an operation that ended without an
// answer is done again as a new one, which is safe because doing each of these
// twice is the same as once.
func Friends(c *Client) ([]string, error) {
	const space = "friendlists"
	f := friends{c: c}
	f.wait(c.AsyncPut(space, "jsmith1", text("first", "John"), text("last", "Smith")))
	f.wait(c.AsyncPut(space, "jd", text("first", "John"), text("last", "Doe")))
	f.wait(c.AsyncPut(space, "bjones1", text("first", "Brian"), text("last", "Jones")))

	d := c.AsyncPut(space, "jj", text("first", "John"), text("last", "Jackson"))
	f.wait(d) // after some work
	f.wait(c.AsyncGet(space, "jj"))

	// A friendship has two halves, and an observer may see either alone.
	d1 := c.AsyncSetAdd(space, "jj", text("friends", "jsmith1"))
	d2 := c.AsyncSetAdd(space, "jsmith1", text("friends", "jj"))
	f.wait(d1)
	f.wait(d2)

	d1 = c.AsyncSetAdd(space, "jsmith1", text("friends", "bjones1"))
	d2 = c.AsyncSetAdd(space, "bjones1", text("friends", "jsmith1"))
	d3 := c.AsyncSetAdd(space, "jsmith1", text("friends", "jd"))
	d4 := c.AsyncSetAdd(space, "jd", text("friends", "jsmith1"))
	f.wait(d1)
	f.wait(d2)
	f.wait(d3)
	f.wait(d4)

	outstanding := map[*Deferred]bool{}
	for _, username := range valueOf(f.wait(c.AsyncGet(space, "jsmith1")), "friends").Strs {
		outstanding[c.AsyncGet(space, string(username))] = true
	}
	var names []string
	for len(outstanding) > 0 && f.err == nil {
		d, status := c.Loop(0)
		if status != models.Success {
			return nil, fmt.Errorf("friends: loop: %v", status)
		}
		delete(outstanding, d)
		names = append(names, string(valueOf(f.wait(d), "first").Str))
	}
	slices.Sort(names)
	return names, f.err
}

// friends waits for operations and keeps the first error, so that the program
// reads as in the tutorial.
type friends struct {
	c   *Client
	err error
}

// wait returns the result of an operation; if nobody knows whether it happened,
// of the first repetition that succeeds.
func (f *friends) wait(d *Deferred) models.Result {
	for f.err == nil {
		r := d.Wait()
		switch r.Status {
		case models.Success:
			return r
		case models.Reconfigure, models.ServerError:
			d = f.c.Async(d.Op)
		default:
			f.err = fmt.Errorf("friends: %v: %v", d.Op, r.Status)
		}
	}
	return models.Result{}
}

func text(name, value string) models.Attr {
	return models.Attr{Name: name, Value: models.StringValue(value)}
}

// valueOf returns the named attribute of a result, or the zero Value.
func valueOf(r models.Result, name string) models.Value {
	for _, a := range r.Attrs {
		if a.Name == name {
			return a.Value
		}
	}
	return models.Value{}
}
