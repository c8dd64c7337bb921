package harness

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/simrun/simrun/linearizability"
	"github.com/simrun/simrun/sim"
)

// up is what a script says to report that its host is up.
func up() string {
	content := `B{"addr":"127.0.0.1:1","boot":7}`
	var head strings.Builder
	for _, b := range binary.BigEndian.AppendUint32(nil, uint32(len(content))) {
		fmt.Fprintf(&head, `\%03o`, b)
	}
	return fmt.Sprintf("printf '%s%s' >&3\n", head.String(), content)
}

// scripted returns a node that is a shell script, which begins when it is told to, and
// what it tells.
func scripted(script string) (*process, chan string) {
	told := make(chan string, 16)
	return &process{
		command: func() *exec.Cmd { return exec.Command("/bin/sh", "-c", "read order\n"+script) },
		first:   begin{Host: "h"},
		tell: listener{
			failed: func(check string, err error) { told <- fmt.Sprint(check, ": ", err) },
			noted:  func(sim.Note) {},
		},
	}, told
}

// A process that ends or talks nonsense although nobody has ended it is told of by that
// name, with its last words; one that somebody has ended is not.
func TestEndOfAProcessIsTold(t *testing.T) {
	for _, c := range []struct {
		claim, script string
		starts        bool
		say           string // what is told
	}{
		{"ends well, unasked", up() + "echo good bye; sleep 0.01", true, "process: host h: the process ended with exit code 0\ngood bye"},
		{"ends badly", up() + "echo alas >&2; exit 7", true, "process: host h: the process ended: exit status 7\nalas"},
		{"ends before it is up", "exit 7", false, "process: host h: the process ended: exit status 7"},
		{"a report of no length", `printf '\000\000\000\000' >&3; exec sleep 60`, false, "process: host h: reports: a report of 0 bytes"},
		{"a report that is too long", `printf '\377\377\377\377' >&3; exec sleep 60`, false, "process: host h: reports: a report of 4294967295 bytes"},
		{"a report of no kind", `printf '\000\000\000\001?' >&3; exec sleep 60`, false, "process: host h: reports: a report of kind '?'"},
		{"a fact of no type", `printf '\000\000\000\017N00000000\000\001hxxx' >&3; exec sleep 60`, false, "process: host h: reports: fact: "},
	} {
		t.Run(c.claim, func(t *testing.T) {
			p, told := scripted(c.script)
			b, err := p.start(t.Context(), false)
			if c.starts != (err == nil) || c.starts && b.Boot != 7 {
				t.Errorf("started with %+v, %v", b, err)
			}
			select {
			case say := <-told:
				if !strings.HasPrefix(say, c.say) {
					t.Errorf("told %q, want %q", say, c.say)
				}
			case <-time.After(20 * time.Second):
				t.Error("nothing is told")
			}
			if err := p.end(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// Who ends a process has all that it said, and learns how it ended if it was asked to.
func TestProcessThatIsEndedTellsNothing(t *testing.T) {
	stop := func(p *process) error {
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		return p.stop(ctx)
	}
	for _, c := range []struct {
		claim, script string
		end           func(p *process) error
		say           string // of the error
	}{
		{"killed", up() + "exec sleep 60", (*process).kill, ""},
		{"killed when it had ended", up(), func(p *process) error { <-p.life().gone; return p.kill() }, ""},
		{"stopped", "trap 'exit 0' TERM\n" + up() + "while :; do sleep 0.01; done", stop, ""},
		{"stopped badly", "trap 'echo alas; exit 3' TERM\n" + up() + "while :; do sleep 0.01; done", stop, "host h: stop: the process ended: exit status 3\nalas"},
		{"deaf", "trap '' TERM\n" + up() + "while :; do sleep 0.01; done", func(p *process) error {
			ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
			defer cancel()
			return p.stop(ctx)
		}, "host h: stop: context deadline exceeded"},
	} {
		t.Run(c.claim, func(t *testing.T) {
			p, told := scripted(c.script)
			if _, err := p.start(t.Context(), false); err != nil {
				t.Fatal(err)
			}
			err := c.end(p)
			if (err == nil) != (c.say == "") || err != nil && !strings.HasPrefix(err.Error(), c.say) {
				t.Errorf("got %v, want %q", err, c.say)
			}
			select {
			case <-p.life().gone:
			default:
				t.Error("the process, or what it said, is not over")
			}
			if c.claim != "killed when it had ended" && len(told) > 0 {
				t.Errorf("told %q", <-told)
			}
			if err := p.end(t.Context()); err != nil {
				t.Error(err)
			}
			if _, err := p.start(t.Context(), false); !errors.Is(err, context.Canceled) {
				t.Errorf("a life after the end of the run: %v", err)
			}
		})
	}
}

// What a killed process has reported is there when it is dead: whatever had a consequence
// was reported before it.
func TestFactsOfAKilledProcessAreAllThere(t *testing.T) {
	var said strings.Builder
	r := &reporter{w: &said}
	const n = 500
	for i := range n {
		if err := r.note("h/x", linearizability.Called{Op: linearizability.OpID{Client: "c0", N: i}}); err != nil {
			t.Fatal(err)
		}
	}
	var quoted strings.Builder
	for _, b := range []byte(said.String()) {
		fmt.Fprintf(&quoted, `\%03o`, b)
	}
	p, _ := scripted("printf '" + quoted.String() + "' >&3\n" + up() + "exec sleep 60")
	noted := 0
	p.tell.noted = func(sim.Note) { noted++ }
	p.first.Host = "h"
	if _, err := p.start(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if err := p.kill(); err != nil || noted != n {
		t.Errorf("%d facts of %d, %v", noted, n, err)
	}
	if err := p.end(t.Context()); err != nil {
		t.Error(err)
	}
}
