package node

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

const usage = `node runs a service of simrun.

  node HOST --config FILE  run one host of a replicated store
  node client COMMAND      use such a store: node client --help
  node primes [flags]      serve sums of primes over HTTP
  node sum [flags] A B     ask such a service for the sum of the primes in [A, B)

node COMMAND -h lists the flags.
`

// errUsage is wrong use of the command line; what was wrong has been printed.
var errUsage = errors.New("usage")

// Main is the command. It returns the exit code: 0, 1 for a failure, 2 for wrong use.
// SIGINT and SIGTERM end a service gracefully, a second one at once.
func Main(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	err := run(ctx, args, stdout, stderr)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, flag.ErrHelp):
		return 0
	case errors.Is(err, errUsage):
		return 2
	}
	fmt.Fprintf(stderr, "node: %v\n", err)
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	return 1
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) == 0 {
		fmt.Fprint(stderr, usage)
		return errUsage
	}
	switch args[0] {
	case "primes":
		return runPrimes(ctx, args[1:], stdout, stderr)
	case "sum":
		return runSum(ctx, args[1:], stdout, stderr)
	case "client":
		return runStoreClient(ctx, args[1:], stdout, stderr)
	case "help", "-h", "-help", "--help":
		fmt.Fprint(stdout, usage)
		return nil
	}
	if len(args) > 1 {
		return runServer(ctx, args[0], args[1:], stdout, stderr)
	}
	fmt.Fprintf(stderr, "node: no command %q\n\n%s", args[0], usage)
	return errUsage
}

// runStoreClient is the command `node client`.
func runStoreClient(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	cmd := ClientCommand()
	// Cobra names a command by the one above it.
	root := &cobra.Command{Use: "node", SilenceErrors: true, SilenceUsage: true, CompletionOptions: cobra.CompletionOptions{DisableDefaultCmd: true}}
	root.AddCommand(cmd)
	root.SetArgs(append([]string{"client"}, args...))
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var coded interface{ ExitCode() int }
	if err != nil && !errors.As(err, &coded) {
		return wrongUse{err}
	}
	return err
}

// parse reads flags and leaves want arguments.
func parse(flags *flag.FlagSet, args []string, stderr io.Writer, want int) error {
	flags.SetOutput(stderr)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return err
		}
		return errUsage
	}
	if flags.NArg() != want {
		fmt.Fprintf(stderr, "node %s: %d arguments, want %d\n", flags.Name(), flags.NArg(), want)
		return errUsage
	}
	return nil
}
