// Package wal is a write-ahead log on an actors.Disk: records with a checksum, group
// commit, snapshots, and a recovery that tells a torn tail, which a power loss may
// leave, from damage to what had been synced.
//
// The rule that tells them apart is of "Protocol-Aware Recovery" (Alagappan et al.,
// FAST 2018): every record says how much of the file was known synced when it was
// written. A bad record below the highest such offset is damage; above it is a torn
// tail.
package wal
