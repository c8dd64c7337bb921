package scenarios

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/simrun/simrun/faults"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// The stories of limits: of how much may be outstanding, and of what a key or a
// value may be.

// N10: an operation beyond the limit of its client is refused before it is sent. It
// never happens, and that is no loss.
var windowFull = nonbug{
	name:    "N10-window-full",
	doc:     "puts beyond the client's limit are refused, and their values never appear",
	clients: 1,
	knobs: func(d *faults.Draw, k sim.Knobs) sim.Knobs {
		return anyShape(d, k).With("outstanding", []int{1, 2, 3, 8, 32, 64}[d.IntN("outstanding", 6)]).
			With("beyond", d.Between("beyond", 1, 30))
	},
	lines: func(s *story) {
		c := s.client(0)
		c.call(getWord("full"))
		c.point("full")
		for i := range s.k.Int("outstanding", 0) + s.k.Int("beyond", 0) {
			c.issue(s.word(fmt.Sprintf("full%d", i), fmt.Sprintf("put%d", i)))
		}
		if s.d.Permille("rest", 500) {
			c.sleep(units(s.d, "pause", s.k, 0, 2))
		}
		c.line(Flush{})
		c.call(s.word("full", "room again"))
	},
	faults: func(d *faults.Draw, k sim.Knobs, _ *faults.Net) faults.Schedule {
		if d.Permille("at ease", 500) {
			return nil
		}
		return faults.Schedule{at("full", faults.Fault{
			Kind: faults.Slow, Hosts: daemonsOf(k), Factor: d.Between("overload", 2, 50), For: 2 * unitOf(k),
		})}
	},
	odd: func(o *sim.Observation) error {
		refused := 0
		for _, op := range told(o, "c0") {
			if op.Certainty != linearizability.Refused {
				continue
			}
			refused++
			if word, ok := finalRead(o, "words", op.Input.(models.Op).Key); !ok || word != "" {
				return fmt.Errorf("%v, and at the end its key has %.40q", op, word)
			}
		}
		for _, n := range o.Notes {
			if f, ok := n.Fact.(RefusedAs); ok && n.Host == "c0" && f.Status != models.Throttled {
				return fmt.Errorf("%v was refused with %v", f.Op, f.Status)
			}
		}
		if want := o.Knobs.Int("beyond", 0); refused != want {
			return fmt.Errorf("%d puts were refused, want %d", refused, want)
		}
		if ops := told(o, "c0"); ops[len(ops)-1].Certainty != linearizability.Done {
			return errors.New("there is no room when the window is empty")
		}
		return nil
	},
}

