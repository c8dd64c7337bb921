package scenarios

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// A Load bounds what the clients of a store scenario do; each seed draws its own
// mix within the bounds. The knobs "clients", "ops", "keys" and "spaces" replace
// the fields of that name.
type Load struct {
	Clients int // on the hosts c0, c1, ...
	Ops     int // issued by all clients together
	Keys    int // of each space
	Spaces  int // see StoreSpaces
	// Window is the most a client keeps outstanding of what it will wait for.
	Window int
	// Unwaited bounds the share of operations that nobody waits for.
	Unwaited faults.Permille
	// LoopOnly has the clients never wait for a particular operation.
	LoopOnly bool
	// Pause bounds the time between two operations of a client.
	Pause time.Duration
}

// Workload returns the workload that the bounds describe. The host "final" reads
// every key that the plan names.
func (l Load) Workload() sim.Workload {
	return sim.Workload{
		Generate: l.generate,
		Final:    finalReads,
		Parse:    parseLine,
		Client:   newStoreClient(l.Clients),
	}
}

// finalReads reads every key of the plan once, in order.
func finalReads(_ sim.Knobs, ops []sim.Op) []sim.Op {
	var reads []Read
	for _, op := range ops {
		if do, ok := op.Do.(models.Op); ok {
			reads = append(reads, Read{do.Space, do.Key})
		}
	}
	slices.SortFunc(reads, func(a, b Read) int {
		if c := strings.Compare(a.Space, b.Space); c != 0 {
			return c
		}
		return strings.Compare(a.Key, b.Key)
	})
	var out []sim.Op
	for i, r := range slices.Compact(reads) {
		out = append(out, sim.Op{Client: "final", N: i + 1, Do: r})
	}
	return out
}

func (l Load) generate(d *faults.Draw, k sim.Knobs) []sim.Op {
	g := generator{
		load: l, d: d,
		spaces: storeSpaces[:k.Int("spaces", l.Spaces)],
		values: map[object][]models.Value{},
		long:   3,
		hot:    []int{0, 500, 500, 900}[d.IntN("hot key", 4)],
	}
	if k.String("words", "") == "long" {
		g.long = 33
	}
	g.keys = g.drawKeys(k.Int("keys", l.Keys))
	g.verbs = g.drawVerbs()
	clients := k.Int("clients", l.Clients)
	ops := k.Int("ops", l.Ops)
	steady := 0
	if i := slices.IndexFunc(g.spaces, isRegister); i >= 0 && l.Unwaited > 0 && d.Permille("steady", 400) {
		steady = ops / 2
	}
	for c := range clients {
		g.client(c, (ops-steady+c)/clients)
	}
	g.steady(clients-1, steady)
	return g.out
}

// A generator draws the lines of one plan.
type generator struct {
	load   Load
	d      *faults.Draw
	spaces []models.Space
	keys   []string
	verbs  []models.Verb // drawn from uniformly; a verb may be there several times
	values map[object][]models.Value
	long   int // percentage of texts that are longer than a sector
	hot    int // share of operations on the first key alone, in thousandths
	out    []sim.Op
}

// drawKeys returns names of keys: the first is the hot one, and in some runs the last is one that a careless program confuses with no key.
func (g *generator) drawKeys(n int) []string {
	var keys []string
	for i := range n {
		keys = append(keys, fmt.Sprintf("k%d", i))
	}
	if odd := []string{"", "\x00", strings.Repeat("long ", 60)}; n > 1 && g.d.Permille("odd key", 300) {
		keys[n-1] = odd[g.d.IntN("which odd key", len(odd))]
	}
	return keys
}

// drawVerbs gives each verb a weight of its own in this run, so that runs differ
// more than their average does.
func (g *generator) drawVerbs() []models.Verb {
	verbs := []models.Verb{models.Get}
	for v := models.Get; v <= models.AtomicAdd; v++ {
		for range []int{0, 1, 2, 4}[g.d.Sub("weight", int(v)).IntN("weight", 4)] {
			verbs = append(verbs, v)
		}
	}
	return verbs
}

