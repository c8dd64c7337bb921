// Package simcli is the command simrun over any set of scenarios. A program of
// your own is one line:
//
//	func main() { os.Exit(simcli.Main(scenarios)) }
//
// It lists scenarios, runs campaigns of many seeds on all cores, and replays,
// shrinks and shows what failed.
//
// # Processes
//
// A campaign runs nothing of a scenario itself. It starts the program again, with
// its own arguments, as one worker process for each of its jobs, and one more to
// confirm violations. So a run that panics in a goroutine, exits, overflows the
// stack, needs too much memory or does not end is a failure of the harness that
// costs one process, and is reported with its seed and with what the process had
// to say; the campaign goes on with the other seeds. All that a program does before
// it calls Main is done in each worker too.
//
// A violation is reported after three runs of its plan that agree, down to the
// trace hash: two in one process and one in another. One passed run in a hundred is
// run twice as well.
//
// A live run or a soak has its hosts in this process or, with --processes, starts the
// program again for each of them, as it does for workers.
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
//	running/0.json           the seed that worker 0 runs now, and the head of its plan
//	SCENARIO-SEED.plan       a failure, shrunk; also .trace
//	SCENARIO-SEED.full.plan  the same as it was found
//	SCENARIO-SEED.crash.txt  a run that took its process with it
//	killed.txt               the seeds of campaigns that were killed
//	live/SCENARIO-SEED/      a live run that failed: run.plan, recording/ and disks/; of a soak round.trace and disks/
//
// A seed is in running/ before it starts and the folder is locked, so that a
// campaign that was killed leaves its seeds behind: the next one in the folder names
// them.
//
// A live run has a folder of its own in .simrun/live, unless --dir names another, which
// goes if the run passed:
//
//	run.plan    what was to be done
//	disks/      of the hosts, a folder each
//	certs/      with --tls: those of the hosts, and their authority
//	recording/  what each boot of each host did, and what was judged, for simrun replay
package simcli
