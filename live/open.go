package live

import "sync"

// open is a set of what must be closed when a boot dies.
type open[T comparable] struct {
	mu  sync.Mutex
	set map[T]struct{} // nil once closed
}

// add reports whether the set still takes anything; if not, the caller closes it.
func (o *open[T]) add(x T) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.set == nil {
		return false
	}
	o.set[x] = struct{}{}
	return true
}

func (o *open[T]) remove(x T) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.set, x)
}

func (o *open[T]) len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.set)
}

// close empties the set for ever and returns what was in it, in any order.
func (o *open[T]) close() []T {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []T
	for x := range o.set {
		all = append(all, x)
	}
	o.set = nil
	return all
}
