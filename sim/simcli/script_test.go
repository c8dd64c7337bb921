//go:build unix

package simcli

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	// A process with the race detector takes a second to end, unless it is told not to.
	if os.Getenv("GORACE") == "" {
		os.Setenv("GORACE", "atexit_sleep_ms=0")
	}
	// A program that does not come to Main when it is started again.
	stubborn := func() {
		if os.Getenv(workerVariable) != "" {
			os.Stderr.WriteString("not again\n")
			os.Exit(1)
		}
		os.Exit(Main(testScenarios()))
	}
	simrun := func() { os.Exit(Main(slices.Concat(soakScenarios(), deadlyScenarios(), testScenarios()))) }
	if os.Getenv(workerVariable) != "" && filepath.Base(os.Args[0]) != "stubborn" {
		// A worker of a campaign that a test runs in its own process.
		simrun()
	}
	testscript.Main(m, map[string]func(){"simrun": simrun, "stubborn": stubborn})
}

// TestCommand runs the scripts of testdata: what a user types and sees.
func TestCommand(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"code": code, "last": last, "signal": signalWhenRunning, "lines": linesAgree,
			"cut": cutFile, "alter": alterFile, "pick": pickFile,
		},
	})
}

// code N ARGS... runs simrun and wants an exit code; its output is in the files
// out and err, and standard error may have one line if the code is 2.
func code(ts *testscript.TestScript, neg bool, args []string) {
	want := args[0]
	cmd := exec.Command("simrun", args[1:]...)
	cmd.Dir = ts.MkAbs(".")
	var out, err strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &err
	runErr := cmd.Run()
	ts.Check(os.WriteFile(ts.MkAbs("out"), []byte(out.String()), 0o644))
	ts.Check(os.WriteFile(ts.MkAbs("err"), []byte(err.String()), 0o644))
	if _, ok := runErr.(*exec.ExitError); runErr != nil && !ok {
		ts.Fatalf("run simrun: %v", runErr)
	}
	ts.Logf("%s%s", out.String(), err.String())
	if got := itoa(cmd.ProcessState.ExitCode()); got != want {
		ts.Fatalf("exit code %s, want %s", got, want)
	}
	if want == "2" && strings.Count(err.String(), "\n") != 1 {
		ts.Fatalf("want one line on standard error")
	}
}

func itoa(n int) string {
	b, _ := json.Marshal(n)
	return string(b)
}

// last NAME=REGEXP... looks at the JSON object in the last line of the file out.
func last(ts *testscript.TestScript, neg bool, args []string) {
	lines := strings.Split(strings.TrimSpace(ts.ReadFile("out")), "\n")
	var object map[string]json.RawMessage
	ts.Check(json.Unmarshal([]byte(lines[len(lines)-1]), &object))
	for _, arg := range args {
		name, pattern, _ := strings.Cut(arg, "=")
		value, ok := object[name]
		if !ok {
			ts.Fatalf("no field %s in %s", name, lines[len(lines)-1])
		}
		if !regexp.MustCompile("^(" + pattern + ")$").Match(value) {
			ts.Fatalf("%s is %s, want %s", name, value, pattern)
		}
	}
}

// lines wants as many objects of type run in the file out as the last line counts
// violations and failures of the harness, and one of type campaign before them.
func linesAgree(ts *testscript.TestScript, neg bool, args []string) {
	out := ts.ReadFile("out")
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var sum summary
	ts.Check(json.Unmarshal([]byte(lines[len(lines)-1]), &sum))
	if n := strings.Count(out, `"type":"run"`); n != sum.Violations+sum.Harness || n != len(lines)-2 {
		ts.Fatalf("%d runs in %d lines, %d violations and %d of the harness", n, len(lines), sum.Violations, sum.Harness)
	}
}

// signal INT|KILL CODE FOLDER SEED ARGS... runs simrun, sends it a signal once a
// seed that matches is in the folder, and wants an exit code; -1 is death by the
// signal.
func signalWhenRunning(ts *testscript.TestScript, neg bool, args []string) {
	sig := map[string]syscall.Signal{"INT": syscall.SIGINT, "KILL": syscall.SIGKILL}[args[0]]
	cmd := exec.Command("simrun", args[4:]...)
	cmd.Dir = ts.MkAbs(".")
	var out strings.Builder
	cmd.Stdout = &out
	ts.Check(cmd.Start())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		cmd.Wait()
	}()
	seed := regexp.MustCompile(`"seed":` + args[3] + `\b`)
	early := false
	seen := poll(func() bool {
		select {
		case <-ended:
			early = true
		default:
		}
		b, _ := os.ReadFile(filepath.Join(ts.MkAbs(args[2]), "running", "0.json"))
		return early || seed.Match(b)
	})
	if early || !seen {
		ts.Fatalf("simrun was not seen running that seed: %s", out.String())
	}
	ts.Check(cmd.Process.Signal(sig))
	<-ended
	ts.Check(os.WriteFile(ts.MkAbs("out"), []byte(out.String()), 0o644))
	ts.Logf("%s", out.String())
	if got := itoa(cmd.ProcessState.ExitCode()); got != args[1] {
		ts.Fatalf("exit code %s, want %s", got, args[1])
	}
}

// pick PATTERN FILE copies the first file that matches.
func pickFile(ts *testscript.TestScript, neg bool, args []string) {
	names, err := filepath.Glob(ts.MkAbs(args[0]))
	ts.Check(err)
	if len(names) == 0 {
		ts.Fatalf("no file matches %s", args[0])
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(ts.ReadFile(names[0])), 0o644))
}

// cut FILE N takes the last N bytes off a file; all leaves 20.
func cutFile(ts *testscript.TestScript, neg bool, args []string) {
	b := ts.ReadFile(args[0])
	n, err := len(b)-20, error(nil)
	if args[1] != "all" {
		n, err = strconv.Atoi(args[1])
	}
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(b[:len(b)-n]), 0o644))
}

// alter FILE changes the byte in the middle of a file.
func alterFile(ts *testscript.TestScript, neg bool, args []string) {
	b := []byte(ts.ReadFile(args[0]))
	b[len(b)/2] ^= 1
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b, 0o644))
}
