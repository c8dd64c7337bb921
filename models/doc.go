// Package models gives operations their sequential meaning: what a client would
// see if it were alone and nothing failed. The checkers compare that with what was
// seen. It also gives operations, values and spaces the text they have in plans.
//
// The interpreter of objects, [Apply], is written for clarity and is never used by
// a daemon: the same operation is given meaning twice, by different people, and the
// two are tested against each other.
//
// Values, operations, spaces and objects are not changed once made; functions of
// this package share their parts freely.
package models
