package node

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/simrun/simrun/actors/primes"
)

// child makes the test binary the command itself.
const child = "SIMRUN_NODE_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(child) != "" {
		os.Exit(Main(os.Args[1:], os.Stdout, os.Stderr))
	}
	testscript.Main(m, map[string]func(){"node": func() { os.Exit(Main(os.Args[1:], os.Stdout, os.Stderr)) }})
}

// startService starts a service for a test, on a free port.
func startService(t *testing.T, o primes.Options) *Primes {
	t.Helper()
	if o.Timing == (primes.Timing{}) {
		o.Timing = primes.Timing{TTL: 3 * time.Second, Lease: 3 * time.Second, Renew: 500 * time.Millisecond, Sweep: 500 * time.Millisecond, Health: 50 * time.Millisecond, Patience: 10 * time.Second}
	}
	p, err := StartPrimes(PrimesOptions{Service: o, Dir: t.TempDir(), Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), stopTime)
		defer cancel()
		if err := p.Stop(ctx); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return p
}

// patient is a client that waits for as long as tests do.
func patient(p *Primes) *PrimesClient {
	return &PrimesClient{URL: p.URL(), Patience: primes.Patience{PollMin: 5 * time.Millisecond, PollMax: 100 * time.Millisecond, Resubmit: 4 * time.Second}}
}

// A service started by its command answers, and SIGTERM ends it with exit code 0.
func TestCommandServesUntilSIGTERM(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "primes", "-listen", "127.0.0.1:0", "-dir", t.TempDir(), "-queue", "durable", "-progress", "1")
	cmd.Env = append(os.Environ(), child+"=1")
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	url, ok := strings.CutPrefix(strings.TrimSpace(line), "serving on ")
	if err != nil || !ok {
		t.Fatalf("the first line is %q, %v\n%s", line, err, complaint.String())
	}
	var answer, wrong bytes.Buffer
	if code := Main([]string{"sum", "-url", url, "1", "10"}, &answer, &wrong); code != 0 || answer.String() != "17\n" {
		t.Errorf("node sum 1 10: exit code %d, %q %q", code, answer.String(), wrong.String())
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("after SIGTERM: %v\n%s", err, complaint.String())
	}
}

func TestWrongUseIsToldInOneLine(t *testing.T) {
	for _, c := range []struct {
		args []string
		code int
		say  string
	}{
		{[]string{"nosuch"}, 2, `node: no command "nosuch"`},
		{[]string{"sum", "1"}, 2, "node sum: 1 arguments, want 2"},
		{[]string{"sum", "1", "ten"}, 2, `node sum: "ten" is not an integer`},
		{[]string{"primes", "-store", "cloud"}, 2, `node primes: store "cloud": want shared, local or replicated`},
		{[]string{"primes", "-store", "local", "-queue", "memory"}, 2, "node primes: store local: needs affinity, and neither a queue nor progress services"},
		{[]string{"primes", "-ttl", "720h0m0.000000001s"}, 2, "node primes: a time to live of 720h0m0.000000001s: at most 720h0m0s"},
		{[]string{"primes", "-ttl", "720h", "-listen", "nowhere"}, 1, "node: http: listen tcp: address nowhere: missing port in address"},
		{[]string{"primes", "-ttl", "719h59m59.999999999s", "-listen", "nowhere"}, 1, "node: http: listen tcp: address nowhere: missing port in address"},
		{[]string{"primes", "-listen", "nowhere"}, 1, "node: http: listen tcp: address nowhere: missing port in address"},
		{[]string{"sum", "-timeout", "200ms", "-url", "http://127.0.0.1:1", "1", "10"}, 1, "node: sum of the primes in [1, 10): context deadline exceeded"},
	} {
		var out, wrong bytes.Buffer
		code := Main(c.args, &out, &wrong)
		if first, _, _ := strings.Cut(wrong.String(), "\n"); code != c.code || first != c.say {
			t.Errorf("node %s: exit code %d, %q\nwant %d, %q", strings.Join(c.args, " "), code, first, c.code, c.say)
		}
	}
}
