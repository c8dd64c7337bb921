// Package primes is an asynchronous service that adds up the primes of a range: a
// client submits a range and gets the id of its request at once, and polls with that
// id until the response is there.
//
// A load balancer spreads what clients send evenly over identical servers. A server
// stores an entry for the request, answers IN_PROGRESS, and computes in slices. The
// response store keeps each entry for a time to live that counts from its terminal
// state; an entry that is not terminal has a lease, which whoever holds the job
// renews, and becomes FAILED when nobody does. So a poll can go to any server, and a
// server that dies leaves nothing behind for ever.
//
// A program uses the service through a [Client], which polls with backoff and jitter
// and submits again when the last proof that somebody works on the request is too old:
// SumPrime blocks and returns the sum, whether the servers are asynchronous or not.
//
// No two hosts need to agree on the time: every deadline is measured by one host on
// its own monotonic clock, which may run up to 4 % fast or slow.
//
// [Topology] has the whole system, for sim and for live, in the variants of Options:
// where the responses are kept, how jobs are queued, and who answers polls.
package primes
