// Package bench measures the live world: round trips through two bare sockets,
// through plain proto.actor over TCP and through actors on the links of package
// live, and operations of the replicated store, all over loopback TCP in one
// process. Each row stands beside the others of the same run; a shared machine
// changes its speed from minute to minute, so rows of different runs do not
// compare.
//
// Every job is a closed loop: so many operations are outstanding at a time, and
// one more is issued when one completes. Latency is the time from issue to
// completion, on the side that issues.
package bench
