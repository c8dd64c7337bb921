// Package harness runs the scenarios of the simulator in the real world: the same
// actors, the same clients, the same checks, on TCP, files and the wall clock.
//
// Every host has listeners and folders of its own, in this process or, with
// Options.Process, in a process of its own. What a host sends to another goes through a
// proxy for that pair of hosts, with Options.Certs as TLS. What the actors and programs note comes to this
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
//   - A pause is SIGSTOP and SIGCONT, for processes only. A slow host has both by turns of
//     some milliseconds: of Factor parts of the time it runs in one.
//   - What cuts links loses messages, or holds bytes back until it ends: which of the two is
//     drawn. A clog holds bytes back, or lets few of them through. A reset is a RST in
//     the middle of what is written, or a connection of which one end knows nothing any more.
//   - Delay is that of bytes, in the proxies; loss, doubling, disorder and lateness are those
//     of single messages, where they leave their host (live.Options.Fate), so TLS changes
//     nothing. Draws are keyed by the seed, the two hosts and the number of the message.
//   - A fault of one message, a drop or a replay, is carried out by each host that sends, each
//     counting for itself; the first one to meet it calls the others off.
//   - A fault at a point hits a host as soon as it can after it has noted the point: a
//     process cannot be held there.
//
// Before a fault that destroys what was promised the Oracle of the scenario is asked, as
// in sim; it follows the facts as they arrive.
package harness
