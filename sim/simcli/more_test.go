package simcli

import (
	"errors"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

type coded int

func (coded) Error() string   { return "it did not work" }
func (c coded) ExitCode() int { return int(c) }

// A further command decides its exit code; what it has not decided is wrong use.
func TestFurtherCommandsDecideTheirExitCode(t *testing.T) {
	for want, err := range map[int]error{0: nil, 1: coded(1), 2: errors.New("it did not work")} {
		more := &cobra.Command{Use: "more", RunE: func(*cobra.Command, []string) error { return err }}
		var out, wrong strings.Builder
		got := execute(t.Context(), []string{"more"}, &out, &wrong, nil, more)
		if got != want || err != nil && wrong.String() != "simrun: it did not work\n" {
			t.Errorf("%v: exit code %d, %q, want %d", err, got, wrong.String(), want)
		}
	}
}
