package store

import (
	"fmt"

	"github.com/simrun/simrun/models"
)

// DefaultWindow is how many operations a Window keeps outstanding.
const DefaultWindow = 1024

// A Window issues many operations and keeps a bounded number of them
// outstanding, the usual way to load data. If its client dies, at most Size
// operations are uncertain.
type Window struct {
	Client *Client
	// Size is the bound; 0 means DefaultWindow.
	Size int
	// Done is called once for each operation, in the order in which they complete,
	// with whatever status it got. An error ends the Issue or Flush in which it
	// happened; the operation that Issue was called for has not been issued then.
	Done func(d *Deferred) error

	outstanding int
}

// Issue issues an operation as soon as there is room for it.
func (w *Window) Issue(op models.Op) error {
	size := w.Size
	if size <= 0 {
		size = DefaultWindow
	}
	if err := w.drain(size - 1); err != nil {
		return err
	}
	w.Client.Async(op)
	w.outstanding++
	return nil
}

// Flush waits until nothing is outstanding.
func (w *Window) Flush() error { return w.drain(0) }

// drain loops until at most n operations are outstanding.
func (w *Window) drain(n int) error {
	for w.outstanding > n {
		d, status := w.Client.Loop(0)
		if status != models.Success {
			return fmt.Errorf("window: %d operations outstanding, and the client says %v", w.outstanding, status)
		}
		w.outstanding--
		if err := w.Done(d); err != nil {
			return err
		}
	}
	return nil
}
