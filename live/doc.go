// Package live is the real world: it runs a Topology on wall clock, files and
// TCP connections, in one process or in several.
//
// It is thin on purpose. Each host has an actor system of its own, whose address
// is the host's name; what leaves the host goes through a frame of internal/wire on one
// TCP connection per pair of hosts and direction, also between hosts of one
// process. Connections are plain TCP on loopback addresses, or TLS 1.3 anywhere:
// then each end shows a certificate of the system's [Authority] that names its
// host and role.
//
// A message to another host may be lost: with a connection that breaks, in a
// queue that is full, or because nobody is there. It is never delivered twice,
// and on one connection never out of order; a new connection may overtake what
// the old one still carries.
//
// A peer may be hostile. What it sends is bounded before it is known (bytes, time,
// connections) and after (the size of a frame, the time to complete one, the bytes
// that wait for actors). It reaches actors and open Requests only, with messages
// that its role may send; system messages never cross hosts. Whatever it does wrong
// costs it the connection; what it sends too much of is dropped and counted. The
// sender's path in a message is where an answer goes and proves nothing: messages
// may be forwarded.
package live
