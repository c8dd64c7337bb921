package register

import (
	"bytes"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/simrun/simrun/actors"
)

// Write asks the server to store a value. It answers Written.
type Write struct{ Key, Value string }

// Read asks for the value of a key. It answers Value.
type Read struct{ Key string }

// Written says that a Write is durable.
type Written struct{}

// Value is the value of a key, "" if it was never written.
type Value struct{ Value string }

func init() {
	actors.Message("register.write", Write{})
	actors.Message("register.read", Read{})
	actors.Message("register.written", Written{})
	actors.Message("register.value", Value{})
}

// server keeps registers in memory and every write in a file.
type server struct {
	env    actors.Env
	sync   bool // false is the planted bug
	values map[string]string
}

// Durable makes servers that keep their promise.
func Durable(env actors.Env) actor.Actor { return &server{env: env, sync: true} }

// Forgetful makes servers that answer before the write is on the disk.
func Forgetful(env actors.Env) actor.Actor { return &server{env: env} }

func (s *server) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		s.recover()
	case Write:
		s.write(m)
		s.values[m.Key] = m.Value
		ctx.Respond(Written{})
	case Read:
		ctx.Respond(Value{Value: s.values[m.Key]})
	}
}

// write appends one line to the log: key, tab, value.
func (s *server) write(m Write) {
	err := s.env.Disk.Append("log", []byte(m.Key+"\t"+m.Value+"\n"))
	if err == nil && s.sync {
		err = s.env.Disk.Sync("log")
	}
	if err != nil {
		s.env.Halt(err)
	}
}

// recover reads the log; a last line without its end was never acknowledged.
func (s *server) recover() {
	s.values = map[string]string{}
	if err := s.env.Disk.Append("log", nil); err != nil {
		s.env.Halt(err)
	}
	if err := s.env.Disk.SyncDir(); err != nil {
		s.env.Halt(err)
	}
	log, err := s.env.Disk.ReadFile("log")
	if err != nil {
		s.env.Halt(err)
	}
	good := 0
	for {
		line, _, ok := bytes.Cut(log[good:], []byte("\n"))
		if !ok {
			break
		}
		key, value, ok := bytes.Cut(line, []byte("\t"))
		if !ok {
			break
		}
		s.values[string(key)] = string(value)
		good += len(line) + 1
	}
	if err := s.env.Disk.Truncate("log", int64(good)); err != nil {
		s.env.Halt(err)
	}
	if err := s.env.Disk.Sync("log"); err != nil {
		s.env.Halt(err)
	}
}
