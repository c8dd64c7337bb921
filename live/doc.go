// Package live is the real world: it runs a Topology on wall clock, files and
// TCP connections, in one process or in several.
//
// It is thin on purpose. Each host has an actor system of its own, whose address
// is the host's name; what leaves the host goes through a frame of internal/wire on one
// TCP connection per pair of hosts and direction, also between hosts of one
// process. Connections are plain TCP and therefore kept to loopback addresses.
//
// A message to another host may be lost: with a connection that breaks, in a
// queue that is full, or because nobody is there. It is never delivered twice,
// and on one connection never out of order; a new connection may overtake what
// the old one still carries.
package live
