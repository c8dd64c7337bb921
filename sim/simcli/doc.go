// Package simcli is the command simrun over any set of scenarios. A program of
// your own is one line:
//
//	func main() { os.Exit(simcli.Main(scenarios)) }
//
// It lists scenarios, runs campaigns of many seeds on all cores, and replays,
// shrinks and shows what failed.
//
// # Exit codes
//
// 0: nothing wrong. 1: a promise was broken. 2: bad usage or input, and nothing
// was run. 3: no verdict. 4: the harness is at fault: a run that differs from
// itself, a panic of the simulator, a run that does not end, results that cannot
// be written.
//
// # Files
//
// A campaign writes to one folder, .simrun unless --out names another:
//
//	running/0.json           the seed that worker 0 runs now
//	SCENARIO-SEED.plan       a failure, shrunk; also .trace
//	SCENARIO-SEED.full.plan  the same as it was found
//	killed.txt               the seeds of campaigns that were killed
//
// A seed is in running/ before it starts and the folder is locked, so that a
// process that was killed leaves its seeds behind: the next campaign in the folder
// names them.
package simcli
