// Package actor stands in for proto.actor.
package actor

import "time"

type PID struct{ Address, Id string }

type Future struct{}

type ActorSystem struct{}

type senderPart interface {
	Send(pid *PID, msg any)
	RequestFuture(pid *PID, msg any, timeout time.Duration) *Future
}

type Context interface {
	senderPart
	SetReceiveTimeout(d time.Duration)
	CancelReceiveTimeout()
	StopFuture(pid *PID) *Future
	PoisonFuture(pid *PID) *Future
	ReenterAfter(f *Future, cont func(res any, err error))
	Stop(pid *PID)
	Message() any
}

func NewActorSystem() *ActorSystem { return nil }

func NewFuture(s *ActorSystem, d time.Duration) *Future { return nil }
