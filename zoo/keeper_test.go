package zoo

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"
)

// frailEnv makes this test binary a build in which one seed ends the process and a
// later one kills; "without" has the seed that kills fail without the bug too, and
// "always" has every seed end the process.
const frailEnv = "ZOO_FRAIL"

const (
	dies  = 30 // index of the seed that ends the process
	kills = 50 // index of the seed that kills
)

// frail is the mutant of such builds.
var frail = &mutant{name: "frail", difficulty: easy, checks: []string{"ghost"}}

// frailCommand is what such a build has for the command zoo.
func frailCommand() *cobra.Command {
	var first, checks string
	var count, jobs int
	hunt := &cobra.Command{Use: "hunt", RunE: func(cmd *cobra.Command, _ []string) error {
		var from seed
		if err := from.UnmarshalText([]byte(first)); err != nil {
			return err
		}
		emit := printTo(cmd.OutOrStdout())
		for i := range count {
			r := report{Seed: from + seed(i), Tried: i + 1, Verdict: "PASS"}
			switch index := r.Seed - frail.seeds(0); {
			case index == dies, os.Getenv(frailEnv) == "always":
				cmd.PrintErrln("fatal error: all is lost")
				os.Exit(2)
			case index == kills && (checks != "" || os.Getenv(frailEnv) == "without"):
				r.Kill, r.Verdict, r.Check = checks != "", "VIOLATION", "ghost"
			case index%10 == 7:
				r.Verdict, r.Check = "VIOLATION", "actor panic"
			case jobs > 1 && i%4 != 0 && i < count-1:
				continue // not every seed that passes is told of
			}
			if err := emit(r); err != nil || r.Kill {
				return err
			}
		}
		return nil
	}}
	hunt.Flags().StringVar(&first, "seed", "", "")
	hunt.Flags().StringVar(&checks, "checks", "", "")
	hunt.Flags().IntVar(&count, "count", 0, "")
	hunt.Flags().IntVar(&jobs, "jobs", 0, "")
	hunt.Flags().String("scenario", "", "")
	zoo := &cobra.Command{Use: "zoo"}
	zoo.AddCommand(hunt)
	return zoo
}

// frailKeeper has a frail build for the one without a patch too.
func frailKeeper(t *testing.T, env string, jobs int) *keeper {
	t.Helper()
	t.Setenv(frailEnv, env)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &keeper{jobs: jobs, clean: binary{self}, tell: newProgress(t.Output(), false)}
}

// frailBlock hunts in one block of frail builds.
func frailBlock(t *testing.T, env string, jobs int) *block {
	t.Helper()
	k := frailKeeper(t, env, jobs)
	b, err := k.block(t.Context(), frail, k.clean, 0)
	if err != nil {
		t.Fatal(err)
	}
	b.Seconds = 0
	return b
}

func TestBuildThatDoesNotWorkIsNoSurvivor(t *testing.T) {
	k := frailKeeper(t, "always", 2)
	_, err := k.block(t.Context(), frail, k.clean, 0)
	var broken brokenError
	if !errors.As(err, &broken) || !strings.Contains(err.Error(), "frail: 4 seeds in a row: ") || !strings.Contains(err.Error(), "fatal error: all is lost") {
		t.Errorf("got %v", err)
	}
}

func TestHuntGoesOnAfterASeedThatEndsTheProcess(t *testing.T) {
	want := &block{Killed: true, Seed: frail.seeds(0) + kills, Check: "ghost", Tried: kills + 1,
		Apart: map[string]int{"actor panic": 5, "the process died": 1}}
	for _, jobs := range []int{1, 2} {
		if diff := cmp.Diff(want, frailBlock(t, "1", jobs)); diff != "" {
			t.Errorf("%d jobs (-want +got):\n%s", jobs, diff)
		}
	}
}

func TestSeedThatFailsWithoutTheBugIsNoKill(t *testing.T) {
	want := &block{Tried: easy.budget(),
		Apart: map[string]int{"actor panic": 20, "the process died": 1, "without the bug: VIOLATION: ghost": 1}}
	if diff := cmp.Diff(want, frailBlock(t, "without", 2)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestBlocksHaveNoSeedInCommon(t *testing.T) {
	type span struct{ from, to seed }
	var spans []span
	for _, name := range []string{"M01", "M10", "M11"} {
		for n := range hard.blocks() {
			m := &mutant{name: name}
			from := m.seeds(n)
			s := span{from, from + seed(hard.budget())}
			for _, other := range spans {
				if s.from < other.to && other.from < s.to {
					t.Errorf("%s, block %d: seeds from %v are in another block", name, n, from)
				}
			}
			spans = append(spans, s)
		}
	}
}
