package scenarios

import (
	"encoding/json"
	"fmt"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/simrun/simrun/actors"
	"github.com/simrun/simrun/actors/group"
	"github.com/simrun/simrun/models"
)

// groupName is the actor of each member.
const groupName = "config"

// A configRequest is an operation of a client, sent until it is answered. An operation
// has one ID however often it is sent.
type configRequest struct {
	Client  string
	Boot    uint64
	N       uint64
	Name    string
	Publish bool // else it is a fetch
	Value   string
	After   int
}

// A configReply answers a configRequest.
type configReply struct {
	N      uint64
	Done   bool   // else nothing is known, and Leader may know more
	Leader string // "" if the member knows none
	Answer models.Edition
}

func init() {
	actors.Message("scenarios.config-request", configRequest{})
	actors.Message("scenarios.config-reply", configReply{})
}

// editions is the machine of the group scenarios: configurations with numbered
// editions. It carries out what a client sends once, whatever the network does, and
// remembers the last answer of each client.
type editions struct {
	env     actors.Env
	m       *group.Member
	state   editionState
	waiting map[waitingID]*actor.PID
}

// editionState is all that is replicated. Its fields are exported for its encoding.
type editionState struct {
	Configs map[string]models.Edition
	Clients map[string]lastAnswer
}

// A lastAnswer is the last publication of a client that was carried out.
type lastAnswer struct {
	Boot, N uint64
	Answer  models.Edition
}

// A waitingID is a publication that was proposed here and not applied.
type waitingID struct {
	client  string
	boot, n uint64
}

func newEditions(env actors.Env, m *group.Member) group.Machine {
	return &editions{
		env: env, m: m, waiting: map[waitingID]*actor.PID{},
		state: editionState{Configs: map[string]models.Edition{}, Clients: map[string]lastAnswer{}},
	}
}

// Receive implements group.Machine.
func (s *editions) Receive(ctx actor.Context) {
	req, ok := ctx.Message().(configRequest)
	if !ok {
		return
	}
	if !req.Publish {
		s.fetch(req, ctx.Sender())
		return
	}
	if last := s.state.Clients[req.Client]; last.Boot == req.Boot && last.N == req.N {
		s.env.Note(actors.Sometimes(sawGroupDedupe))
		ctx.Respond(configReply{N: req.N, Done: true, Answer: last.Answer})
		return
	}
	command, err := json.Marshal(req)
	if err != nil {
		s.env.Halt(fmt.Errorf("config request: %w", err))
	}
	if !s.m.Propose(command) {
		ctx.Respond(configReply{N: req.N, Leader: s.m.Leader()})
		return
	}
	s.waiting[waitingID{req.Client, req.Boot, req.N}] = ctx.Sender()
}

// fetch answers with what is here once that is up to date.
func (s *editions) fetch(req configRequest, to *actor.PID) {
	leads := s.m.Leads()
	s.m.Read(func(ok bool) {
		r := configReply{N: req.N, Leader: s.m.Leader()}
		if ok {
			r.Done, r.Answer = true, s.state.Configs[req.Name]
			if !leads {
				s.env.Note(actors.Sometimes(sawFollowerRead))
			}
		}
		s.env.Send(to, r)
	})
}

// Apply implements group.Machine.
func (s *editions) Apply(index uint64, command []byte) {
	var req configRequest
	if err := json.Unmarshal(command, &req); err != nil {
		s.env.Halt(fmt.Errorf("entry %d: %w", index, err))
	}
	last := s.state.Clients[req.Client]
	if req.Boot < last.Boot || req.Boot == last.Boot && req.N <= last.N {
		s.env.Note(actors.Sometimes(sawGroupDedupe))
		return
	}
	op := models.Publish{Name: req.Name, Value: req.Value, After: req.After}
	next, answer := models.ApplyConfig(s.state.Configs[req.Name], op)
	s.state.Configs[req.Name] = next
	s.state.Clients[req.Client] = lastAnswer{Boot: req.Boot, N: req.N, Answer: answer}
	id := waitingID{req.Client, req.Boot, req.N}
	if to := s.waiting[id]; to != nil {
		delete(s.waiting, id)
		s.env.Send(to, configReply{N: req.N, Done: true, Answer: answer})
	}
}

// Snapshot implements group.Machine.
func (s *editions) Snapshot() []byte {
	b, err := json.Marshal(s.state)
	if err != nil {
		s.env.Halt(fmt.Errorf("state of the configurations: %w", err))
	}
	return b
}

// Restore implements group.Machine.
func (s *editions) Restore(state []byte) error {
	s.state = editionState{}
	return json.Unmarshal(state, &s.state)
}

// Lead implements group.Machine.
func (s *editions) Lead(uint64) {}

// Follow implements group.Machine.
func (s *editions) Follow() { clear(s.waiting) }
