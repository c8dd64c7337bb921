//go:build unix

package node

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/simrun/simrun/live"
)

// TestStore runs the scripts of testdata: a store of several processes, as an operator
// and a user see it. R1, R14 and the text of the first seed are in seed1.txt.
func TestStore(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(env *testscript.Env) error {
			env.Values[processesKey] = map[string]*process{}
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"ports": fillPorts, "start": startProcess, "signal": signalProcess, "lines": writeLines, "damage": damageFile, "fetch": fetchAdmin, "certs": issueCerts,
		},
	})
}

// processesKey is where a script keeps its processes.
const processesKey = "processes"

// A process is a `node HOST` that a script has started.
type process struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer // not to be read before it has ended
	admin  string       // URL of its admin port
}

func processes(ts *testscript.TestScript) map[string]*process {
	return ts.Value(processesKey).(map[string]*process)
}

// ports FILE... puts a free port in the place of every port 0.
func fillPorts(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		text, err := withPorts(ts.ReadFile(name))
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o644))
	}
}

// withPorts puts a free port in the place of every port 0. They stay taken until all are
// known, so no two are the same. They are none of those that the system gives to
// connections: a host finds its port free again after it was down.
func withPorts(text string) (string, error) {
	for strings.Contains(text, `:0"`) {
		port := strconv.Itoa(10_000 + rand.IntN(20_000))
		l, err := net.Listen("tcp", "127.0.0.1:"+port)
		if errors.Is(err, syscall.EADDRINUSE) {
			continue
		}
		if err != nil {
			return "", err
		}
		defer l.Close()
		text = strings.Replace(text, `:0"`, ":"+port+`"`, 1)
	}
	return text, nil
}

// start HOST... runs hosts of store.json until a signal ends them.
func startProcess(ts *testscript.TestScript, _ bool, args []string) {
	for _, host := range args {
		p := &process{cmd: exec.Command("node", host, "--config", "store.json")}
		p.cmd.Dir = ts.MkAbs(".")
		p.cmd.Stderr = &p.stderr
		out, err := p.cmd.StdoutPipe()
		ts.Check(err)
		ts.Check(p.cmd.Start())
		ts.Defer(func() {
			_ = p.cmd.Process.Kill()
			_ = p.cmd.Wait() // it fails if a signal has ended it before
		})
		line, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			_ = p.cmd.Wait()
			ts.Fatalf("%s does not start: %s", host, p.stderr.String())
		}
		_, p.admin, _ = strings.Cut(strings.TrimSpace(line), "admin port ")
		ts.Logf("%s", line)
		processes(ts)[host] = p
	}
}

// signal KILL|TERM HOST... ends hosts. One that got TERM must end with exit code 0 within
// ten seconds. What a host had to say is then in the file HOST.err.
func signalProcess(ts *testscript.TestScript, _ bool, args []string) {
	sig := map[string]syscall.Signal{"KILL": syscall.SIGKILL, "TERM": syscall.SIGTERM}[args[0]]
	began := time.Now()
	for _, host := range args[1:] {
		ts.Check(processes(ts)[host].cmd.Process.Signal(sig))
	}
	for _, host := range args[1:] {
		p := processes(ts)[host]
		err := p.cmd.Wait()
		ts.Check(os.WriteFile(ts.MkAbs(host+".err"), p.stderr.Bytes(), 0o644))
		if took := time.Since(began); sig == syscall.SIGTERM && (err != nil || took > 10*time.Second) {
			ts.Fatalf("%s after SIGTERM: %v, %v\n%s", host, took, err, p.stderr.String())
		}
	}
}

// lines FILE N TEXT writes a file of N lines, with their number for every # in the text.
func writeLines(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	var b strings.Builder
	for i := range n {
		fmt.Fprintln(&b, strings.ReplaceAll(args[2], "#", strconv.Itoa(i+1)))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(b.String()), 0o644))
}

// damage PATTERN flips a bit in the middle of the first file that matches.
func damageFile(ts *testscript.TestScript, _ bool, args []string) {
	names, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(names) == 0 {
		ts.Fatalf("no file matches %s", args[0])
	}
	b, err := os.ReadFile(names[0])
	ts.Check(err)
	b[len(b)/2] ^= 1
	ts.Check(os.WriteFile(names[0], b, 0o640))
}

// certs DIR HOST=ROLE... makes certificates.
func issueCerts(ts *testscript.TestScript, _ bool, args []string) {
	authority, err := live.OpenAuthority(ts.MkAbs(args[0]))
	ts.Check(err)
	for _, word := range args[1:] {
		host, role, _ := strings.Cut(word, "=")
		ts.Check(authority.Issue(live.Identity{Host: host, Role: role}, time.Now().Add(time.Hour)))
	}
}

// fetch HOST PATH prints a page of the admin port to the file page.
func fetchAdmin(ts *testscript.TestScript, _ bool, args []string) {
	res, err := http.Get(processes(ts)[args[0]].admin + args[1])
	ts.Check(err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	ts.Check(err)
	if res.StatusCode != http.StatusOK {
		ts.Fatalf("%s: %s", args[1], res.Status)
	}
	ts.Check(os.WriteFile(ts.MkAbs("page"), body, 0o644))
}
