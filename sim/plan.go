package sim

import (
	"time"

	"github.com/simrun/simrun/faults"
)

// A Plan decides a run: Run is a pure function of a Scenario and a Plan. It is
// text, one decision a line, strict to read and editable by hand.
type Plan struct {
	Scenario string
	Seed     uint64
	Policy   Policy
	Knobs    Knobs
	Net      faults.Net
	// Swarm names what the seed drew to be on, for the reader. It decides nothing.
	Swarm []string
	// WarmUp is the number of operations that have to be answered before faults of
	// single moments may begin: their times count from then on, or from when the
	// Span of the scenario's Profile is over.
	WarmUp int
	// Budget says which faults are carried out.
	Budget Budget
	// Heal says which hosts are up when everything heals.
	Heal   Heal
	Ops    []Op
	Faults faults.Schedule
	// Deviations name single messages whose fate differs from Net. Only shrunk
	// plans have them.
	Deviations []Deviation
}

// A Policy is how the world chooses what happens next.
type Policy string

const (
	// Timed delivers every message when its drawn delay is over.
	Timed Policy = "timed"
	// Random chooses among the messages in flight and the due timers; timers never
	// fire early, and the time of all hosts advances together.
	Random Policy = "random"
)

// A Budget says what becomes of a fault that would destroy what the system has
// promised to keep.
type Budget string

const (
	// AsTold carries out every fault. Losses are judged all the same by what the
	// Oracle knows of the copies.
	AsTold Budget = ""
	// Within asks the Oracle before each fault that destroys something, and does less
	// where the system does not survive it: a crash instead of a wipe, or nothing.
	Within Budget = "within"
)

// Heal says which hosts are up when everything heals.
type Heal string

const (
	// HealAll starts every host again that is not destroyed.
	HealAll Heal = ""
	// HealCore leaves hosts down that are down, as far as the Oracle says that the
	// system does without them.
	HealCore Heal = "core"
)

// A Deviation gives one message a fate of its own. Key is the message's causal
// key, which does not depend on what else is in the plan. A message that is both
// late and doubled has two. All messages that a plan with deviations does not
// name have the delay Net.DelayMin and are neither lost nor doubled.
type Deviation struct {
	Key  uint64
	Drop bool
	Late time.Duration // added to the delay of the link
	Copy bool          // delivered twice, the second time after Late
	Name string        // for people: "c0#7 put, attempt 1"
}
