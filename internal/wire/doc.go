// Package wire is how messages travel: a deterministic encoding for every
// registered message, and the frames that carry it over a byte stream.
//
// sim copies messages with it between hosts, which finds shared memory and
// unregistered types; live sends with it. Equal messages have equal bytes, so
// the bytes can be hashed and compared.
package wire
