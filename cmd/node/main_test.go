package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The production binary links nothing that only simulates or judges.
func TestNodeLinksNoSimulator(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	never := []string{
		"github.com/simrun/simrun/sim", "github.com/simrun/simrun/scenarios", "github.com/simrun/simrun/linearizability",
		"github.com/leanovate/gopter", "github.com/anishathalye/porcupine", "testing",
	}
	for pkg := range strings.FieldsSeq(string(out)) {
		if slices.ContainsFunc(never, func(n string) bool { return pkg == n || strings.HasPrefix(pkg, n+"/") }) {
			t.Errorf("links %s", pkg)
		}
	}
}
