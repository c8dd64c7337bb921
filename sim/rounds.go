package sim

// Rounds is a load of any length: rounds that have nothing in common, so that each can
// be judged on its own and then be forgotten. A live soak carries it out, see package
// live/harness; sim does not look at it. Its functions must be pure.
type Rounds struct {
	// Knobs are the parameters of the system under the load.
	Knobs Knobs
	// Ops returns what the clients do in round n, from 0, on keys that no other round
	// has. No two operations of a client have one number, also not in different rounds.
	// The last line of each client waits for all that it issued.
	Ops func(n int) []Op
	// Final returns the lines that read back what the clients did in round n, after
	// they have ended; nil reads nothing back. They are judged with the round.
	Final func(n int, ops []Op) []Op
	// Retire returns the lines that take the keys of a judged round away, so that the
	// system does not grow; nil leaves them. They are not judged.
	Retire func(n int, ops []Op) []Op
}
