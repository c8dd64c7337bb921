// Package sim runs proto.actor actors in a simulated world: one goroutine,
// virtual time, one seed; a network that delays, reorders, drops, doubles and
// partitions; hosts that crash and lose power; disks that forget what was not
// synced.
//
// A [Scenario] is a system and what must hold of it. A [Plan] decides a run, and
// [Run] is a pure function of the two: equal arguments give equal results, down
// to the hash over every step. [NewPlan] draws a plan from a seed, [ReadPlan]
// reads one, [Shrink] makes a failing one small.
//
// In go test the front door is [Test]:
//
//	func TestRegister(t *testing.T) { sim.Test(t, Scenario()) }
//
// It runs saved failures first, then fresh seeds; what it finds it runs twice,
// shrinks, saves under testdata/sim and tells as a story.
package sim
