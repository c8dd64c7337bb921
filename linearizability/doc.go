// Package linearizability judges what clients saw. A [History] is collected from
// the facts a [Recorder] wrote, in the simulated or the real world; a [Spec]
// gives the operations their sequential meaning; its [Model] says whether some order
// of the operations explains the history, and if none does, which few operations
// show it.
//
// An operation that nobody waited for, or whose outcome is unknown, stays open to
// the end of the history: it may have happened at any time after its call, or
// never. Once its effect has been observed it must not vanish.
//
// Keys are judged one by one. Plain registers, with writes of different values and
// reads, take O(n log n) whatever is open on them. Other keys are tried in the two
// obvious orders, then searched by Porcupine, then passed through by a frontier of
// the states that are possible. Every search is bounded by model steps, never by
// time, so a verdict and its report are the same on every machine; what was not
// decided is Undecided, which is not OK.
//
// Durability is judged by the same search: the reads of [FinalClient], once all
// faults have ended, must show every acknowledged write that was not overwritten,
// and everything that an earlier read has shown.
package linearizability
