// Package node runs systems of this module for real use: their hosts in one process,
// each with an actor system of its own and talking TCP to the others, and in front of
// them what the rest of the world understands.
//
// `node primes` serves the sum of the primes of a range over HTTP: POST /sumPrime with
// {"a": 1, "b": 10} answers {"requestId": ..., "status": "IN_PROGRESS", "payload": null}
// at once, and GET /sumPrime/{requestId} the same shape until the status is FINISHED and
// the payload is the sum, as a string. GET / is a page that does both. `node sum` is a
// client; programs use [PrimesClient].
package node
