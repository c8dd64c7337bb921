// Package harness runs the scenarios of the simulator in the real world: the same
// actors, the same clients, the same checks, on TCP, files and the wall clock.
//
// Every host has listeners and folders of its own, in this process or, with
// Options.Process, in a process of its own. What a host sends to another goes through a
// proxy for that pair of hosts. What the actors and programs note comes to this
// process, stamped by the monotonic clock of the machine, and is judged in that order.
//
// Of a plan the operations, the knobs and, with Options.Faults, the network and the
// faults matter, as far as they are possible here, see [Plan]; policy and deviations are
// ignored, and so are drift, disks and corruption. A run cannot be carried out again: the
// machine chooses the order. But with Options.Record it is recorded, and [ReadRecording]
// tells it and judges it again.
//
// # Faults
//
//   - A crash ends a host: its process by SIGKILL, its World otherwise. A wipe removes
//     its folder too. A stop is SIGTERM.
//   - A pause is SIGSTOP and SIGCONT, for processes only.
//   - What cuts links loses frames, or holds bytes back until it ends: which of the two is
//     drawn. A clog holds bytes back, or lets few of them through. A reset is a RST in
//     the middle of a frame, or a connection of which one end knows nothing any more.
//   - Loss, doubling, delay and disorder of the network are those of frames.
//   - A fault at a point hits a host as soon as it can after it has noted the point: a
//     process cannot be held there.
//
// Before a fault that destroys what was promised the Oracle of the scenario is asked, as
// in sim; it follows the facts as they arrive.
package harness
