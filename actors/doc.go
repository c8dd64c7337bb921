// Package actors is what an actor may know of the world it runs in.
//
// An actor is an unmodified proto.actor actor.Actor. Whatever else it uses
// (time, randomness, a disk, other hosts) comes in one struct, [Env], that the
// world hands to its [Producer]. Code that keeps to its Env and its mailbox runs
// unchanged in the simulated world (package sim) and in the real one (package
// live), and every simulated run of it can be replayed.
//
// Messages are registered once, by wire name, with [Message]. A system is a
// [Topology]: hosts, the actors on each, and the sequential programs that use
// them.
package actors
