package tickets

import "github.com/simrun/simrun/actors"

// What the parts of a site note, and what a dispatcher answers in a history.
func init() {
	actors.Facts("tickets",
		Changed{}, Proposed{},
		JobEnqueued{}, JobStored{}, JobLeased{}, JobSettled{}, JobDone{}, SettleRefused{}, LeaseExpired{}, QueueBegan{},
		WorkerBegan{}, WorkBegan{}, WorkEnded{}, OutcomeSent{}, OutcomeAnswered{},
		CallbackBegan{}, CallbackEnded{}, IndexBegan{}, Indexed{},
		Submitted{}, PollSent{}, PollAnswered{}, PageAnswered{},
		PhotoHeld{}, PhotoComplete{}, PhotoDue{}, PhotoDone{}, PhotoCovered{}, PhotosUp{},
		LogSaid{}, LogOwed{}, LogOverflow{}, LogFate(""),
		Polled{}, Heard{}, AlarmRaised{}, AlarmCleared{},
		ConnectionHeld{}, ConnectionFreed{}, TierLoad{}, TierSecond{}, PoolLoad{}, JobRuns{}, JobEnded{})
}
