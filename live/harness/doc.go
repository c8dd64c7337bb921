// Package harness runs the scenarios of the simulator in the real world: the same
// actors, the same clients, the same checks, on TCP, files and the wall clock.
//
// All hosts of the scenario run in this process, each with listeners and folders
// of its own, so all facts have one order. Nothing is broken on purpose. Of a
// plan only the operations and the knobs matter, and which hosts they are for;
// network, policy, faults and deviations are ignored, and the seed does no more
// than name the run. A run cannot be replayed: the machine chooses the order.
package harness
