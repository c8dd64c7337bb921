package store

import (
	"cmp"
	"slices"
	"time"

	"github.com/simrun/simrun/models"
)

// A Deferred stands for one operation that was issued. It belongs to the program
// that issued it.
type Deferred struct {
	ID uint64
	Op models.Op

	client *Client
	done   bool
	result models.Result
}

// Wait blocks until the operation has completed and returns how. The order of
// waits does not matter, and a second Wait returns the same at once.
//
// Success is a promise: the effect is on as many replicas as the space says.
// Reconfigure and ServerError say that nobody knows, and the operation may still
// take effect later.
func (d *Deferred) Wait() models.Result { return d.WaitFor(0) }

// WaitFor is Wait with a deadline: after it the status is Timeout, the operation
// is still outstanding and can be waited for again. A timeout <= 0 is none.
func (d *Deferred) WaitFor(timeout time.Duration) models.Result {
	if d.done {
		return d.result
	}
	out := d.client.await(await{N: d.ID, Timeout: timeout})
	if out.N == 0 {
		return out.Result
	}
	return d.client.hand(out).result
}

// Done reports whether Wait or Loop has handed the result out.
func (d *Deferred) Done() bool { return d.done }

// byName returns attributes in the order that operations have them.
func byName(attrs []models.Attr) []models.Attr {
	out := slices.Clone(attrs)
	slices.SortStableFunc(out, func(a, b models.Attr) int { return cmp.Compare(a.Name, b.Name) })
	return out
}
