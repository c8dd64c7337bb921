package sim

// eventKind says what an event does when its time has come.
type eventKind uint8

const (
	evDeliver eventKind = iota // a message between hosts arrives
	evTimer                    // Clock.After is due
	evWake                     // a parked task goes on
	evTimeout                  // a Request has waited long enough
	evIdle                     // the service time of a step is over
	evReceive                  // a message that has arrived reaches its process
	evAction                   // something the run itself planned: faults, restarts, phases
)

// An event is something that will happen. Which fields are set depends on kind.
type event struct {
	kind eventKind
	key  uint64 // of the message, timer or wake-up: its cause, see world.nextKey
	to   *endpoint
	from *endpoint // sender of a message; nil: none
	msg  any       // message, or *parcel
	task *task     // evWake, evTimeout
	gen  uint64    // evWake, evTimeout: which wait of the task; evDeliver: the resets of the link so far
	tm   *timer
	act  func()
	op   *Op   // the operation of the plan behind it, as far as is known
	src  *host // evDeliver: whose link it is on
}

// An endpoint is a place that messages can be addressed to, alive or not. It
// outlives the incarnations of its host.
type endpoint struct {
	host *host
	path string // without the host
	id   uint64 // hash of host/path
	mb   *mailbox
	// req is the number of an Env.Request; such an endpoint takes one reply.
	req  uint64
	boot uint64
}

// name is the full path, "daemon1/store".
func (e *endpoint) name() string { return e.host.def.Name + "/" + e.path }

// A timer is one Clock.After. Its message is dropped at delivery if it was
// cancelled after it had been queued.
type timer struct {
	mb        *mailbox
	op        *Op
	msg       any
	cancelled bool
}
