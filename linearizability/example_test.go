package linearizability_test

import (
	"fmt"

	"github.com/simrun/simrun/linearizability"
)

// An op of a counter: add N, or read if N is 0.
type op struct {
	Counter string
	N       int
}

// A Spec is what one client alone would see. Here two increments were
// acknowledged, but the read that began afterwards saw only one of them.
func ExampleSpec() {
	counter := linearizability.Spec[int, op, int]{
		Key:      func(in op) string { return in.Counter },
		Apply:    func(n int, in op) (int, int) { return n + in.N, n + in.N },
		ReadOnly: func(in op) bool { return in.N == 0 },
		// An increment is told only that it happened, not the sum.
		Match: func(in op, want, got int) bool { return in.N != 0 || want == got },
	}.Model()

	id := func(client string, n int) linearizability.OpID { return linearizability.OpID{Client: client, N: n} }
	history := linearizability.History{Operations: []linearizability.Operation{
		{ID: id("c0", 1), Input: op{"visits", 1}, Output: 0, Call: 1, Return: 2},
		{ID: id("c1", 1), Input: op{"visits", 1}, Output: 0, Call: 3, Return: 4},
		{ID: id("final", 1), Input: op{"visits", 0}, Output: 1, Call: 5, Return: 6},
	}}
	report := counter.Check(history, 0)
	fmt.Println(report.Verdict, report.Check)
	fmt.Println(report.Why)
	// Output:
	// illegal durable
	// c1#1 on "visits" was acknowledged and is lost: final#1 answered 1
}
