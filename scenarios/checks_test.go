package scenarios

import (
	"strings"
	"testing"
	"time"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// A control is one made-up run of the store. Why is what a check says of it, or empty
// if it looks odd and is right.
type control struct {
	name  string
	notes []sim.Note
	knobs sim.Knobs
	why   string
}

// judge runs a check on what it must refuse, for exactly this reason, and on what it
// must take.
func judge(t *testing.T, check func(*sim.Observation) error, controls []control) {
	t.Helper()
	for _, c := range controls {
		t.Run(c.name, func(t *testing.T) {
			o := &sim.Observation{Notes: c.notes, Knobs: c.knobs}
			h, err := linearizability.Collect(func(yield func(int64, any) bool) {
				for _, n := range c.notes {
					if !yield(n.Seq, n.Fact) {
						return
					}
				}
			})
			if err == nil {
				o.History = h
			}
			got := ""
			if err := check(o); err != nil {
				got = err.Error()
			}
			if got != c.why {
				t.Errorf("says %q\nwant %q", got, c.why)
			}
		})
	}
}

const coord = store.CoordinatorHost

// chain is a configuration of one region, whose members began empty, or came by the
// transfer that is written behind their names.
func chain(epoch uint64, daemons ...string) *store.Config {
	c := &store.Config{Epoch: epoch, Spaces: []store.Space{{Def: models.Space{Name: "things", Key: "id", Partitions: 1}}}}
	r := store.Region{Space: "things", Version: epoch}
	for _, d := range daemons {
		m := store.Member{Host: strings.TrimRight(d, "!"), Boot: 1}
		if m.Host != d {
			m.Data = epoch
		}
		r.Chain = append(r.Chain, m)
	}
	c.Regions = []store.Region{r}
	return c
}

// notes are facts, each after the host it is of, a second apart.
func notes(pairs ...any) []sim.Note {
	var out []sim.Note
	for i := 0; i < len(pairs); i += 2 {
		host := pairs[i].(string)
		out = append(out, sim.Note{
			Seq: int64(i), At: time.Duration(i) * time.Second, Host: host, Path: host + "/store", Fact: pairs[i+1],
		})
	}
	return out
}

// The facts that most controls are made of, about region 0.
func published(c *store.Config) store.Published { return store.Published{Config: c} }

func adopted(c *store.Config) store.Adopted { return store.Adopted{Boot: 1, Config: c} }

func synced(seq uint64) store.Persisted {
	return store.Persisted{Marks: []store.Mark{{Seq: seq}}}
}

func applied(seq, digest uint64) store.Applied { return store.Applied{Seq: seq, Digest: digest} }

// committed is the effect of one request of c0, or of none if n is 0.
func committed(version, seq uint64, n uint64) store.Committed {
	return store.Committed{Version: version, Seq: seq, Requests: requestsOf(n)}
}

func reached(version, seq uint64, n uint64) store.Reached {
	return store.Reached{Version: version, Seq: seq, Requests: requestsOf(n)}
}

func requestsOf(n uint64) []store.RequestID {
	if n == 0 {
		return nil
	}
	return []store.RequestID{{Client: "c0", Boot: 1, N: n}}
}

// The facts of the client c0.
func called(t *testing.T, n int, text string) linearizability.Called {
	t.Helper()
	op, err := models.ParseOp(text)
	if err != nil {
		t.Fatal(err)
	}
	return linearizability.Called{Op: linearizability.OpID{Client: "c0", N: n}, Input: op}
}

func returned(n int, r models.Result) linearizability.Returned {
	return linearizability.Returned{Op: linearizability.OpID{Client: "c0", N: n}, Outcome: outcomeOf(r)}
}

func replied(n uint64, r models.Result) store.Replied {
	return store.Replied{ID: store.RequestID{Client: "c0", Boot: 1, N: n}, Result: r}
}

var (
	success = models.Result{Status: models.Success}
	cmpFail = models.Result{Status: models.CmpFail}
	unknown = models.Result{Status: models.Reconfigure}
)

// object is what a get of an object with these attributes returns.
func seen(attrs ...models.Attr) models.Result {
	return models.Result{Status: models.Success, Attrs: attrs}
}