// client draws the lines of one client.
func (g *generator) client(c, ops int) {
	name := fmt.Sprintf("c%d", c)
	d := g.d.Sub("client", c)
	// A client that always waits, one with a window, and anything between.
	window := 1 << d.IntN("window", bitLen(max(g.load.Window, 1)))
	unwaited := d.Between("unwaited", 0, int(g.load.Unwaited))
	never := g.load.Unwaited > 0 && d.Permille("never waits", 100)
	if never {
		unwaited = 1000
	}
	// Operations come one by one, or many at once and then none for as long.
	burst := 1 << d.IntN("burst", 5)
	loops := []int{0, 500, 1000}[d.IntN("loops", 3)]
	// One that always waits is blocked by the first operation that cannot end, and
	// sees nothing of what goes on around a daemon that was cut off.
	impatience := []int{50, 50, 500, 1000}[d.IntN("impatience", 4)]
	if g.load.LoopOnly {
		loops = 1000
	}
	pause := g.load.Pause >> d.IntN("pace", 5)
	// A client that only reads gets all its answers from tails, so nothing tells it
	// that a chain has changed.
	reader := d.Permille("reader", 200)

	line := func(n int, do fmt.Stringer) { g.out = append(g.out, sim.Op{Client: name, N: n, Do: do}) }
	var open []int
	for n := 1; n <= ops; n++ {
		d := d.Sub("operation", n)
		op := g.operation(d, fmt.Sprintf("%s.%d", name, n))
		if reader {
			op = models.Op{Verb: models.Get, Space: op.Space, Key: op.Key}
		}
		line(n, op)
		if !d.Permille("unwaited", unwaited) {
			open = append(open, n)
		}
		for len(open) >= window {
			i := d.Sub("which", len(open)).IntN("which", len(open))
			switch {
			case d.Permille("loop", loops):
				line(0, Loop{})
			case d.Permille("impatient", impatience):
				line(0, Wait{N: open[i], For: time.Duration(1+d.IntN("patience", 50)) * time.Millisecond})
			default:
				line(0, Wait{N: open[i]})
			}
			open = slices.Delete(open, i, i+1)
		}
		if ms := burst * int(pause/time.Millisecond); ms > 0 && n%burst == 0 && d.Permille("pause", 500) {
			line(0, Sleep{For: time.Duration(1+d.IntN("pause length", ms)) * time.Millisecond})
		}
	}
	// Some clients end with operations under way.
	if !never && d.Permille("flush", 700) {
		line(0, Flush{})
	}
}

// steady has the last client go on with puts of one key or a few that nobody waits
// for, one every few milliseconds: whatever else happens to the region then happens
// under writes.
func (g *generator) steady(c, ops int) {
	d := g.d.Sub("steady", 0)
	client := fmt.Sprintf("c%d", c)
	n := 0
	for _, op := range g.out {
		if op.Client == client {
			n = max(n, op.N)
		}
	}
	space := 0
	if ops > 0 {
		space = slices.IndexFunc(g.spaces, isRegister)
	}
	keys := 1 + d.IntN("keys", min(3, len(g.keys)))
	pace := d.Between("pace", 5, 20)
	for i := range ops {
		n++
		op := models.Op{Verb: models.Put, Space: g.spaces[space].Name, Key: g.keys[d.Sub("put", i).IntN("key", keys)],
			Attrs: []models.Attr{{Name: "word", Value: models.StringValue(fmt.Sprintf("%s.%d", client, n))}}}
		g.out = append(g.out, sim.Op{Client: client, N: n, Do: op},
			sim.Op{Client: client, Do: Sleep{For: time.Duration(pace) * time.Millisecond}})
	}
}

