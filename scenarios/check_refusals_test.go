package scenarios

import (
	"testing"

	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

// R40: an operation that the space does not take is refused, for the right reason.
func TestRefusalsCheck(t *testing.T) {
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
}

// R34: with fewer daemons than a space needs there is no space, and no answer.
func TestAllRefusedCheck(t *testing.T) {
	judge(t, checkAllRefused, []control{
		{"a coordinator without spaces", notes(coord, published(&store.Config{Epoch: 1})), nil, ""},
		{"a space is created with too few daemons", notes(coord, published(chain(1, "daemon1"))), nil, "space things was created on 0 daemons"},
	})
	answered := linearizability.History{Operations: []linearizability.Operation{{
		ID: linearizability.OpID{Client: "c0", N: 1}, Return: 2, Output: models.Result{Status: models.Success},
	}}}
	if checkAllRefused(&sim.Observation{History: answered}) == nil {
		t.Error("an operation on a space that was refused succeeds")
	}
}
