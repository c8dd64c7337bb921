// Package proxy breaks TCP. A [Link] stands between one host and another: it
// listens on a loopback port of its own and forwards what is dialled there to the
// other host, at an address that may change. What it does to the bytes on the way
// is a [Faults], each direction for itself, and may be changed while connections
// are open; the zero Faults is an undisturbed network.
//
//	l, err := proxy.Listen("127.0.0.1:7001", seed) // the host that is dialled
//	l.Addr()                                       // where the other host dials it
//	l.Set(proxy.Faults{Forth: proxy.Direction{Delay: 20 * time.Millisecond, Rate: 64 << 10}})
//	l.Set(proxy.Faults{Back: proxy.Direction{Hole: true}})
//	l.Reset()                    // the next bytes of each connection break off in the middle
//	l.HalfOpen(proxy.Dialler)    // the host that is dialled forgets; the other does not know
//	l.Forward("127.0.0.1:7002")  // it was started again, elsewhere
//	l.Heal()
//
// All of that works on any stream, encrypted or not: a Link does not know what the bytes
// mean. Single messages are lost, doubled and disordered where they leave their host, see
// live.Options.Fate.
//
// What a Link must not do: change a byte, invent one, or reorder the bytes of a
// stream. TCP does none of these, so nobody is asked to survive them.
//
// Draws are keyed by the seed, the number of the connection, the direction and
// the number of the piece that was read, so one more piece elsewhere changes nothing
// here. What a piece is and when it comes is the machine's: a Link's run does not replay.
package proxy
