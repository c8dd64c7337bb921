// Package zoo finds planted bugs: one small wrong change of the store a patch, and
// what must find it. A patch is used through go build -overlay, so the code that
// ships has no switch for it. The command `simrun zoo` builds the store with one
// patch at a time and looks for the bug in two ways:
//
//   - blind: fresh seeds of a stock scenario, in independent blocks. A block ends at
//     its first kill, or when the budget of the mutant is used up.
//   - by witness: a plan that shows the bug in one run.
//
// A kill is a VIOLATION by one of the checks that the mutant names, twice with the
// same trace, where the build without the patch passes. Whatever else fails, such as
// an actor that panics, is counted apart and is no kill.
//
// # A patch
//
// M14.patch is a unified diff below a head of comments: a title, a paragraph that
// explains, and as the last paragraph the keys, one a line:
//
//	# M14 daemon.chain: the head answers before the tail has the record
//	#
//	# The head takes its own copy for the chain's. What it answered is lost with it.
//	#
//	# scenario:   store/chaos
//	# checker:    DUR LIN
//	# checks:     durable stale vanished linearizable
//	# difficulty: easy
//	# source:     own; the invariant of chain replication, OSDI'04
//
// The checker has the guarantees that the bug breaks, in the words of the catalogue;
// the checks are those of the code, see guarantees. Only they are on in a hunt,
// and the Model of the scenario. The difficulty is a budget of seeds for each block:
// easy 200, medium 2,000, hard 20,000; a needle is found by its witness only.
//
// # A witness
//
// M14.plan is the plan of a run that the mutated build fails for the right reason and
// the other one passes. One for a bug that is found blind comes from
//
//	simrun zoo --mutant M14 --blocks 1 --save-witness
//
// which writes the shrunk plan of the first kill, unless there is a plan already.
//
// # Results
//
// Every block is appended to results.jsonl when it ends, under a hash of the patch
// and of the sources that decide a run. The command goes on where it stopped: what is
// there for the same hash is not done again. The full table, of all mutants, is
// written to docs/ZOO.md.
package zoo
