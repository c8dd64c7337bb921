package scenarios

import (
	"fmt"

	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/models"
)

// storeSpaces are the spaces of the store scenarios. Those named words see only
// puts of a unique value, and gets, so their histories are judged quickly however
// many operations nobody waited for; the others see every verb.
var storeSpaces = []models.Space{
	parseSpace("space things key id attributes string name, int count, set(string) tags"),
	parseSpace("space words key id attributes string word"),
	parseSpace("space things2 key id attributes string name, int count, set(string) tags"),
	parseSpace("space words2 key id attributes string word"),
}

// StoreSpaces returns the definitions of the first n spaces of the store
// scenarios, which tolerate f failures and have some partitions each.
func StoreSpaces(n, f, partitions int) []models.Space {
	spaces := append([]models.Space(nil), storeSpaces[:n]...)
	for i := range spaces {
		spaces[i].Tolerate, spaces[i].Partitions = f, partitions
	}
	return spaces
}

func parseSpace(text string) models.Space {
	s, err := models.ParseSpace(text)
	if err != nil {
		panic(fmt.Sprintf("scenarios: %q: %v", text, err))
	}
	return s
}

// isRegister reports whether a space sees only puts of whole objects and gets.
func isRegister(s models.Space) bool { return len(s.Attributes) == 1 }

// StoreModel is the sequential meaning of operations on the given spaces.
func StoreModel(spaces ...models.Space) linearizability.Model {
	space := func(op models.Op) models.Space {
		for _, s := range spaces {
			if s.Name == op.Space {
				return s
			}
		}
		panic(fmt.Sprintf("scenarios: an operation on space %s was answered", op.Space))
	}
	return linearizability.Spec[models.Object, models.Op, models.Result]{
		Key: func(op models.Op) string { return op.Space + "/" + op.Key },
		Apply: func(o models.Object, op models.Op) (models.Object, models.Result) {
			return models.Apply(space(op), o, op)
		},
		Match:    func(_ models.Op, want, got models.Result) bool { return want.Equal(got) },
		ReadOnly: func(op models.Op) bool { return op.Verb == models.Get },
		Equal:    models.Object.Equal,
		Hash:     models.Object.Hash,
		Write:    func(op models.Op) (string, bool) { return space(op).Whole(op) },
		Read:     models.Seen,
	}.Model()
}
