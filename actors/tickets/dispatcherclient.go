package tickets

import (
	"time"

	"github.com/simrun/simrun/actors"
)

// A LogFate is what became of a message, as far as the one who said it knows.
type LogFate string

// The fates of a message.
const (
	LogWasTaken   LogFate = "taken"   // it will reach the collector
	LogWasRefused LogFate = "refused" // nobody owes it
	LogUnanswered LogFate = "unknown" // no answer: it may reach the collector or not
)

// A Logger sends log messages to dispatchers. A host has one, because it numbers
// the messages of the host.
type Logger struct {
	env      actors.Env
	patience time.Duration
	last     uint64
}

// logAttempts is how often a Logger sends a message that is not answered.
const logAttempts = 3

// NewLogger returns a Logger that waits for patience, at most, for the answer of a
// dispatcher.
func NewLogger(env actors.Env, patience time.Duration) *Logger {
	return &Logger{env: env, patience: patience}
}

// Log sends a message to the dispatcher at a path and waits until that has it, which
// does not depend on the collector, or for the patience of the Logger. The message goes out again
// on the way, under the same ID; so LogWasRefused is the answer only if the first
// attempt was refused.
func (l *Logger) Log(dispatcher, text string) (LogID, LogFate) {
	l.last++
	m := LogMessage{ID: LogID{Host: l.env.Host, Boot: l.env.Boot, N: l.last}, Text: text}
	l.env.Note(LogSaid{Message: m})
	for attempt := range logAttempts {
		reply, err := l.env.Request(l.env.PID(dispatcher), m, l.patience/logAttempts)
		if err != nil {
			continue
		}
		switch reply.(type) {
		case LogTaken:
			return m.ID, LogWasTaken
		case LogRefused:
			if attempt == 0 {
				return m.ID, LogWasRefused
			}
			return m.ID, LogUnanswered
		}
	}
	return m.ID, LogUnanswered
}
