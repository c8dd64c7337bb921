package main

import (
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"
)

// The packages below testdata/src hold what must be reported, marked by "want",
// next to what must not.
func TestEveryCheckReportsAndSparesItsExamples(t *testing.T) {
	analysistest.Run(t, analysistest.TestData(), analyzer,
		"threads", "clocks", "random", "imports", "pointers", "proto", "messages", "state", "maporder", "allow")
}

func TestOnlyPackagesThatImportActorsAreChecked(t *testing.T) {
	analysistest.Run(t, analysistest.TestData(), analyzer, "plain", module+"/live/node")
}

func TestFlagAddsPackages(t *testing.T) {
	if err := analyzer.Flags.Set("packages", "listed/..."); err != nil {
		t.Fatal(err)
	}
	defer analyzer.Flags.Set("packages", "")
	analysistest.Run(t, analysistest.TestData(), analyzer, "listed/...", "plain")
}
