//go:build unix

package node

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/store"
	"github.com/simrun/simrun/models"
)

// shutdownsVar is how often the hosts of a store are shut down.
const shutdownsVar = "SIMRUN_SHUTDOWNS"

// writeStore writes the config of a store with a coordinator, a daemon and the place of
// a client, and returns its path.
func writeStore(t *testing.T, more string) string {
	t.Helper()
	text := `{"hosts": {
	"coord":   {"addr": "127.0.0.1:0", "data": "data/coord", "admin": "127.0.0.1:0"},
	"daemon1": {"addr": "127.0.0.1:0", "data": "data/daemon1", "admin": "127.0.0.1:0"},
	"c0":      {"addr": "127.0.0.1:0", "data": "data/c0"}}` + more + `}`
	text, err := withPorts(text)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, "store.json", text)
}

// A running host is a process.
type running struct {
	name   string
	cmd    *exec.Cmd
	stderr bytes.Buffer // not to be read before it has ended
}

// runHost starts a host and returns when it is up.
func runHost(t *testing.T, config, name string) *running {
	t.Helper()
	r := &running{name: name, cmd: exec.Command(os.Args[0], name, "--config", config)}
	r.cmd.Env = append(os.Environ(), child+"=1")
	r.cmd.Stderr = &r.stderr
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if r.cmd.ProcessState == nil {
			_ = r.cmd.Process.Kill()
			_ = r.cmd.Wait()
		}
	})
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		_ = r.cmd.Wait()
		t.Fatalf("%s does not start: %s", name, r.stderr.String())
	}
	return r
}

// terminate sends SIGTERM and returns how long the host took to end.
func (r *running) terminate(t *testing.T) time.Duration {
	t.Helper()
	began := time.Now()
	if err := r.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := r.cmd.Wait(); err != nil || r.stderr.Len() != 0 {
		t.Errorf("%s after SIGTERM: %v\n%s", r.name, err, r.stderr.String())
	}
	return time.Since(began)
}

// A writer puts numbers that grow into a few objects, many at a time, and knows the
// largest that was acknowledged of each.
type writer struct {
	acked atomic.Int64 // how many
	check chan chan error
}

// objects is more than are under way at a time, so no two puts of one object are.
const objects = 64

// run is its program. It ends when check is closed.
func (w *writer) run(env actors.Env) error {
	client := store.NewClient(env)
	least := map[string]int64{}
	window := &store.Window{Client: client, Size: objects / 2, Done: func(d *store.Deferred) error {
		switch r := d.Wait(); r.Status {
		case models.Success:
			least[d.Op.Key] = d.Op.Attrs[0].Value.Int
			w.acked.Add(1)
		case models.Reconfigure, models.ServerError: // it may have happened
		default:
			return fmt.Errorf("%v: %v", d.Op, r.Status)
		}
		return nil
	}}
	for n := int64(1); ; n++ {
		select {
		case answer, ok := <-w.check:
			err := window.Flush()
			if !ok {
				return err
			}
			if err == nil {
				err = reread(client, least)
			}
			answer <- err
		default:
		}
		key := "k" + strconv.FormatInt(n%objects, 10)
		if err := window.Issue(models.Op{Verb: models.Put, Space: "things", Key: key, Attrs: []models.Attr{{Name: "n", Value: models.IntValue(n)}}}); err != nil {
			return err
		}
	}
}

// reread fails if an object has an older number than the last that was acknowledged.
func reread(client *store.Client, least map[string]int64) error {
	for key, n := range least {
		r := client.AsyncGet("things", key).Wait()
		if r.Status != models.Success {
			return fmt.Errorf("get %s: %v", key, r.Status)
		}
		if got := r.Attrs[0].Value.Int; got < n {
			return fmt.Errorf("%s has %d, and %d was acknowledged", key, got, n)
		}
	}
	return nil
}

// FAULTS 4, shutdown: SIGTERM in the middle of load, of the only copy and of the
// coordinator. Nothing that was acknowledged is lost, the exit code is 0, and no file is
// left half written: the next start has nothing to say of one.
func TestShutdownUnderLoadLosesNothing(t *testing.T) {
	times := 4
	if text := os.Getenv(shutdownsVar); text != "" {
		var err error
		if times, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	config := writeStore(t, "")
	coord, daemon := runHost(t, config, "coord"), runHost(t, config, "daemon1")
	var out, wrong bytes.Buffer
	if code := Main([]string{"client", "add-space", "--config", config, "space things key k attributes int n create 1 partitions tolerate 0 failures"}, &out, &wrong); code != 0 {
		t.Fatalf("exit code %d: %s", code, wrong.String())
	}
	c, err := readConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	w := &writer{check: make(chan chan error)}
	world, folder, err := startHost(c, "c0", actors.ProgramDef{Name: "writer", Run: w.run}, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	var longest time.Duration
	for i := 0; i < times && !t.Failed(); i++ {
		for before := w.acked.Load(); w.acked.Load() < before+50; time.Sleep(time.Millisecond) {
			if err := world.Err(); err != nil {
				t.Fatal(err)
			}
		}
		longest = max(longest, daemon.terminate(t))
		if i%4 == 3 {
			longest = max(longest, coord.terminate(t))
			coord = runHost(t, config, "coord")
		}
		for _, pattern := range []string{"*.new", "*/*.new", "*/*/*.new"} {
			if left, _ := filepath.Glob(filepath.Join(c.Hosts["daemon1"].Data, pattern)); len(left) != 0 {
				t.Errorf("left half written: %v", left)
			}
		}
		daemon = runHost(t, config, "daemon1")
		answer := make(chan error)
		w.check <- answer
		if err := <-answer; err != nil {
			t.Fatalf("after shutdown %d: %v", i+1, err)
		}
	}
	close(w.check)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	if err := world.Wait(ctx); err != nil {
		t.Error(err)
	}
	if err := world.Stop(ctx); err != nil {
		t.Error(err)
	}
	if err := folder.close(); err != nil {
		t.Error(err)
	}
	longest = max(longest, daemon.terminate(t), coord.terminate(t))
	t.Logf("%d shutdowns, the longest %v; %d puts acknowledged", times, longest.Round(time.Millisecond), w.acked.Load())
	if longest > 10*time.Second {
		t.Errorf("a shutdown took %v", longest)
	}
}

// A second signal does not wait for what the first one waits for.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	config := writeStore(t, "")
	c, err := readConfig(config)
	if err != nil {
		t.Fatal(err)
	}
	coord := runHost(t, config, "coord")
	// A profile that is being taken holds the graceful end up for a second.
	admin := "http://" + c.Hosts["coord"].Admin + "/debug/pprof/"
	go func() {
		if res, err := http.Get(admin + "profile?seconds=30"); err == nil {
			_ = res.Body.Close()
		}
	}()
	for page := ""; !strings.Contains(page, "pprof.Profile("); {
		_, page, _ = ask(t, "GET", admin+"goroutine?debug=2", "")
	}
	ended := make(chan error, 1)
	go func() { ended <- coord.cmd.Wait() }()
	for {
		if err := coord.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Fatal(err)
		}
		select {
		case err := <-ended:
			status := coord.cmd.ProcessState.Sys().(syscall.WaitStatus)
			if !status.Signaled() || status.Signal() != syscall.SIGTERM {
				t.Errorf("it ended with %v\n%s", err, coord.stderr.String())
			}
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
}
