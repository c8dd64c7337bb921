package group

import (
	"errors"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/wal"
)

// A keeper owns the disk of a member and is the only actor of it that blocks: a member
// goes on leading while its disk is slow. What is queued when a sync begins is covered
// by it. A keeper halts the host on the first error of the disk, because nobody knows
// then what the disk holds.
type keeper struct {
	env    actors.Env
	member *actor.PID
	self   *actor.PID
	log    *wal.Log
	alone  bool // there is no other member

	flushing bool
	upto     uint64 // number of the last record that was given
	promise  bool   // one of those since the last sync must be durable
}

// Messages between a member and its keeper.
type (
	// opened is what was on the disk: a state and the records after it.
	opened struct {
		State   []byte
		Records [][]byte
		Wiped   bool
	}
	// keep adds a record to the log. Numbers are dense.
	keep struct {
		N      uint64
		Record []byte // nil for nothing
		Sync   bool   // it must be durable when it is reported
	}
	// replace has a state take the place of all that was given before.
	replace struct {
		N     uint64
		State []byte
	}
	// kept reports all up to N.
	kept struct{ N uint64 }
	// syncNow follows what the keeper has been given until now.
	syncNow struct{}
)

func init() {
	actors.Message("group.opened", opened{})
	actors.Message("group.keep", keep{})
	actors.Message("group.replace", replace{})
	actors.Message("group.kept", kept{})
	actors.Message("group.sync", syncNow{})
}

// CopyMessage shares the records, which are never written to.
func (m opened) CopyMessage() any { return m }

// CopyMessage shares the record, which is never written to.
func (m keep) CopyMessage() any { return m }

// CopyMessage shares the state, which is never written to.
func (m replace) CopyMessage() any { return m }

// errOnlyCopy stops the only member of a group: to begin anew would forget everything
// that the group has decided, and the files may still be of use to an operator.
var errOnlyCopy = errors.New("group: the log is damaged and no other member has a copy")

func newKeeper(member *actor.PID, alone bool) actors.Producer {
	return func(env actors.Env) actor.Actor { return &keeper{env: env, member: member, alone: alone} }
}

// Receive implements actor.Actor.
func (k *keeper) Receive(ctx actor.Context) {
	var err error
	switch msg := ctx.Message().(type) {
	case *actor.Started:
		k.self = ctx.Self()
		err = k.open()
	case keep:
		err = k.keep(msg)
	case replace:
		k.upto, k.promise = msg.N, false
		if err = k.log.Snapshot(msg.State); err == nil {
			k.env.Send(k.member, kept{N: msg.N})
		}
	case syncNow:
		err = k.sync()
	}
	if err != nil {
		k.env.Halt(err)
	}
}

// open recovers what a host has of the group. Without a usable log it begins a new
// one, unless there is nobody to learn from, with a new identity that is durable before anybody hears of it.
func (k *keeper) open() error {
	log, rec, err := wal.Open(k.env.Disk, k.env.Note)
	if err != nil {
		return err
	}
	k.log = log
	if rec.Torn {
		// Nobody was promised what was not vouched for: see sync.
		k.env.Note(actors.Sometimes(SawTornTail))
		if err := log.Settle(); err != nil {
			return err
		}
	}
	if rec.Corrupt && k.alone {
		return errOnlyCopy
	}
	if rec.Corrupt {
		k.env.Note(actors.Sometimes(SawCorrupt))
		k.env.Log.Error("the log is damaged; this member begins anew")
		if err := log.Wipe(); err != nil {
			return err
		}
		rec = wal.Recovered{}
	}
	out := opened{State: rec.Snapshot, Records: rec.Records}
	if out.State == nil && len(out.Records) == 0 {
		self := Peer{ID: identityOf(k.env.Host, k.env.Boot), Host: k.env.Host, Boot: k.env.Boot}
		record, err := (&image{self: self}).encode()
		if err != nil {
			return err
		}
		if err := k.log.Append(record); err != nil {
			return err
		}
		if err := k.settle(); err != nil {
			return err
		}
		out.Records, out.Wiped = [][]byte{record}, true
	}
	k.env.Send(k.member, out)
	return nil
}

func (k *keeper) keep(m keep) error {
	if m.Record != nil {
		if err := k.log.Append(m.Record); err != nil {
			return err
		}
	}
	k.upto, k.promise = m.N, k.promise || m.Sync
	if !k.flushing {
		k.flushing = true
		k.env.Send(k.self, syncNow{})
	}
	return nil
}

// sync makes durable what was given, if any of it must be, and reports it.
func (k *keeper) sync() error {
	k.flushing = false
	if k.promise {
		k.promise = false
		if err := k.settle(); err != nil {
			return err
		}
	}
	k.env.Send(k.member, kept{N: k.upto})
	return nil
}

// settle makes the log durable, and has it say so: only then damage to it can be told
// from a torn write.
func (k *keeper) settle() error {
	if err := k.log.Sync(); err != nil {
		return err
	}
	return k.log.Vouch()
}
