//go:build unix

package simcli

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/simrun/simrun/sim"
)

// FAULTS 3.7: whenever the campaign or its worker is killed, the seed that was
// running is known: of a campaign, to the next one in its folder; of a worker, to
// its campaign, which goes on. SIMRUN_KILLS says how many moments in a run are tried.
func TestSeedsSurviveKillAtAnyMoment(t *testing.T) {
	kills := 16
	if text := os.Getenv("SIMRUN_KILLS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("SIMRUN_KILLS: %v", err)
		}
		kills = n
	}
	moments := rand.New(rand.NewPCG(1, 2))
	idle := 0
	for i := 0; i-idle < kills; i++ {
		v := &victim{t: t, dir: t.TempDir(), first: uint64(1000 * (i + 1))}
		v.start()
		moment := time.Duration(moments.Int64N(int64(120 * time.Millisecond)))
		var running bool
		if i%2 == 0 {
			running = v.killCampaign(moment)
		} else {
			running = v.killWorker(moment)
		}
		if !running {
			idle++
		}
		if t.Failed() {
			return
		}
	}
	t.Logf("%d seeds were named after as many kills, and %d more kills came before the first run", kills, idle)
}

// A victim is a campaign of tiny/witness, which notes in a file of its own what it
// runs.
type victim struct {
	t     *testing.T
	dir   string
	first uint64
	cmd   *exec.Cmd
	out   strings.Builder
}

// A noted run is a line of that file.
type noted struct {
	pid int
	ops string
}

func (v *victim) start() {
	v.cmd = exec.Command("simrun", "run", "tiny/witness", "--time", "60s", "--jobs", "1", "--seed", fmt.Sprint(v.first), "--out", v.dir, "--json")
	v.cmd.Env = append(os.Environ(), witnessVariable+"="+v.notesFile())
	v.cmd.Stdout = &v.out
	if err := v.cmd.Start(); err != nil {
		v.t.Fatal(err)
	}
}

func (v *victim) notesFile() string { return filepath.Join(v.dir, "notes") }

// notes are the runs that have begun.
func (v *victim) notes() (all []noted) {
	b, err := os.ReadFile(v.notesFile())
	if err != nil {
		return nil
	}
	for line := range strings.Lines(string(b)) {
		pid, ops, whole := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		n, err := strconv.Atoi(pid)
		if !whole || err != nil {
			v.t.Fatalf("note %q", line)
		}
		all = append(all, noted{n, ops})
	}
	return all
}

// killCampaign reports whether a run had begun.
func (v *victim) killCampaign(moment time.Duration) bool {
	wait(moment)
	v.cmd.Process.Kill()
	v.cmd.Wait()
	v.workerIsGone()
	f, err := openFolder(v.dir)
	if err != nil {
		v.t.Fatal(err)
	}
	defer f.close()
	notes := v.notes()
	if len(f.orphans) == 0 && len(notes) == 0 {
		return false
	}
	if len(f.orphans) != 1 {
		v.t.Errorf("after %v: %d runs had begun, and the folder names %+v", moment, len(notes), f.orphans)
		return true
	}
	v.check(f.orphans[0].Seed, notes)
	return true
}

// workerIsGone waits for the lock that tiny/witness holds.
func (v *victim) workerIsGone() {
	f, err := os.OpenFile(v.notesFile(), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		v.t.Fatal(err)
	}
	defer f.Close()
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		v.t.Fatal(err)
	}
}

// killWorker kills the worker of a campaign, waits for the next one, and reports
// whether a run had begun.
func (v *victim) killWorker(moment time.Duration) bool {
	if !poll(func() bool { return len(v.notes()) > 0 }) {
		v.t.Fatal("no run begins")
	}
	wait(moment)
	pid := v.notes()[0].pid
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		v.t.Fatal(err)
	}
	goesOn := poll(func() bool {
		notes := v.notes()
		return notes[len(notes)-1].pid != pid
	})
	v.cmd.Process.Signal(os.Interrupt)
	v.cmd.Wait()
	if !goesOn {
		v.t.Fatalf("after %v: the campaign does not go on", moment)
	}
	var its []noted
	for _, n := range v.notes() {
		if n.pid == pid {
			its = append(its, n)
		}
	}
	for line := range strings.Lines(v.out.String()) {
		var o runObject
		if json.Unmarshal([]byte(line), &o) == nil && o.Type == "run" {
			if o.Verdict != "HARNESS" || o.Check != deathCheck {
				v.t.Errorf("reported as %s", line)
			}
			v.check(o.Seed, its)
			if _, err := os.Stat(o.Plan); err != nil {
				v.t.Error(err)
			}
			return true
		}
	}
	v.t.Errorf("after %v: nothing is reported: %s", moment, v.out.String())
	return true
}

// check wants the seed to be that of the last run that began, or the one after it,
// which had been named and not begun.
func (v *victim) check(seed uint64, notes []noted) {
	of := func(seed uint64) string { return fmt.Sprint(sim.NewPlan(witness(), seed).Ops) }
	switch {
	case len(notes) == 0 && seed == v.first:
	case len(notes) > 0 && (notes[len(notes)-1].ops == of(seed) || seed > v.first && notes[len(notes)-1].ops == of(seed-1)):
	default:
		v.t.Errorf("seed %d is named after %d runs, and the last one was of other operations", seed, len(notes))
	}
}

// wait lets a time go by in which the campaign comes to some place.
func wait(d time.Duration) {
	timer := time.NewTimer(d)
	<-timer.C
}
