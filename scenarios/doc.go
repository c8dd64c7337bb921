// Package scenarios is the catalogue: each scenario is a system, what its clients
// do, what may go wrong, and what must hold. The same values are run by sim, by
// the command, and live.
package scenarios
