package zoo

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/simrun/simrun/sim/simcli"
)

func TestMain(m *testing.M) {
	if os.Getenv(frailEnv) != "" {
		os.Exit(simcli.Main(nil, frailCommand()))
	}
	testscript.Main(m, map[string]func(){
		"simrun": func() { os.Exit(simcli.Main(nil, Command())) },
	})
}

// TestBadInput runs the scripts of testdata: what is wrong costs one clear line, and
// nothing is built.
func TestBadInput(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:  "testdata",
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){"code": code},
	})
}

// code N ARGS... runs simrun and wants an exit code and one line on standard error,
// which is left in the file err.
func code(ts *testscript.TestScript, _ bool, args []string) {
	cmd := exec.Command("simrun", args[1:]...)
	cmd.Dir = ts.MkAbs(".")
	var out, err strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &err
	runErr := cmd.Run()
	ts.Check(os.WriteFile(ts.MkAbs("err"), []byte(err.String()), 0o644))
	ts.Logf("%s%s", out.String(), err.String())
	if _, ok := runErr.(*exec.ExitError); runErr != nil && !ok {
		ts.Fatalf("run simrun: %v", runErr)
	}
	if got := strconv.Itoa(cmd.ProcessState.ExitCode()); got != args[0] {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
	if strings.Count(err.String(), "\n") != 1 || out.String() != "" {
		ts.Fatalf("want one line on standard error and nothing else")
	}
}
