package harness

import (
	"slices"
	"sync"
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/live"
)

// A delivery is what becomes of the single messages that one host sends. The goroutine of
// the run makes it, and the fates of the host carry it out, wherever that is.
type delivery struct {
	Usual way      `json:"usual"`
	Cut   []string `json:"cut,omitempty"` // receivers of whom everything is lost
	Rules []rule   `json:"rules,omitempty"`
}

// A way is what a link does to messages when no fault is in effect. The zero way delivers
// all of them once and in order.
type way struct {
	Drop      faults.Permille `json:"drop,omitempty"`
	Duplicate faults.Permille `json:"duplicate,omitempty"`
	Reorder   faults.Permille `json:"reorder,omitempty"` // of messages that let some others pass
	Late      faults.Permille `json:"late,omitempty"`
	LateMax   time.Duration   `json:"late_max,omitempty"`
	// Spread is what the delay of a second copy is drawn from; 0 sends it at once.
	Spread time.Duration `json:"spread,omitempty"`
}

// reorderShare of the messages lets others pass, on links that do not keep the order: at
// most overtakers of them, and for overtakeTime.
const (
	reorderShare faults.Permille = 50
	overtakers                   = 8
	overtakeTime                 = 10 * time.Millisecond
)

// newWay returns what the links of a net do.
func newWay(net faults.Net) way {
	w := way{Drop: net.Drop, Duplicate: net.Duplicate}
	if net.FIFO {
		return w
	}
	w.Late, w.LateMax, w.Spread = net.Late, net.LateMax, max(0, net.DelayMax-net.DelayMin)
	if net.DelayMax > 0 {
		w.Reorder = reorderShare
	}
	return w
}

// fate draws what becomes of one message, as the simulator does but for its order.
func (w way) fate(d *faults.Draw) (f live.Fate) {
	if d.Permille("drop", int(w.Drop)) {
		return live.Fate{Drop: true}
	}
	within := func(name string, most time.Duration) time.Duration {
		return time.Duration(faults.Scale(d.Uint64(name), uint64(most)+1))
	}
	switch {
	case d.Permille("late", int(w.Late)):
		f.Late.For = within("late by", w.LateMax)
	case d.Permille("reorder", int(w.Reorder)):
		f.Late = live.Wait{Behind: d.Between("behind", 1, overtakers), For: overtakeTime}
	}
	if d.Permille("duplicate", int(w.Duplicate)) {
		// Soon after, or when what it says is old: on a scale of octaves.
		f.Again, f.AgainLate.For = true, within("again after", w.Spread<<d.IntN("octave", 8))
	}
	return f
}

// A rule is about one message of a type: the Count-th, from 1, that its host sends to
// some others from the beginning of the rule on.
type rule struct {
	ID      int           `json:"id"` // which one it is of the run
	Message string        `json:"message"`
	Count   int           `json:"count"`
	To      []string      `json:"to"`
	Again   time.Duration `json:"again,omitempty"` // so much later it comes a second time; 0: it is lost
}

// fates decide what becomes of the messages of one host. Draws are keyed by the seed, the
// two hosts, the life of the sender and the number of the message, so they are the same in
// this process and in one of its own, and for two runs of a plan as far as those send the
// same.
type fates struct {
	met func(id int) // is told of rules that have met their message; it must not block

	mu    sync.Mutex
	draw  *faults.Draw // of the host
	life  int
	now   delivery
	seen  map[int]int             // messages of the type so far, by rule
	draws map[string]*faults.Draw // of this life, by receiver
}

func newFates(seed uint64, host string, met func(id int)) *fates {
	return &fates{met: met, draw: faults.NewDraw(seed).Sub("messages of "+host, 0), seen: map[int]int{}, draws: map[string]*faults.Draw{}}
}

// begin says that a life of the host begins, numbered from 1.
func (f *fates) begin(life int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.life = life
	clear(f.draws)
}

// set has messages treated so from now on. A rule that was there before goes on counting.
func (f *fates) set(d delivery) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now = d
}

// decide is live.Options.Fate.
func (f *fates) decide(_, to, message string, n uint64) live.Fate {
	f.mu.Lock()
	defer f.mu.Unlock()
	if slices.Contains(f.now.Cut, to) {
		return live.Fate{Drop: true}
	}
	if _, ok := f.meets(to, message, false); ok {
		return live.Fate{Drop: true}
	}
	if f.draws[to] == nil {
		f.draws[to] = f.draw.Sub("to "+to, f.life)
	}
	fate := f.now.Usual.fate(f.draws[to].Sub("message", int(n)))
	if fate.Drop || fate.Again {
		return fate
	}
	if again, ok := f.meets(to, message, true); ok {
		fate.Again, fate.AgainLate.For = true, fate.Late.For+again
	}
	return fate
}

// meets reports whether this is the message of a rule, one of those that replay or of
// those that lose, and tells of it.
func (f *fates) meets(to, message string, replays bool) (again time.Duration, ok bool) {
	for _, r := range f.now.Rules {
		if r.Message != message || r.Again > 0 != replays || !slices.Contains(r.To, to) {
			continue
		}
		if f.seen[r.ID]++; f.seen[r.ID] == r.Count {
			f.met(r.ID)
			again, ok = r.Again, true
		}
	}
	return again, ok
}