// bitLen is how many powers of two are at most n.
func bitLen(n int) int { return int(math.Log2(float64(n))) + 1 }

// operation draws one operation; unique is text that no other operation has.
func (g *generator) operation(d *faults.Draw, unique string) models.Op {
	space := g.spaces[d.IntN("space", len(g.spaces))]
	key := g.keys[0]
	if !d.Permille("hot", g.hot) {
		key = g.keys[d.IntN("key", len(g.keys))]
	}
	op := models.Op{Verb: g.verbs[d.IntN("verb", len(g.verbs))], Space: space.Name, Key: key}
	if isRegister(space) {
		if op.Verb != models.Get {
			op.Verb = models.Put
			op.Attrs = []models.Attr{{Name: "word", Value: models.StringValue(g.word(d, unique))}}
		}
		return op
	}
	if d.Permille("refused", 15) {
		return refused(d, op)
	}
	o := object{op.Space, op.Key}
	switch op.Verb {
	case models.Put, models.PutIfNotExist, models.CondPut:
		op.Attrs = g.attrs(d, o, unique)
		if op.Verb == models.CondPut {
			op.Checks = g.checks(d, o)
		}
	case models.SetAdd, models.SetRemove:
		op.Attrs = []models.Attr{{Name: "tags", Value: models.StringValue(tag(d, unique))}}
	case models.AtomicAdd:
		n := int64(d.Between("addend", -3, 10))
		if d.Permille("huge", 40) {
			n = []int64{math.MaxInt64, math.MinInt64}[d.IntN("which huge", 2)]
		}
		op.Attrs = []models.Attr{{Name: "count", Value: models.IntValue(n)}}
	}
	return op
}

// word is the unique text, sometimes with bytes that tear easily: a NUL, or more
// than a sector of them.
func (g *generator) word(d *faults.Draw, unique string) string {
	switch n := d.IntN("odd word", 100); {
	case n < g.long:
		return unique + strings.Repeat("~", 5000)
	case n < g.long+10:
		// Of any size, so that a torn write falls within the text as often as beside it.
		return unique + strings.Repeat("~", 1<<d.IntN("octave", 12))
	case n > 97:
		return unique + "\x00"
	}
	return unique
}

// alike are texts that a careless comparison takes for each other.
var alike = []string{"", "\x00", "a", "a\x00", "aa", "A", "\xff"}

// name is the unique text, or one of those that are alike, so that values meet.
func (g *generator) name(d *faults.Draw, unique string) string {
	if d.Permille("alike", 250) {
		return alike[d.IntN("which alike", len(alike))]
	}
	return g.word(d, unique)
}

// tag is one of a few, so that sets meet, one of those that are alike, or the
// unique text.
func tag(d *faults.Draw, unique string) string {
	switch n := d.IntN("kind of tag", 10); {
	case n < 3:
		return fmt.Sprintf("t%d", d.IntN("tag", 3))
	case n < 4:
		return alike[d.IntN("tag alike", len(alike))]
	}
	return unique
}

// attrs draws new values for some attributes, at least one.
func (g *generator) attrs(d *faults.Draw, o object, unique string) []models.Attr {
	var attrs []models.Attr
	if d.Permille("count", 300) {
		attrs = append(attrs, models.Attr{Name: "count", Value: models.IntValue(int64(d.IntN("number", 5)))})
	}
	if len(attrs) == 0 || d.Permille("name", 800) {
		name := models.StringValue(g.name(d, unique))
		g.values[o] = append(g.values[o], name)
		attrs = append(attrs, models.Attr{Name: "name", Value: name})
	}
	if d.Permille("tags", 200) {
		attrs = append(attrs, models.Attr{Name: "tags", Value: models.SetValue(models.SetString, models.StringValue(tag(d, unique)))})
	}
	return attrs
}

