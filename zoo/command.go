package zoo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/spf13/cobra"

	"github.com/simrun/simrun/sim"
)

// options are the flags of simrun zoo.
type options struct {
	mutants []string
	quick   bool
	blocks  int
	witness bool
	save    bool
	jobs    int
	quiet   bool
}

// Command is `simrun zoo`. It runs in the root of the module, where it finds patches
// and witnesses, keeps results and writes docs/ZOO.md.
//
// It fails as a VIOLATION if a mutant is not found that has to be, as INCONCLUSIVE if
// it was interrupted before it knew, and as HARNESS if results cannot be written or a
// build ends before its work does.
func Command() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "zoo",
		Short: "find planted bugs, blind and by witness, and write the table of kills",
		Long: "Build the store with one planted bug at a time and look for it with fresh seeds and by its witness.\n" +
			"Results are kept in zoo/results.jsonl; a second call goes on where the first one stopped.\n" +
			"Without --mutant and --witness the table goes to docs/ZOO.md too.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := o.validate(); err != nil {
				return err
			}
			return o.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.mutants, "mutant", nil, "only these, such as M01,M14")
	f.BoolVar(&o.quick, "quick", false, "only look whether what was killed still is: the last killing seeds, else one block; 10 minutes at most")
	f.IntVar(&o.blocks, "blocks", 0, "blocks of seeds for each mutant; default: 20, and 5 for hard ones")
	f.BoolVar(&o.witness, "witness", false, "only run the witnesses")
	f.BoolVar(&o.save, "save-witness", false, "write the shrunk plan of the first kill as zoo/M14.plan, if there is none")
	f.IntVar(&o.jobs, "jobs", runtime.GOMAXPROCS(0), "runs at a time")
	f.BoolVar(&o.quiet, "quiet", false, "print no line for each block")
	for _, hidden := range []*cobra.Command{huntCommand(), replayCommand(), shrinkCommand()} {
		hidden.Hidden = true
		cmd.AddCommand(hidden)
	}
	return cmd
}

// validate refuses flags that make no sense alone or together.
func (o options) validate() error {
	switch {
	case o.blocks < 0:
		return fmt.Errorf("--blocks %d: a number of blocks is positive", o.blocks)
	case o.jobs < 1:
		return fmt.Errorf("--jobs %d: at least one run at a time", o.jobs)
	case o.quick && (o.blocks > 0 || o.witness || o.save):
		return errors.New("--quick goes with --mutant, --jobs and --quiet only")
	case o.witness && (o.blocks > 0 || o.save):
		return errors.New("--witness hunts nothing: it goes without --blocks and --save-witness")
	}
	return nil
}

// A verdict is the error of a command that has said all there is to say and ends with
// the exit code of a verdict.
type verdict sim.Verdict

func (v verdict) Error() string { return sim.Verdict(v).String() }

// Verdict is what the exit code comes from.
func (v verdict) Verdict() sim.Verdict { return sim.Verdict(v) }

// module is what go.mod has to say in the folder that the command runs in.
const module = "module github.com/simrun/simrun\n"

// run is the command, in the current folder.
func (o options) run(ctx context.Context, stdout, stderr io.Writer) error {
	if text, err := os.ReadFile("go.mod"); err != nil || !bytes.HasPrefix(text, []byte(module)) {
		return errors.New("zoo: run this in the root of the module github.com/simrun/simrun, where zoo/ is")
	}
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	list, err := readMutants(root, o.mutants)
	if err != nil {
		return err
	}
	sources, err := hashSources(root)
	if err != nil {
		return err
	}
	res, err := openResults(filepath.Join(root, "zoo", "results.jsonl"))
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "simrun-zoo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	k := &keeper{root: root, dir: dir, sources: sources, results: res, jobs: o.jobs, tell: newProgress(stderr, o.quiet)}
	if o.quick {
		return o.lookQuickly(ctx, k, list, stdout, stderr)
	}
	return o.look(ctx, k, list, stdout, stderr)
}

// look does the blocks, the shrinking and the witnesses that are not done yet, and
// prints the table.
func (o options) look(ctx context.Context, k *keeper, list []*mutant, stdout, stderr io.Writer) error {
	s := &survey{keeper: k, blocks: o.blocks, blind: !o.witness, save: o.save}
	err := s.run(ctx, list)
	k.tell.stop()
	if err != nil {
		return o.end(ctx, err, stderr)
	}
	rows := rowsOf(list, k.results, k.sources)
	fmt.Fprint(stdout, table(rows))
	if !o.witness && len(o.mutants) == 0 {
		if err := o.publish(k, rows); err != nil {
			return o.end(ctx, brokenError{err}, stderr)
		}
	}
	short := shortfalls(rows, !o.witness)
	for _, line := range short {
		fmt.Fprintln(stdout, line)
	}
	if len(short) > 0 {
		return verdict(sim.Violation)
	}
	return nil
}

// publish writes docs/ZOO.md and drops what the table is not made of.
func (o options) publish(k *keeper, rows []row) error {
	current := map[string]bool{}
	for _, r := range rows {
		current[r.key(k.sources)] = true
		current[r.witnessKey(k.sources)] = true
	}
	if err := k.results.compact(func(r record) bool { return current[r.Key] }); err != nil {
		return err
	}
	var text bytes.Buffer
	if err := writePage(&text, rows); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(k.root, "docs", "ZOO.md"), text.Bytes(), 0o644)
}

// lookQuickly prints what was killed once and is not any more.
func (o options) lookQuickly(ctx context.Context, k *keeper, list []*mutant, stdout, stderr io.Writer) error {
	q := &quick{keeper: k}
	err := q.run(ctx, list)
	k.tell.stop()
	for _, line := range q.lost {
		fmt.Fprintln(stdout, line)
	}
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return o.end(ctx, err, stderr)
	}
	var rest []string
	for _, m := range list {
		if !q.reached[m.name] {
			rest = append(rest, m.name)
		}
	}
	fmt.Fprintf(stdout, "%d of %d mutants looked at, %d not found any more\n", len(list)-len(rest), len(list), len(q.lost))
	switch {
	case len(q.lost) > 0:
		return verdict(sim.Violation)
	case len(rest) > 0:
		fmt.Fprintf(stdout, "not reached in %v: %s\n", quickTime, strings.Join(rest, ", "))
		return verdict(sim.Inconclusive)
	}
	return nil
}

// A brokenError is a failure of the machinery, after the first run began.
type brokenError struct{ error }

func (b brokenError) Unwrap() error { return b.error }

// end turns what stopped the command into its exit code.
func (o options) end(ctx context.Context, err error, stderr io.Writer) error {
	var broken brokenError
	switch {
	case ctx.Err() != nil:
		fmt.Fprintln(stderr, "simrun: interrupted; the same command goes on with the next block")
		return verdict(sim.Inconclusive)
	case errors.As(err, &broken):
		fmt.Fprintln(stderr, "simrun: zoo:", err)
		return verdict(sim.Harness)
	}
	return err
}
