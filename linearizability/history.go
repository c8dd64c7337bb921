package linearizability

import "math"

// An Operation is one operation of a History. Call and Return are places in the
// strictly increasing order of events; two operations overlap if neither returned
// before the other was called.
type Operation struct {
	ID        OpID
	Input     any
	Output    any // nil unless Certainty is Done
	Certainty Certainty
	Call      int64
	Return    int64 // Open if the application never learned a certain outcome
}

// Open is the Return of an operation that may still take effect at the end of the
// history.
const Open = math.MaxInt64

// A History is what clients saw, in the order of the calls.
type History struct {
	Operations []Operation
}
