package threads

import "github.com/simrun/simrun/actors"

type queue struct{ items chan int }

func run(env actors.Env, q queue, stop chan bool) {
	go run(env, q, stop)        // want `go statement: an actor has one thread; use env.Spawn`
	q.items = make(chan int, 1) // want `make of a channel`
	q.items <- 1                // want `send on a channel`
	<-q.items                   // want `receive from a channel`
	for range q.items {         // want `range over a channel`
	}
	select { // want `select: an actor has one thread`
	default:
	}
	close(stop) // want `close of a channel`
	_ = make([]int, 1)
	for range 3 {
	}
	defer func() {}()
}
