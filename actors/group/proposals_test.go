package group

import (
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
)

// TestCommandsThatComeTogetherShareARecord: of forty at once most are in one batch, and
// every one of them is applied.
func TestCommandsThatComeTogetherShareARecord(t *testing.T) {
	const commands = 40
	s := testGroup(3, Config{}, calm, func(env actors.Env, hosts []string) error {
		ask(env, hosts, add{N: 99})
		for _, host := range hosts { // only the leader takes them
			for i := range commands {
				env.Send(env.PID(host+"/sum"), add{N: uint64(i)})
			}
		}
		env.Clock.Sleep(time.Second)
		if got := ask(env, hosts, look{}); got.Adds != 1+commands {
			t.Errorf("%d commands were applied, want %d", got.Adds, 1+commands)
		}
		return nil
	})
	batches, longest := 0, 0
	for _, n := range pass(t, s, 6).Notes {
		if f, ok := n.Fact.(Proposed); ok {
			batches, longest = batches+1, max(longest, len(f.Entries))
		}
	}
	if batches > commands/2 || longest < commands/4 {
		t.Errorf("%d commands at once went in %d batches, the longest of %d", commands, batches, longest)
	}
}

// TestABatchWaitsForThoseUnderWay: no more than so many are proposed before the first
// of them is applied.
func TestABatchWaitsForThoseUnderWay(t *testing.T) {
	var p proposals
	for range underWay {
		p.add(nil)
		p.add(nil)
		if !p.due() || len(p.take()) != 2 {
			t.Fatal("a batch waits for nothing")
		}
	}
	p.add(nil)
	p.applied()
	if p.due() {
		t.Error("a batch is due before the first one is applied")
	}
	if got := p.open(); got != 2*underWay {
		t.Errorf("%d commands are open, want %d", got, 2*underWay)
	}
	p.applied()
	if !p.due() || len(p.take()) != 1 {
		t.Error("a batch still waits when the first one is applied")
	}
}
