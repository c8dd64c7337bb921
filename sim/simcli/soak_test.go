package simcli

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/examples/register"
	"github.com/simrun/simrun/models"
	"github.com/simrun/simrun/sim"
)

func init() { actors.Facts("register", models.Read{}, models.Write{}) }

// soakScenarios are a register that keeps what it is told, and one whose rounds are
// wrong: each reads what the one before has written.
func soakScenarios() []sim.Scenario {
	good := register.Scenario(register.Durable)
	good.Name = "soak/ok"
	good.Workload.Rounds = &sim.Rounds{
		Ops: func(n int) []sim.Op { return roundOf(n, fmt.Sprintf("key%d", n)) },
		Final: func(n int, _ []sim.Op) []sim.Op {
			return []sim.Op{{Client: "c1", N: 1_000_000 + n, Do: models.Read{Key: fmt.Sprintf("key%d", n)}}}
		},
	}
	stale := good
	stale.Name = "soak/stale"
	stale.Workload.Rounds = &sim.Rounds{Ops: func(n int) []sim.Op { return roundOf(n, "key") }}
	return []sim.Scenario{good, stale}
}

func roundOf(n int, key string) []sim.Op {
	return []sim.Op{
		{Client: "c0", N: 2*n + 1, Do: models.Read{Key: key}},
		{Client: "c0", N: 2*n + 2, Do: models.Write{Key: key, Value: fmt.Sprintf("c0-%d", n)}},
		{Client: "c1", N: n + 1, Do: models.Read{Key: key}},
	}
}

// A canceller takes output and ends the command once a text is in it.
type canceller struct {
	strings.Builder
	at     string
	cancel func()
}

func (c *canceller) Write(b []byte) (int, error) {
	defer func() {
		if strings.Contains(c.String(), c.at) {
			c.cancel()
		}
	}()
	return c.Builder.Write(b)
}

// SIGINT ends a soak with the verdict of the rounds so far.
func TestInterruptedSoakHasAVerdict(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	out := &canceller{at: `"type":"sample"`, cancel: cancel}
	var wrong strings.Builder
	code := execute(ctx, []string{"soak", "soak/ok", "--time", "1h", "--json", "--dir", t.TempDir()}, out, &wrong, soakScenarios())
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if code != 0 || wrong.Len() > 0 {
		t.Fatalf("exit code %d, %q", code, wrong.String())
	}
	wantText(t, lines[len(lines)-1], `"type":"summary"`, `"verdict":"PASS"`, `"interrupted":true`)
}
