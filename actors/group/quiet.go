package group

import (
	"fmt"
	"log/slog"
)

// raftLogger keeps the library quiet: only what it calls an error is logged.
type raftLogger struct{ log *slog.Logger }

func (l raftLogger) Debug(...any)            {}
func (l raftLogger) Debugf(string, ...any)   {}
func (l raftLogger) Info(...any)             {}
func (l raftLogger) Infof(string, ...any)    {}
func (l raftLogger) Warning(...any)          {}
func (l raftLogger) Warningf(string, ...any) {}

func (l raftLogger) Error(v ...any) { l.log.Error("raft: " + fmt.Sprint(v...)) }
func (l raftLogger) Errorf(format string, v ...any) {
	l.log.Error("raft: " + fmt.Sprintf(format, v...))
}
func (l raftLogger) Fatal(v ...any)                 { panic("raft: " + fmt.Sprint(v...)) }
func (l raftLogger) Fatalf(format string, v ...any) { panic("raft: " + fmt.Sprintf(format, v...)) }
func (l raftLogger) Panic(v ...any)                 { panic("raft: " + fmt.Sprint(v...)) }
func (l raftLogger) Panicf(format string, v ...any) { panic("raft: " + fmt.Sprintf(format, v...)) }
