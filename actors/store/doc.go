// Package store is a replicated store in the manner of HyperDex: objects with
// typed attributes in spaces, each space cut into regions by the hash of the key,
// each region kept by a chain of daemons.
//
// A coordinator decides which daemons form which chain and gives out leases. A
// daemon is two actors: "store", which never blocks, and "log", which owns the
// disk. Writes enter at the head of a chain and are committed when the tail has
// them on disk; reads are answered by the tail, under its lease.
//
// A program uses the store through a [Client]: it issues operations without
// waiting, and learns their outcome from [Deferred.Wait] or [Client.Loop]. Success
// handed out is a promise. An operation that nobody waited for may happen, or not,
// or later, but at most once; and once anybody has seen its effect it stays.
//
// [Topology] has the whole system, for sim and for live.
package store
