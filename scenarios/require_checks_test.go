package scenarios

import (
	"testing"
	"time"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// twoCopies is a configuration of one region on daemon1 and daemon2.
func twoCopies(epoch uint64, daemons ...string) *store.Config {
	c := &store.Config{Epoch: epoch, Spaces: []store.Space{{Def: models.Space{Name: "s", Key: "k", Partitions: 1}}}}
	r := store.Region{Space: "s", Version: epoch}
	for _, d := range daemons {
		r.Chain = append(r.Chain, store.Member{Host: d, Boot: 1})
	}
	c.Regions = []store.Region{r}
	return c
}

// notes are facts, each with the host it is of, a second apart.
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

// R20, R32, R34: each check of the store refuses what it is there for and takes
// the same story with a good end.
func TestChecksOfTheStoreCanFail(t *testing.T) {
	const coord = store.CoordinatorHost
	one, two := twoCopies(1, "daemon1", "daemon2"), twoCopies(2, "daemon1", "daemon2")
	synced := func(seq uint64) store.Persisted { return store.Persisted{Marks: []store.Mark{{Seq: seq}}} }
	applied := func(seq, digest uint64) store.Applied { return store.Applied{Seq: seq, Digest: digest} }
	for _, tc := range []struct {
		name      string
		check     func(*sim.Observation) error
		good, bad []sim.Note
	}{
		{
			"a configuration is published after a later one", checkConfigurations,
			notes(coord, store.Published{Config: one}, coord, store.Published{Config: two}),
			notes(coord, store.Published{Config: two}, coord, store.Published{Config: one}),
		}, {
			"one epoch has two configurations", checkConfigurations,
			notes(coord, store.Published{Config: one}, coord, store.Published{Config: twoCopies(1, "daemon1", "daemon2")}),
			notes(coord, store.Published{Config: one}, coord, store.Published{Config: twoCopies(1, "daemon3", "daemon2")}),
		}, {
			"a daemon goes back to an earlier configuration", checkConfigurations,
			notes(coord, store.Published{Config: one}, coord, store.Published{Config: two},
				"daemon1", store.Adopted{Boot: 1, Config: one}, "daemon1", store.Adopted{Boot: 1, Config: two}),
			notes(coord, store.Published{Config: one}, coord, store.Published{Config: two},
				"daemon1", store.Adopted{Boot: 1, Config: two}, "daemon1", store.Adopted{Boot: 1, Config: one}),
		}, {
			"a daemon has a configuration that was not published", checkConfigurations,
			notes(coord, store.Published{Config: one}, "daemon1", store.Adopted{Boot: 1, Config: one}),
			notes(coord, store.Published{Config: one}, "daemon1", store.Adopted{Boot: 1, Config: two}),
		}, {
			"a daemon could answer for a chain that is no more", checkConfigurations,
			notes(coord, store.Published{Config: one}, "daemon2", store.Leased{Boot: 1, Config: one}, coord, store.Published{Config: two},
				"daemon2", store.Leased{Boot: 1, Config: one, Idle: []store.RegionID{0}}, "daemon3", store.Leased{Boot: 1, Config: one}),
			notes(coord, store.Published{Config: one}, coord, store.Published{Config: two}, "daemon2", store.Leased{Boot: 1, Config: one}),
		}, {
			"the head answers before the tail has synced", checkDisks,
			notes(coord, store.Published{Config: one}, "daemon1", synced(1), "daemon2", synced(1), "daemon1", store.Committed{Version: 1, Seq: 1}),
			notes(coord, store.Published{Config: one}, "daemon1", synced(1), "daemon1", store.Committed{Version: 1, Seq: 1}, "daemon2", synced(1)),
		}, {
			"two copies differ after the same record", checkReplicas,
			notes("daemon1", applied(1, 7), "daemon2", applied(1, 7)),
			notes("daemon1", applied(1, 7), "daemon2", applied(1, 8)),
		}, {
			"a copy is behind though nothing moves", checkReplicas,
			notes(coord, store.Published{Config: one}, "daemon1", applied(1, 7), "daemon2", applied(1, 7), "final", 0, "final", Settled{}),
			notes(coord, store.Published{Config: one}, "daemon1", applied(1, 7), "daemon2", applied(0, 3), "final", 0, "final", Settled{}),
		}, {
			"a space is created with too few daemons", checkAllRefused,
			notes(coord, store.Published{Config: &store.Config{Epoch: 1}}),
			notes(coord, store.Published{Config: one}),
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if err := tc.check(&sim.Observation{Notes: tc.good}); err != nil {
				t.Errorf("refuses what is right: %v", err)
			}
			if err := tc.check(&sim.Observation{Notes: tc.bad}); err == nil {
				t.Error("takes what is wrong")
			} else {
				t.Log(err)
			}
		})
	}
	wrong := refusals[0]
	wrong.Space = "things"
	for status, fine := range map[models.Status]bool{models.UnknownAttr: true, models.Throttled: true, models.WrongType: false} {
		err := checkRefusals(&sim.Observation{Notes: notes("c0", RefusedAs{Op: wrong, Status: status})})
		if (err == nil) != fine {
			t.Errorf("%v refused with %v: %v", wrong, status, err)
		}
	}
	taken := linearizability.History{Operations: []linearizability.Operation{{Input: wrong, Certainty: linearizability.Done}}}
	if checkRefusals(&sim.Observation{History: taken}) == nil {
		t.Error("an operation that the space does not take is answered")
	}
	answered := linearizability.History{Operations: []linearizability.Operation{{
		ID: linearizability.OpID{Client: "c0", N: 1}, Return: 2, Output: models.Result{Status: models.Success},
	}}}
	if checkAllRefused(&sim.Observation{History: answered}) == nil {
		t.Error("an operation on a space that was refused succeeds")
	}
}
