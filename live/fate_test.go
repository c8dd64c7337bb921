package live_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/live"
)

// counting is a host that sends n numbered messages to another, which says which it got.
func counting(n int) actors.Topology {
	send := func(env actors.Env) error {
		for i := range n {
			env.Send(env.PID("server/sink"), ask{i})
		}
		return nil
	}
	sink := receiver(func(env actors.Env, ctx actor.Context) {
		if msg, ok := ctx.Message().(ask); ok {
			env.Note(msg.N)
		}
	})
	return actors.Topology{Hosts: []actors.Host{
		oneHost("server", actors.ActorDef{Name: "sink", New: sink}),
		{Name: "peer", Programs: []actors.ProgramDef{{Name: "send", Run: send}}},
	}}
}

// got is what the sink has received.
func (j *journal) got() (all []int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, n := range j.notes {
		all = append(all, n.Fact.(int))
	}
	return all
}

// fated runs counting with a Fate for each number, plainly and with TLS, until as many
// messages have come as should.
func fated(t *testing.T, want []int, dropped, duplicated, delayed uint64, fate func(n uint64) live.Fate) {
	for name, dir := range map[string]string{"plain": "", "TLS": certs(t, live.Identity{Host: "server"}, live.Identity{Host: "peer"})} {
		t.Run(name, func(t *testing.T) {
			var j journal
			w := start(t, counting(6), live.Options{Certs: dir, Note: j.add, Fate: func(from, to, message string, n uint64) live.Fate {
				if from != "peer" || to != "server" || message != "live.ask" {
					t.Errorf("the fate of %s from %s to %s", message, from, to)
				}
				return fate(n)
			}})
			eventually(t, "the messages", func() bool { return len(j.got()) >= len(want) })
			if got := j.got(); !slices.Equal(got, want) {
				t.Errorf("received %v, want %v", got, want)
			}
			c := w.Counts()
			if c.Dropped != dropped || c.Duplicated != duplicated || c.Delayed != delayed || c.Received != uint64(len(want)) {
				t.Errorf("%+v", c)
			}
		})
	}
}

func TestFateLosesOneMessage(t *testing.T) {
	fated(t, []int{0, 1, 3, 4, 5}, 1, 0, 0, func(n uint64) live.Fate { return live.Fate{Drop: n == 2, Again: n == 2} })
}

func TestFateSendsOneMessageTwice(t *testing.T) {
	fated(t, []int{0, 1, 2, 2, 3, 4, 5}, 0, 1, 0, func(n uint64) live.Fate { return live.Fate{Again: n == 2} })
}

func TestFatePutsAMessageBehindLaterOnes(t *testing.T) {
	wait := live.Wait{Behind: 2, For: time.Hour}
	fated(t, []int{2, 3, 0, 1, 4, 5}, 0, 0, 2, func(n uint64) live.Fate {
		if n < 2 {
			return live.Fate{Late: wait}
		}
		return live.Fate{}
	})
	fated(t, []int{0, 1, 2, 0, 3, 4, 5}, 0, 1, 0, func(n uint64) live.Fate { return live.Fate{Again: n == 0, AgainLate: wait} })
}

// A message waits for its time if fewer follow than should go before it, or if no
// number says how many.
func TestFatePutsAMessageOffForATime(t *testing.T) {
	for _, behind := range []int{0, 9} {
		wait := live.Wait{Behind: behind, For: 20 * time.Millisecond}
		fated(t, []int{0, 1, 3, 4, 5, 2}, 0, 0, 1, func(n uint64) live.Fate {
			if n == 2 {
				return live.Fate{Late: wait}
			}
			return live.Fate{}
		})
	}
}

// Each life of a host counts its messages anew, so that what is drawn by number does not
// depend on the life before.
func TestFateNumbersTheMessagesOfEachLife(t *testing.T) {
	asked := make(chan string, 100)
	w := start(t, counting(3), live.Options{Fate: func(_, _, _ string, n uint64) live.Fate {
		asked <- fmt.Sprint(n)
		return live.Fate{}
	}})
	for range 2 {
		if err := w.Wait(within(t, 10*time.Second)); err != nil {
			t.Fatal(err)
		}
		for i := range 3 {
			if n := <-asked; n != fmt.Sprint(i) {
				t.Errorf("message %d has the number %s", i, n)
			}
		}
		if err := w.Crash("peer"); err != nil {
			t.Fatal(err)
		}
		if err := w.Restart("peer", true); err != nil {
			t.Fatal(err)
		}
	}
}

// What is put off is on its way: a graceful stop sends it, a crash loses and counts it.
func TestWhatIsPutOffLeavesWithAGracefulStop(t *testing.T) {
	for _, graceful := range []bool{true, false} {
		var j journal
		w := start(t, counting(6), live.Options{Note: j.add, Fate: func(_, _, _ string, n uint64) live.Fate {
			if n < 2 {
				return live.Fate{Late: live.Wait{For: time.Hour}}
			}
			return live.Fate{}
		}})
		eventually(t, "the messages that are not put off", func() bool { return len(j.got()) == 4 })
		want, broken := []int{2, 3, 4, 5}, uint64(2)
		if graceful {
			want, broken = append(want, 0, 1), 0
			if err := w.StopHost(within(t, 10*time.Second), "peer"); err != nil {
				t.Fatal(err)
			}
		} else if err := w.Crash("peer"); err != nil {
			t.Fatal(err)
		}
		eventually(t, "what was sent", func() bool { return len(j.got()) == len(want) })
		if got, c := j.got(), w.Counts(); !slices.Equal(got, want) || c.Broken != broken {
			t.Errorf("graceful %v: received %v, want %v; %+v", graceful, got, want, c)
		}
	}
}

// What one link puts off is bounded; the rest goes at once.
func TestWhatIsPutOffIsBounded(t *testing.T) {
	const size, count = 1 << 20, 12
	arrived := make(chan struct{}, count)
	sink := receiver(func(_ actors.Env, ctx actor.Context) {
		if _, ok := ctx.Message().(blob); ok {
			arrived <- struct{}{}
		}
	})
	w := start(t, actors.Topology{Hosts: []actors.Host{
		oneHost("server", actors.ActorDef{Name: "sink", New: sink}),
		{Name: "peer", Programs: []actors.ProgramDef{{Name: "send", Run: func(env actors.Env) error {
			for range count {
				env.Send(env.PID("server/sink"), blob{make([]byte, size)})
			}
			return nil
		}}}},
	}}, live.Options{Fate: func(string, string, string, uint64) live.Fate {
		return live.Fate{Late: live.Wait{For: time.Hour}}
	}})
	for range 5 {
		<-arrived
	}
	if c := w.Counts(); c.Delayed != 7 {
		t.Errorf("%+v", c)
	}
}
