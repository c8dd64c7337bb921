// Package linearizability judges what clients saw. A [History] is collected from
// the facts a [Recorder] wrote, in the simulated or the real world; a [Spec]
// gives the operations their sequential meaning; Porcupine, fast refuters and a
// durability ledger decide.
//
// An operation that nobody waited for, or whose outcome is unknown, stays open to
// the end of the history: it may have happened at any time after its call, or
// never. Once its effect has been observed it must not vanish.
package linearizability