// N11: a value that looks like nothing is something, and a key that looks like an
// answer is a key. One project had 40 % of its false alarms from a checker that
// took 0 for absent.
var boundaryValues = nonbug{
	name:    "N11-boundary-values",
	doc:     "zero, empty, NUL bytes, large values and keys that look like answers are read back, before and after a power loss",
	clients: 1,
	knobs: func(d *faults.Draw, k sim.Knobs) sim.Knobs {
		return anyShape(d, k).With("snapshot", []int{4, 1000}[d.IntN("snapshot", 2)])
	},
	lines: func(s *story) {
		c := s.client(0)
		var keys []string
		for i, v := range boundaries(s.d) {
			d := s.d.Sub("boundary", i)
			key := boundaryKey(d, i)
			keys = append(keys, key)
			c.call(models.Op{Verb: models.Get, Space: "things", Key: key})
			c.call(models.Op{Verb: models.Put, Space: "things", Key: key, Attrs: []models.Attr{v}})
			c.call(models.Op{Verb: models.Get, Space: "things", Key: key})
		}
		c.point("power")
		for _, key := range keys {
			c.read("things", key)
		}
	},
	faults: func(d *faults.Draw, k sim.Knobs, _ *faults.Net) faults.Schedule {
		f := faults.Fault{Kind: faults.PowerLoss, Hosts: []string{faults.All}, For: time.Duration(d.Between("dark", 1, 500)) * time.Millisecond}
		if k.Int("tolerate", 0) > 0 && d.Permille("wipe", 300) {
			f.Kind, f.Hosts = faults.Wipe, daemonsOf(k)[:1]
		}
		return faults.Schedule{at("power", f)}
	},
	odd: func(o *sim.Observation) error {
		written := map[string]models.Attr{}
		read := 0
		for _, op := range append(told(o, "c0"), told(o, "final")...) {
			in := op.Input.(models.Op)
			r, _ := op.Output.(models.Result)
			want, known := written[in.Key]
			switch {
			case in.Space != "things" || op.ID.Client == "final" && !known:
			case op.Certainty == linearizability.Refused:
				if spaceOf(in).Refuse(in) != models.TooLarge {
					return fmt.Errorf("refused: %.80v", op)
				}
			case in.Verb == models.Get && op.Certainty == linearizability.Unknown: // it is repeated
			case in.Verb == models.Put:
				written[in.Key] = in.Attrs[0]
			case !known && r.Status != models.NotFound:
				return fmt.Errorf("before the put: %.80v", op)
			case known && !hasAttr(r, want):
				return fmt.Errorf("after the put: %.80v", op)
			case known:
				read++
			}
		}
		if read < 3*len(written) || len(written) == 0 {
			return fmt.Errorf("%d values were read %d times", len(written), read)
		}
		return nil
	},
}

// hasAttr reports whether a result has the attribute with that very value.
func hasAttr(r models.Result, want models.Attr) bool {
	for _, a := range r.Attrs {
		if a.Name == want.Name {
			return a.Value.Equal(want.Value)
		}
	}
	return false
}

// boundaries are values that look like none, and one that is large.
func boundaries(d *faults.Draw) []models.Attr {
	name := func(s string) models.Attr { return models.Attr{Name: "name", Value: models.StringValue(s)} }
	count := func(n int64) models.Attr { return models.Attr{Name: "count", Value: models.IntValue(n)} }
	return []models.Attr{
		count(0),
		name(""),
		name([]string{"\x00", "\x00\x00", "a\x00", "\xff"}[d.IntN("bytes", 4)]),
		count([]int64{-1, 1, math.MinInt64, math.MaxInt64}[d.IntN("number", 4)]),
		{Name: "tags", Value: models.SetValue(models.SetString)},
		{Name: "tags", Value: models.SetValue(models.SetString, models.StringValue(""))},
		name(strings.Repeat("~", boundarySize(d.Sub("value", 0), 1<<20))),
	}
}

// boundaryKey is a key that is taken for an answer or for nothing, or a long one.
// No other key of the run begins with its number.
func boundaryKey(d *faults.Draw, i int) string {
	odd := []string{"", "\x00", "NOTFOUND", "SUCCESS", "null", "nil", "0", "\xff\xff", "things"}
	if i < 2 {
		return odd[(i+2*d.IntN("odd key", 4))%len(odd)]
	}
	if d.Permille("long", 150) {
		return fmt.Sprintf("%d", i) + strings.Repeat("k", boundarySize(d.Sub("key", 0), 64<<10)-1)
	}
	return fmt.Sprintf("%d%s", i, odd[d.IntN("odd key", len(odd))])
}

// boundarySize is a size of something in the system, at most limit, or one beside
// it: a page, a sector, the frames and buffers of the log. The largest is rare,
// because it is dear.
func boundarySize(d *faults.Draw, limit int) int {
	sizes := []int{1 << 8, 1 << 8, 1 << 12, 1 << 12, 1 << 12, 1 << 16, 1 << 16, 1 << 16, 1 << 18, 1 << 20}
	size := min(limit, sizes[d.IntN("size", len(sizes))])
	return size + d.Between("beside", -1, 1)
}
