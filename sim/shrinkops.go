package sim

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/simrun/simrun/linearizability"
)

func (sh *shrinker) removeOps() {
	minimize(sh, sh.best.Plan.Ops, 1, func(p *Plan, left []Op) { p.Ops = left })
}

// removeClients removes all operations of one client after the other.
func (sh *shrinker) removeClients() {
	var clients []string
	for _, op := range sh.best.Plan.Ops {
		if !slices.Contains(clients, op.Client) {
			clients = append(clients, op.Client)
		}
	}
	for _, c := range slices.Backward(clients) {
		sh.edit(func(p *Plan) {
			p.Ops = slices.DeleteFunc(p.Ops, func(op Op) bool { return op.Client == c })
		})
	}
}

// A stretch is an operation of a client and the lines after it that issue nothing,
// such as a wait for it: what the client did from one time to the next.
type stretch struct {
	at    time.Duration
	lines []int // of the plan
}

// removeStretches removes what all clients did in a stretch of time. Operations of
// two clients that must meet still do, which they do not when one of the clients
// alone has less to do before. At least so many operations go at once.
func (sh *shrinker) removeStretches(smallest int) {
	ops := sh.best.Plan.Ops
	minimize(sh, stretches(sh.best), smallest, func(p *Plan, left []stretch) {
		var lines []int
		for _, s := range left {
			lines = append(lines, s.lines...)
		}
		slices.Sort(lines)
		p.Ops = nil
		for _, i := range lines {
			p.Ops = append(p.Ops, ops[i])
		}
	})
}

// stretches lists what the clients did in the order in which it began.
func stretches(r *Result) []stretch {
	began := momentsOf(r)
	var list []stretch
	last := map[string]int{} // stretch of each client
	for i, op := range r.Plan.Ops {
		if s, ok := last[op.Client]; ok && op.N == 0 {
			list[s].lines = append(list[s].lines, i)
			continue
		}
		at, ok := began[moment{op: linearizability.OpID{Client: op.Client, N: op.N}}]
		if !ok && op.N > 0 {
			at = math.MaxInt64 // never called
		}
		last[op.Client] = len(list)
		list = append(list, stretch{at: at, lines: []int{i}})
	}
	slices.SortStableFunc(list, func(a, b stretch) int { return cmp.Compare(a.at, b.at) })
	return list
}
