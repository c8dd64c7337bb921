package scenarios

import (
	"reflect"
	"testing"

	"github.com/simrun/simrun/internal/wire"
	"github.com/simrun/simrun/sim"
)

// A fact that crosses a pipe or a file is the fact that was noted: a live run is judged
// by what arrives.
func TestEveryFactOfTheCatalogueSurvivesItsEncoding(t *testing.T) {
	for _, s := range All() {
		t.Run(s.Name, func(t *testing.T) {
			for seed := range uint64(3) {
				for _, n := range sim.Run(s, sim.NewPlan(s, seed)).Notes {
					b, err := wire.AppendFact(nil, n.Fact)
					if err != nil {
						t.Fatalf("seed %d: %v", seed, err)
					}
					got, err := wire.DecodeFact(b)
					if err != nil {
						t.Fatalf("seed %d: %+v: %v", seed, n.Fact, err)
					}
					if !reflect.DeepEqual(got, n.Fact) {
						t.Fatalf("seed %d: %T came back as %T:\n%+v\n%+v", seed, n.Fact, got, n.Fact, got)
					}
				}
			}
		})
	}
}