// checks draws one condition, or two that must both hold.
func (g *generator) checks(d *faults.Draw, o object) []models.Check {
	checks := []models.Check{g.check(d, o)}
	if d.Permille("second check", 200) {
		checks = append(checks, g.check(d.Sub("check", 2), o))
	}
	return checks
}

// check draws a condition that holds now and then: a name that some operation
// gives to the object, or nearly, any order of a small count, a common tag.
func (g *generator) check(d *faults.Draw, o object) models.Check {
	if values := g.values[o]; len(values) > 0 && d.Permille("check name", 400) {
		c := models.Check{Attr: "name", Value: values[d.IntN("value", len(values))]}
		if d.Permille("order of names", 300) {
			c.Pred = order(d)
		}
		if d.Permille("nearly", 250) {
			c.Value = nearly(d, c.Value)
		}
		return c
	}
	if d.Permille("check tag", 300) {
		return models.Check{Attr: "tags", Pred: models.Contains, Value: models.StringValue(tag(d.Sub("check tag", 0), "t0\x00"))}
	}
	return models.Check{Attr: "count", Pred: order(d), Value: models.IntValue(int64(d.IntN("bound", 5)))}
}

// order draws a predicate that every kind but sets has.
func order(d *faults.Draw) models.Predicate {
	return []models.Predicate{
		models.Equals, models.LessThan, models.LessEqual, models.GreaterEqual, models.GreaterThan,
	}[d.IntN("predicate", 5)]
}

// nearly is a text beside the given one: longer by a NUL, shorter by its last
// byte, or another that is alike.
func nearly(d *faults.Draw, v models.Value) models.Value {
	text := string(v.Str)
	switch d.IntN("how near", 3) {
	case 0:
		text += "\x00"
	case 1:
		text = text[:max(0, len(text)-1)]
	default:
		text = alike[d.IntN("near", len(alike))]
	}
	return models.StringValue(text)
}

// refusals are operations that a space of all verbs does not take, in an attribute or in
// a condition: unknown names, the key, wrong types, one attribute twice.
var refusals = []models.Op{
	parseRefusal(`put s k {nosuch: 1}`),
	parseRefusal(`put s k {count: "a word"}`),
	parseRefusal(`put s k {id: "the key"}`),
	parseRefusal(`put s k {name: "a", name: "b"}`),
	parseRefusal(`put_if_not_exist s k {tags: "no set"}`),
	parseRefusal(`put_if_not_exist s k {count: 1, count: 1}`),
	parseRefusal(`cond_put s k if {nosuch == 1} {count: 1}`),
	parseRefusal(`cond_put s k if {id == "k"} {count: 1}`),
	parseRefusal(`cond_put s k if {name contains "a"} {count: 1}`),
	parseRefusal(`cond_put s k if {count < "a"} {count: 1}`),
	parseRefusal(`cond_put s k if {tags contains 1} {count: 1}`),
	parseRefusal(`cond_put s k if {count >= 0} {name: 1}`),
	parseRefusal(`set_add s k {tags: 1}`),
	parseRefusal(`set_add s k {name: "a"}`),
	parseRefusal(`set_add s k {tags: "a", tags: "b"}`),
	parseRefusal(`set_remove s k {count: 1}`),
	parseRefusal(`set_remove s k {nosuch: "a"}`),
	parseRefusal(`atomic_add s k {name: 1}`),
	parseRefusal(`atomic_add s k {count: 1, count: 1}`),
	parseRefusal(`atomic_add s k {id: 1}`),
}

func parseRefusal(text string) models.Op {
	op, err := models.ParseOp(text)
	if err != nil {
		panic(fmt.Sprintf("scenarios: %q: %v", text, err))
	}
	return op
}

// refused turns an operation into one that the space does not take.
func refused(d *faults.Draw, op models.Op) models.Op {
	r := refusals[d.IntN("refusal", len(refusals))]
	r.Space, r.Key = op.Space, op.Key
	return r
}
