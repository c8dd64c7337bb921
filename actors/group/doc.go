// Package group keeps one state on several hosts: a replicated state machine on
// etcd's raft, as an actor.
//
// The owner brings a [Machine] and puts the actor that [New] makes on every host of
// the [Config], under one name. The machine of the member that leads proposes
// commands; all machines apply the same commands in the same order. With 2g+1
// members the group goes on while g of them are down, and keeps what it committed
// while the disks of at most g are lost, one after the other has been replaced.
//
// # What is durable when
//
// A member has one write-ahead log (package wal) with its identity, its hard state,
// its entries and snapshots. An actor beside it owns the disk, so a member goes on
// leading, and answers reads, while the disk is slow. Nothing that promises something
// leaves the member before the promise is on the disk and marked there as synced.
// That mark costs a second sync a batch. It makes damage of what was promised
// tell apart from a torn write: the tail that a power loss tears was promised to
// nobody and is cut off, and everything else that is bad is corruption.
//
// Commands that come while two batches are not yet applied wait and are one batch: a
// message to every member and a record of its log.
//
// # Members that lost their disk
//
// The identity of a member in raft is a hash of its host and of the boot in which its
// log was created. A member that finds an empty disk, or one that is corrupt, which
// it wipes, has thus a new identity: it has promised nothing, so it cannot break a
// promise. It tells everybody that it belongs to no group. The leader then removes
// the old member of that host and, when that is applied, adds the new one; there is
// never more than one change under way.
//
// A group is founded by the first host of Config.Members, once every other host has
// said, in answer to this very incarnation of the founder, that it belongs to no group
// either. So a founder that lost its disk cannot begin a second group.
//
// A disk that is damaged in place after a sync (bit rot, or what a read gets wrong) is
// detected. Two things are not: a disk that lies about its syncs, and a write that
// goes to the wrong place and hits the last records of the log, followed by a crash
// before the next sync.
//
// # Time
//
// The election timeout of raft is drawn from a random source that cannot be seeded, so
// only leaders tick the library. Followers count on their own and tell the library
// to forget its leader, and to campaign, when their own seeded deadlines are over.
package group
