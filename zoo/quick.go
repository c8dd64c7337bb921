package zoo

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// quickTime bounds a quick look.
const quickTime = 10 * time.Minute

// A quick looks whether what was found once still is: by the seed that killed last
// and by the witness, and where the seed does not kill any more, in one block. A
// mutant without results is looked for in one block too; one that every block left
// alive only by its witness. One that survived a block before may do so again.
type quick struct {
	*keeper
	reached map[string]bool
	lost    []string // what was found once and is not any more
}

// run looks at the mutants, first at what is known to kill them.
func (q *quick) run(ctx context.Context, list []*mutant) error {
	ctx, cancel := context.WithTimeout(ctx, quickTime)
	defer cancel()
	q.reached = map[string]bool{}
	q.tell.begin(len(list))
	var again []*mutant
	err := q.each(ctx, list, func(m *mutant, b binary) error {
		killed, err := q.known(ctx, m, b)
		if err != nil {
			return err
		}
		if killed || m.difficulty == needle || q.results.survived(m.name) {
			q.reached[m.name] = true
			return nil
		}
		again = append(again, m)
		return nil
	})
	if err == nil {
		err = q.each(ctx, again, func(m *mutant, b binary) error { return q.anew(ctx, m, b) })
	}
	return err
}

// known tries the witness of a mutant and the seed that killed it last, and reports
// whether the seed kills.
func (q *quick) known(ctx context.Context, m *mutant, b binary) (bool, error) {
	if m.witness != "" {
		w, err := q.witness(ctx, m, b)
		if err != nil {
			return false, err
		}
		if !w.Good {
			q.lost = append(q.lost, fmt.Sprintf("%s: the witness shows %s, and %s without the bug", m.name, w.With, w.Without))
		}
	}
	last := q.results.lastKill(m.name)
	if last == nil {
		return false, nil
	}
	killed := false
	err := b.hunt(ctx, m, m.checks, last.Seed, 1, 1, func(r report) { killed = r.Kill })
	if err != nil && !errors.Is(err, errDied) {
		return false, err
	}
	if killed {
		wrong, err := q.without(ctx, m, last.Seed)
		if err != nil {
			return false, err
		}
		killed = wrong == ""
	}
	if killed {
		q.tell.line("%s  seed %v kills as before", m.name, last.Seed)
	}
	return killed, nil
}

// anew looks for a mutant in one block, and keeps the seed that kills it now.
func (q *quick) anew(ctx context.Context, m *mutant, bin binary) error {
	last, n := q.results.lastKill(m.name), 0
	if last != nil {
		n = last.N
	}
	b, evaded := q.results.block(m.key(q.sources), n), q.results.evaded(m.name)
	if b == nil {
		var err error
		if b, err = q.block(ctx, m, bin, n); err != nil {
			return err
		}
		if err := q.add(record{Mutant: m.name, Key: m.key(q.sources), Block: b}); err != nil {
			return err
		}
	}
	q.tell.block(m, b)
	q.reached[m.name] = true
	if !b.Killed && last != nil && !evaded {
		q.lost = append(q.lost, fmt.Sprintf("%s: killed before by seed %v, and not any more in %d seeds", m.name, last.Seed, b.Tried))
	}
	return nil
}
